//! As whom a request is sent: oneself, nobody, or any account, which an admin may act as.

use annex_openapi::auth::{Impersonation, User};
use leptos::prelude::*;
use uuid::Uuid;

use crate::api::{Api, ApiError, Call, Token};
use crate::pages::collection::account_picker::AccountPicker;
use crate::ui::{Button, Dialog, IconName, Segmented};

/// As whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// Oneself.
    Me,
    /// Nobody.
    Nobody,
    /// The account that was picked.
    User,
}

/// As whom requests are sent, for all operations of the page.
#[derive(Clone, Copy)]
pub struct Sender {
    api: Api,
    who: RwSignal<As>,
    user: RwSignal<Option<User>>,
    /// The token of the picked account.
    token: StoredValue<Option<(Uuid, Token)>>,
}

impl Sender {
    /// Oneself.
    pub fn new(api: Api) -> Self {
        Self { api, who: RwSignal::new(As::Me), user: RwSignal::new(None), token: StoredValue::new(None) }
    }

    /// Whether a token is sent.
    pub fn has_token(self) -> bool {
        self.who.get() != As::Nobody
    }

    /// The call with the token of whom it is sent as.
    pub async fn sign(self, call: Call) -> Result<Call, ApiError> {
        match (self.who.get_untracked(), self.user.get_untracked()) {
            (As::Nobody, _) => Ok(call.anonymous()),
            (As::User, Some(user)) => Ok(call.token(self.token_of(user.id).await?)),
            (As::Me, _) | (As::User, None) => Ok(call),
        }
    }

    async fn token_of(self, id: Uuid) -> Result<String, ApiError> {
        if let Some((own, token)) = self.token.get_value()
            && own == id
            && !token.is_stale()
        {
            return Ok(token.text);
        }
        let Impersonation { access_token, expires_in, .. } = self.api.impersonate(id).await?;
        self.token.set_value(Some((id, Token::new(access_token.clone(), expires_in))));
        Ok(access_token)
    }
}

/// The choice of as whom.
#[component]
pub fn SenderChoice(sender: Sender) -> impl IntoView {
    let picking = RwSignal::new(false);
    let choose = move |who: As| {
        sender.who.set(who);
        if who == As::User && sender.user.with_untracked(Option::is_none) {
            picking.set(true);
        }
    };
    // Who closes the picker without an account is oneself again.
    Effect::new(move || {
        if !picking.get() && sender.who.get() == As::User && sender.user.with_untracked(Option::is_none) {
            sender.who.set(As::Me);
        }
    });
    view! {
        <div class="row wrap">
            <span class="small soft">"Send as"</span>
            <Segmented
                label="Send as"
                value=sender.who
                change=choose
                options=vec![(As::Me, "Me"), (As::Nobody, "Nobody"), (As::User, "A user")]
            />
            {move || {
                (sender.who.get() == As::User)
                    .then(|| sender.user.get())
                    .flatten()
                    .map(|user| {
                        view! {
                            <Button icon=IconName::User press=move |_| picking.set(true)>
                                {user.email}
                            </Button>
                        }
                    })
            }}
        </div>
        <Dialog open=picking title="Send as a user">
            <AccountPicker
                note="For 15 minutes, with what the account may do. No rule holds for admins, so they are not among them."
                picked=move |user| {
                    sender.user.set(Some(user));
                    picking.set(false);
                }
            />
        </Dialog>
    }
}

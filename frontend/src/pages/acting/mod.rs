//! As whom something is done: oneself, nobody, or any account, which an admin may act as.

mod picker;

use annex_openapi::auth::User;
use leptos::prelude::*;

pub use picker::AccountPicker;

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

/// As whom something is done.
#[derive(Clone, Copy)]
pub struct Acting {
    /// As whom.
    pub who: RwSignal<As>,
    /// The account that was picked.
    pub user: RwSignal<Option<User>>,
}

impl Acting {
    /// As oneself.
    pub fn new() -> Self {
        Self { who: RwSignal::new(As::Me), user: RwSignal::new(None) }
    }
}

/// The choice of as whom.
#[component]
pub fn ActingChoice(
    acting: Acting,
    /// What is done: `Send as`.
    words: &'static str,
) -> impl IntoView {
    let picking = RwSignal::new(false);
    let choose = move |who: As| {
        acting.who.set(who);
        if who == As::User && acting.user.with_untracked(Option::is_none) {
            picking.set(true);
        }
    };
    // Who closes the picker without an account is oneself again.
    Effect::new(move |was_open: Option<bool>| {
        let is_open = picking.get();
        if was_open == Some(true)
            && !is_open
            && acting.who.get_untracked() == As::User
            && acting.user.with_untracked(Option::is_none)
        {
            acting.who.set(As::Me);
        }
        is_open
    });
    view! {
        <div class="row wrap">
            <span class="small soft">{words}</span>
            <Segmented
                label=words
                value=acting.who
                change=choose
                options=vec![(As::Me, "Me"), (As::Nobody, "Nobody"), (As::User, "A user")]
            />
            {move || {
                (acting.who.get() == As::User)
                    .then(|| acting.user.get())
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
        <Dialog open=picking title=format!("{words} a user")>
            <AccountPicker
                note="For 15 minutes, with what the account may do. No rule holds for admins, so they are not among them."
                picked=move |user| {
                    acting.user.set(Some(user));
                    picking.set(false);
                }
            />
        </Dialog>
    }
}

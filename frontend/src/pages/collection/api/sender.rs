//! As whom a request is sent.

use annex_openapi::auth::Impersonation;
use leptos::prelude::*;
use uuid::Uuid;

use crate::api::{Api, ApiError, Call, Token};
use crate::pages::acting::{Acting, As};

/// As whom requests are sent, for all operations of the page.
#[derive(Clone, Copy)]
pub struct Sender {
    api: Api,
    /// As whom.
    pub acting: Acting,
    /// The token of the picked account.
    token: StoredValue<Option<(Uuid, Token)>>,
}

impl Sender {
    /// Oneself.
    pub fn new(api: Api) -> Self {
        Self { api, acting: Acting::new(), token: StoredValue::new(None) }
    }

    /// Whether a token is sent.
    pub fn has_token(self) -> bool {
        self.acting.who.get() != As::Nobody
    }

    /// The call with the token of whom it is sent as.
    pub async fn sign(self, call: Call) -> Result<Call, ApiError> {
        match (self.acting.who.get_untracked(), self.acting.user.get_untracked()) {
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

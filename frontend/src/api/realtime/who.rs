//! As whom a connection is made.

use annex_openapi::auth::Impersonation;
use uuid::Uuid;

use crate::api::{Api, ApiError, Token};

/// As whom a connection is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Oneself.
    Session,
    /// Nobody.
    Nobody,
    /// An account, which an admin may act as.
    Account(Uuid),
}

impl Who {
    /// A token for the connection, where it has one. After a failure it is found out first whether the session's still counts.
    pub async fn token(self, api: Api, is_in_doubt: bool) -> Result<Option<Token>, ApiError> {
        match self {
            Self::Nobody => Ok(None),
            Self::Session => {
                let session = api.session();
                if is_in_doubt {
                    api.me().await?;
                } else if session.token().is_none_or(|token| token.is_stale()) {
                    api.renew().await?;
                }
                session.token().map(Some).ok_or(ApiError::SignedOut)
            }
            Self::Account(id) => {
                let Impersonation { access_token, expires_in, .. } = api.impersonate(id).await?;
                Ok(Some(Token::new(access_token, expires_in)))
            }
        }
    }

    /// The token that is to be used from now on, where that is another than `own`.
    pub async fn next(self, api: Api, own: &Token) -> Result<Option<Token>, ApiError> {
        let is_other =
            self == Self::Session && api.session().token().is_some_and(|token| token.text != own.text);
        if !is_other && !own.is_stale() {
            return Ok(None);
        }
        Ok(self.token(api, false).await?.filter(|token| token.text != own.text))
    }
}

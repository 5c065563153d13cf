//! Who is behind what goes on without a token: work that is done later in an account's name, a link that was signed in a session.

use std::sync::Arc;

use uuid::Uuid;

use super::Auth;
use super::store::{sessions, users};
use crate::app::App;
use crate::extract::{Caller, Identity};
use crate::problem::Result;

impl Auth {
    /// That account as it stands now; nothing where it may not sign in any more. Where an admin acts as it, it has the rights of
    /// everyone but an admin, and only for as long as that one is an admin.
    ///
    /// # Errors
    /// The database's problems.
    pub async fn on_behalf_of(&self, user_id: Uuid, impersonator: Option<Uuid>) -> Result<Option<Caller>> {
        let standing = users::standing(&self.pool, user_id, impersonator).await?;
        Ok(standing.map(|standing| Caller::new(Arc::new(standing.identity(user_id, None)))))
    }

    /// Whoever is signed in by that session; nobody where it has ended.
    ///
    /// # Errors
    /// The database's problems.
    pub async fn in_session(&self, session_id: Uuid, app: &App) -> Result<Option<Identity>> {
        let Some(user_id) = sessions::account(&self.pool, session_id).await? else { return Ok(None) };
        let standing = sessions::standing(&self.pool, session_id, user_id, app.clock.now()).await?;
        Ok(standing.map(|standing| standing.identity(user_id, Some(session_id))))
    }
}

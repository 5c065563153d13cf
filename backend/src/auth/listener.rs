//! Hears from Postgres which accounts, sessions and keys have changed, whoever changed them.

use std::sync::Weak;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use uuid::Uuid;

use super::Auth;
use crate::db;
use crate::problem::Problem;

const CHANNEL: &str = "annex_identity";

/// After so long without a word the connection is tried.
const QUIET: Duration = Duration::from_secs(5);

const RECONNECT: Duration = Duration::from_millis(500);

/// Listens until the server is gone; after a loss of the connection, again.
pub async fn listen(auth: Weak<Auth>, pool: PgPool) {
    let own = db::listening(&pool);
    // An outage is told once, not at every try.
    let mut told = false;
    loop {
        let ended = follow(&auth, &own, &mut told).await;
        if auth.strong_count() == 0 {
            return;
        }
        if let Err(problem) = ended
            && !told
        {
            told = true;
            tracing::warn!(%problem, "changes of accounts are not heard of; every request asks the database");
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

/// Listens on one connection until it is lost.
async fn follow(auth: &Weak<Auth>, pool: &PgPool, told: &mut bool) -> Result<(), Problem> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    let Some(started) = auth.upgrade() else { return Ok(()) };
    started.reload_keys().await?;
    started.identities.changes.set_listening(true);
    drop(started);
    let _listening = Listening(auth);
    *told = false;
    loop {
        let heard = tokio::time::timeout(QUIET, listener.try_recv()).await;
        let Some(auth) = auth.upgrade() else { return Ok(()) };
        match heard {
            Ok(notification) => {
                let Some(notification) = notification? else { return Ok(()) };
                hear(&auth, notification.payload()).await?;
            }
            Err(_) => {
                let ping = sqlx::query("select 1").execute(&mut listener);
                tokio::time::timeout(QUIET, ping).await.map_err(Problem::database_unavailable)??;
            }
        }
    }
}

/// While it lives, changes are heard of; also a panic ends that.
struct Listening<'a>(&'a Weak<Auth>);

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        if let Some(auth) = self.0.upgrade() {
            auth.identities.changes.set_listening(false);
        }
    }
}

async fn hear(auth: &Auth, payload: &str) -> Result<(), Problem> {
    match payload {
        "keys" => auth.reload_keys().await?,
        payload => match Uuid::parse_str(payload) {
            Ok(id) => auth.identities.changes.of(id),
            Err(_) => auth.identities.changes.of_everything(),
        },
    }
    Ok(())
}

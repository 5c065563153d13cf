//! Accounts, sign-in and sessions.
//!
//! A verb is a file. What they share: `session` begins one and issues its tokens, `identities` remembers whose a
//! token is, `listener` hears of changes, `store` has the SQL.

mod absent;
mod authenticate;
pub mod bootstrap;
pub mod change_password;
mod email;
mod identities;
pub mod jwks;
pub mod keys;
mod listener;
pub mod login;
pub mod logout;
pub mod me;
mod password;
pub mod refresh;
mod refresh_token;
pub mod register;
mod session;
pub mod sessions;
mod setup;
mod store;
mod throttle;
mod token;
pub mod users;

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;

use crate::clock::{Clock, Random};
use crate::config::Config;
use crate::problem::Result;

pub use authenticate::authenticate;
pub use bootstrap::bootstrap;
pub use change_password::change_password;
pub use jwks::jwks;
pub use login::login;
pub use logout::logout;
pub use me::me;
pub use refresh::refresh;
pub use register::register;
pub use setup::SetupError;

/// What sign-in needs at run time.
#[derive(Debug)]
pub struct Auth {
    identities: identities::Identities,
    keys: keys::Keys,
    hasher: password::Hasher,
    throttle: throttle::Throttle,
    refresh_key: refresh_token::RefreshKey,
    pool: PgPool,
    /// The one-time token that makes the first admin; nothing where there is one.
    setup_token: Option<SecretString>,
}

impl Auth {
    /// Prepares sign-in over a database whose schema is up to date, makes the first admin where the configuration
    /// names one, and begins to listen for changes.
    ///
    /// # Errors
    /// See [`SetupError`].
    pub async fn start(
        config: &Config,
        pool: &PgPool,
        clock: &Clock,
        random: Random,
    ) -> Result<Arc<Self>, SetupError> {
        // As many at a time as there are threads: more would only take memory.
        let hasher = password::Hasher::start(config.server.workers, random).await?;
        let auth = Arc::new(Self {
            identities: identities::Identities::new(config.auth.access_token_lifetime),
            keys: keys::Keys::start(pool, clock, random).await?,
            setup_token: setup::first_admin(&config.auth, pool, &hasher, clock, random).await?,
            hasher,
            throttle: throttle::Throttle::new(clock.now()),
            refresh_key: refresh_token::RefreshKey::new(
                crate::db::secret(pool, random, "refresh_token").await?,
            ),
            pool: pool.clone(),
        });
        tokio::spawn(listener::listen(Arc::downgrade(&auth), pool.clone()));
        Ok(auth)
    }

    /// Where the first admin is made, while there is none: a page of the console, with the one-time token in the part
    /// of the link that browsers do not send.
    pub fn setup_link(&self, console_origin: &str) -> Option<String> {
        self.setup_token().map(|token| format!("{console_origin}/setup#token={token}"))
    }

    /// The one-time token that makes the first admin, while this server knows of none.
    pub fn setup_token(&self) -> Option<&str> {
        self.setup_token.as_ref().map(ExposeSecret::expose_secret)
    }

    async fn reload_keys(&self) -> Result<()> {
        self.keys.reload(&self.pool).await?;
        self.identities.forget_all();
        Ok(())
    }
}

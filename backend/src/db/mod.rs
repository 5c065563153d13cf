//! The database: a pool for Annex's own tables, lanes for the records of its users, and the migrations.

pub mod embedded;
pub mod lanes;
mod migrations;
mod own;
mod secrets;
mod shares;
mod tls;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Postgres, Transaction};
use tokio::sync::Semaphore;

use crate::config;

pub use lanes::Lanes;
pub(crate) use lanes::split_verification;
pub use migrations::{MigrateError, migrate, migrations_version};
pub use own::{Own, OwnConnection};
pub use secrets::secret;
pub use shares::{Share, Shares};

/// The least version of Postgres that is served, as `server_version_num` has it.
pub const LEAST_VERSION: i32 = 140_000;

/// How long a caller waits for a connection before the answer is 503.
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// A database that can be connected to.
#[derive(Debug, Clone)]
pub struct Db {
    /// For Annex's own tables, and for transactions of several statements.
    pub pool: PgPool,
    /// How a record lane connects.
    pub target: lanes::Target,
    /// Places in the pool for statements that last: they are not to have all of it.
    pub lasting: Arc<Semaphore>,
    /// Connections for work that lasts.
    pub own: Own,
}

impl Db {
    /// Prepares connections to `url`; none is made before it is needed.
    ///
    /// # Errors
    /// The URL is not one of Postgres, or asks for TLS that cannot be set up.
    pub fn new(url: &SecretString, config: &config::Database, workers: usize) -> Result<Self, InvalidUrl> {
        let lanes = lanes::Plan::of(config.max_connections, workers);
        let timeout = config.statement_timeout.as_millis().to_string();
        let options = PgConnectOptions::from_str(url.expose_secret())
            .map_err(|_| InvalidUrl)?
            .application_name("annex")
            .options([
                ("statement_timeout", timeout.as_str()),
                // The engine of jobs looks again after it has waited for a lock.
                ("default_transaction_isolation", "read committed"),
                ("timezone", "UTC"),
                ("datestyle", "ISO, YMD"),
            ]);
        // A connection is not pinged when it is taken: one that died answers with an error that the caller sees as 503, and
        // is not used again.
        let pool = PgPoolOptions::new()
            .max_connections(lanes.pool as u32)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .connect_lazy_with(options);
        let target = lanes::Target::new(url, config, lanes)?;
        let own = Own::new(target.clone(), lanes.own);
        let lasting = Arc::new(Semaphore::new((lanes.pool / 3).max(1)));
        Ok(Self { pool, target, lasting, own })
    }
}

/// Begins a transaction on a connection of the pool.
///
/// It begins in a task of its own, which ends with whoever waits for it only when it has begun: sqlx 0.9 would give a connection whose
/// `begin` was given up in the middle back to the pool within the transaction (<https://github.com/transact-rs/sqlx/issues/4393>), and
/// what others then do on it would count only if somebody commits.
///
/// # Errors
/// The database does not answer.
pub async fn begin(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    let pool = pool.clone();
    #[expect(clippy::disallowed_methods, reason = "here nobody gives it up")]
    let begun = tokio::spawn(async move { pool.begin().await });
    begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

/// A pool of one connection to the same database, for signs of life: they wait for no other, and not for the disk.
pub fn single(pool: &PgPool) -> PgPool {
    PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .connect_lazy_with((*pool.connect_options()).clone().options([("synchronous_commit", "off")]))
}

/// A pool of one connection to the same database, to listen on: one of the other pool would be missing there. It is closed where it
/// is given back, and not tried: nobody else takes it, and where the database has gone it can only fail.
pub fn listening(pool: &PgPool) -> PgPool {
    PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_release(|_, _| Box::pin(async { Ok(false) }))
        .connect_lazy_with((*pool.connect_options()).clone())
}

/// The database's URL cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "ANNEX_DATABASE_URL is not a Postgres URL that can be used, such as postgres://user:password@host:5432/name"
)]
pub struct InvalidUrl;

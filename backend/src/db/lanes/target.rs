//! The database that lanes connect to.

use std::pin::Pin;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::{CancelToken, Client, Config, config::SslMode};

use super::Plan;
use crate::config;
use crate::db::{InvalidUrl, tls};

/// Where lanes connect to.
#[derive(Clone)]
pub struct Target {
    config: Config,
    tls: Option<tokio_postgres_rustls::MakeRustlsConnect>,
    /// How many connections are for what.
    pub(super) plan: Plan,
    /// How long Postgres lets a statement run.
    pub(super) statement_timeout: Duration,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl Target {
    /// The database of `url`.
    ///
    /// # Errors
    /// The URL cannot be used.
    pub fn new(url: &SecretString, database: &config::Database, plan: Plan) -> Result<Self, InvalidUrl> {
        let (url, verify) = split_verification(url.expose_secret());
        let mut config: Config = url.parse().map_err(|_| InvalidUrl)?;
        let options = format!(
            "-c statement_timeout={} -c default_transaction_isolation=read\\ committed -c timezone=UTC -c datestyle=ISO,YMD {}",
            database.statement_timeout.as_millis(),
            config.get_options().unwrap_or_default()
        );
        config.options(options).application_name("annex records").connect_timeout(Duration::from_secs(3));
        config.keepalives_idle(Duration::from_secs(15)).tcp_user_timeout(Duration::from_secs(15));
        let tls = (config.get_ssl_mode() != SslMode::Disable).then(|| tls::connector(verify));
        Ok(Self { config, tls, plan, statement_timeout: database.statement_timeout })
    }

    /// A connection of one's own, for work that is more than a statement; `spawn` gets the task that drives it.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn connect<F>(&self, spawn: F) -> Result<Client, tokio_postgres::Error>
    where
        F: FnOnce(Pin<Box<dyn Future<Output = ()> + Send>>),
    {
        match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                spawn(Box::pin(async move { drop(connection.await) }));
                Ok(client)
            }
            None => {
                let (client, connection) = self.config.connect(tokio_postgres::NoTls).await?;
                spawn(Box::pin(async move { drop(connection.await) }));
                Ok(client)
            }
        }
    }
}

impl Target {
    /// The same database, over connections whose statements wait no longer than that for a lock.
    pub(super) fn with_lock_timeout(&self, timeout: Duration) -> Self {
        let mut target = self.clone();
        let options = target.config.get_options().unwrap_or_default();
        let options = format!("{options} -c lock_timeout={}", timeout.as_millis());
        target.config.options(options);
        target
    }

    /// Asks Postgres to give up what runs on a connection.
    pub(in crate::db) async fn cancel(&self, token: &CancelToken) {
        let asked = match &self.tls {
            Some(tls) => token.cancel_query(tls.clone()).await,
            None => token.cancel_query(tokio_postgres::NoTls).await,
        };
        if let Err(error) = asked {
            tracing::debug!(%error, "a statement that nobody waits for could not be cancelled");
        }
    }
}

/// libpq's `verify-ca` and `verify-full` are not known to the driver: both become `require` with a checked certificate.
pub(crate) fn split_verification(url: &str) -> (String, bool) {
    for mode in ["sslmode=verify-full", "sslmode=verify-ca"] {
        if url.contains(mode) {
            return (url.replace(mode, "sslmode=require"), true);
        }
    }
    (url.to_owned(), false)
}

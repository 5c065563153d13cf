//! The database that a command works with.

use secrecy::SecretString;

use crate::commands::Failure;
use crate::config::Database;
use crate::db::embedded::{self, inspect};

/// Does that work with the database that is set; else with Annex's own, which is started for it where it is not running.
///
/// # Errors
/// Annex's own does not start; and those of the work.
pub(super) async fn with_database<T>(
    config: &Database,
    work: impl AsyncFnOnce(SecretString) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let options = || embedded::Options { data_dir: config.data_dir.clone(), bin_dir: config.pg_bin.clone() };
    let running = || inspect(&options()).database_url.map(SecretString::from);
    if let Some(url) = config.url.clone().or_else(running) {
        return work(url).await;
    }
    let started = embedded::start(options(), std::future::pending()).await?;
    let embedded = started.ok_or("Annex's own Postgres did not start")?;
    let done = work(SecretString::from(embedded.database_url())).await;
    embedded.stop().await;
    done
}

//! `annex migrate`

use crate::builder::Builder;
use crate::commands::Failure;
use crate::config::Config;
use crate::db::{self, Db};

/// Brings the schema up to date, and tells it which kinds of jobs the program runs: they may be enqueued before a server starts.
///
/// # Errors
/// In a plain sentence, why not.
pub async fn run(config: Config, builder: Builder) -> Result<(), Failure> {
    let url =
        config.database.url.clone().ok_or(
            "set ANNEX_DATABASE_URL to the database to migrate; Annex's own is migrated when it starts",
        )?;
    let db = Db::new(&url, &config.database, 1)?;
    db::migrate(&db.pool).await?;
    builder.kinds.publish(&db.pool).await?;
    println!("The schema `annex` is up to date.");
    Ok(())
}

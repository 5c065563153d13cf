//! Brings the schema `annex` up to date.

use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection, PgPool};

static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// Names this state of the migrations: a database that was migrated under the same name needs nothing more.
pub fn migrations_version() -> String {
    let all: Vec<u8> = MIGRATOR.iter().flat_map(|migration| migration.checksum.iter().copied()).collect();
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(&all))
}

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The database was used by a newer Annex.
    #[error(
        "the database was last used by a newer version of Annex (it has migration {0}); start that version, or a newer one"
    )]
    Newer(i64),
    /// The server is too old.
    #[error("the database is Postgres {0}, but Annex needs 14 or newer")]
    TooOld(String),
    /// Something else.
    #[error("the schema `annex` cannot be brought up to date: {0}")]
    Failed(#[from] sqlx::migrate::MigrateError),
    /// The database did not answer.
    #[error("the database does not answer: {0}")]
    Database(#[from] sqlx::Error),
}

/// Applies the migrations that are missing, under an advisory lock, so that many servers may start at once.
///
/// # Errors
/// See [`MigrateError`]. The database is as it was where a migration failed.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    // A connection of its own: its search path and its lack of a time limit must not go back to the pool.
    let mut connection = PgConnection::connect_with(&pool.connect_options()).await?;
    let (number, name): (i32, String) = sqlx::query_as(
        "select current_setting('server_version_num')::int, current_setting('server_version')",
    )
    .fetch_one(&mut connection)
    .await?;
    if number < super::LEAST_VERSION {
        return Err(MigrateError::TooOld(name));
    }
    // Two servers that make the schema at the same moment would collide; the lock is let go with the connection.
    sqlx::query("select pg_advisory_lock(hashtext('annex.migrate'))").execute(&mut connection).await?;
    sqlx::query("set statement_timeout = 0").execute(&mut connection).await?;
    sqlx::query("create schema if not exists annex").execute(&mut connection).await?;
    sqlx::query("set search_path = annex").execute(&mut connection).await?;
    let result = MIGRATOR.run(&mut connection).await;
    connection.close().await?;
    match result {
        Err(sqlx::migrate::MigrateError::VersionMissing(version)) => Err(MigrateError::Newer(version)),
        other => Ok(other?),
    }
}

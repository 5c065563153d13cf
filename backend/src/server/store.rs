//! What Postgres says of the database as a whole.

use sqlx::PgPool;

/// The database as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// The version of Postgres.
    pub version: String,
    /// What the database takes on disk.
    pub size_bytes: i64,
    /// Connections in use, of every database of that Postgres: they share what there is.
    pub connections: i64,
    /// How many Postgres allows.
    pub max_connections: i64,
}

/// How the database is now.
pub async fn database(pool: &PgPool) -> Result<DatabaseFacts, sqlx::Error> {
    sqlx::query_as!(
        DatabaseFacts,
        r#"select split_part(current_setting('server_version'), ' ', 1) as "version!",
                  pg_database_size(current_database()) as "size_bytes!",
                  (select sum(numbackends)::bigint from pg_stat_database) as "connections!",
                  current_setting('max_connections')::bigint as "max_connections!""#
    )
    .fetch_one(pool)
    .await
}

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

/// How busy the database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Connections in use, as in [`DatabaseFacts`].
    pub connections: i64,
    /// What the database takes on disk, where that was asked.
    pub size_bytes: Option<i64>,
}

/// How busy the database is now, and what it takes on disk, where it is to be measured.
pub async fn load(pool: &PgPool, sized: bool) -> Result<Load, sqlx::Error> {
    sqlx::query_as!(
        Load,
        r#"select (select sum(numbackends)::bigint from pg_stat_database) as "connections!",
                  case when $1 then pg_database_size(current_database()) end as size_bytes"#,
        sized
    )
    .fetch_one(pool)
    .await
}

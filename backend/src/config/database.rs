//! Which database there is.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::source::{AtLeast, PostgresSeconds, PostgresUrl, Source};

/// The database.
#[derive(Debug, Clone)]
pub struct Database {
    /// Yours; none for Annex's own.
    pub url: Option<SecretString>,
    /// Where Annex's own database and files live.
    pub data_dir: PathBuf,
    /// The folder of Postgres's programs; looked for where nothing is set.
    pub pg_bin: Option<PathBuf>,
    /// How many connections a server may hold, in all.
    pub max_connections: usize,
    /// How long one statement may run.
    pub statement_timeout: Duration,
}

impl Database {
    pub(super) fn from_source(source: &mut Source) -> Self {
        Self {
            url: source
                .maybe(
                    "ANNEX_DATABASE_URL",
                    "database.url",
                    "a Postgres URL, such as postgres://user:password@host:5432/name",
                )
                .map(|url: PostgresUrl| url.0),
            data_dir: source.get(
                "ANNEX_DATA_DIR",
                "database.data_dir",
                "a folder",
                PathBuf::from("annex-data"),
            ),
            pg_bin: source.maybe("ANNEX_PG_BIN", "database.pg_bin", "the folder that has `postgres` in it"),
            max_connections: source
                .get(
                    "ANNEX_MAX_CONNECTIONS",
                    "database.max_connections",
                    "a number of connections, at least 8",
                    AtLeast::<8>(40),
                )
                .0,
            statement_timeout: source
                .get(
                    "ANNEX_STATEMENT_TIMEOUT",
                    "database.statement_timeout",
                    PostgresSeconds::ALLOWED,
                    PostgresSeconds(Duration::from_secs(10)),
                )
                .0,
        }
    }
}

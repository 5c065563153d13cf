//! A database for each test, copied from a template that is migrated once.

use annex::config::{Config, Source};
use annex::db::{self, Db};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A database of one's own; [`TestDatabase::drop_database`] removes it.
#[derive(Debug, Clone)]
pub struct TestDatabase {
    name: String,
    server: String,
}

impl TestDatabase {
    /// A migrated database that nobody else uses.
    ///
    /// # Panics
    /// There is no Postgres to make it on.
    pub async fn create() -> Self {
        let template = template().await;
        Self::from(&format!("template {template}")).await
    }

    /// A database with nothing in it.
    ///
    /// # Panics
    /// There is no Postgres to make it on.
    pub async fn create_empty() -> Self {
        Self::from("template template0").await
    }

    async fn from(options: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a name, not a value that a test looks at")]
        let name = format!("annex_test_{}", uuid::Uuid::new_v4().simple());
        let server = server();
        let mut connection = connect(&server).await;
        // With fsync off a copy of the files takes half the time of one through the log.
        let statement = format!("create database {name} {options} strategy file_copy");
        connection.execute(AssertSqlSafe(statement)).await.expect("a database can be made");
        Self { name, server }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        with_database(&self.server, &self.name)
    }

    /// A connection to it.
    ///
    /// # Panics
    /// Postgres does not answer.
    pub async fn connect(&self) -> PgConnection {
        let mut connection = connect(&self.url()).await;
        // Migrations give this to a role that is called like the schema, but a copy of the template does not have it.
        connection.execute("set search_path = public").await.expect("a setting can be set");
        connection
    }

    /// Removes it, whoever is connected.
    ///
    /// # Panics
    /// Postgres does not answer.
    pub async fn drop_database(&self) {
        let mut connection = connect(&self.server).await;
        // Postgres drops no database whose log is being read, even by force.
        let readers = "select count(pg_terminate_backend(active_pid)) from pg_replication_slots where database = $1 and active";
        let statement = format!("drop database if exists {} with (force)", self.name);
        for tries_left in (0..50).rev() {
            sqlx::query(readers)
                .bind(&self.name)
                .execute(&mut connection)
                .await
                .expect("slots can be listed");
            match connection.execute(AssertSqlSafe(statement.clone())).await {
                Ok(_) => return,
                Err(error) if tries_left == 0 => panic!("a database can be dropped: {error}"),
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        }
    }
}

/// The server that tests make their databases on.
fn server() -> String {
    std::env::var("ANNEX_TEST_DATABASE_URL").expect(
        "ANNEX_TEST_DATABASE_URL is not set: run `make test`, or `scripts/with-postgres cargo nextest run …`",
    )
}

fn with_database(server: &str, name: &str) -> String {
    let (place, parameters) = server.split_once('?').map_or((server, ""), |(place, rest)| (place, rest));
    let (address, _) = place.rsplit_once('/').expect("the URL names a database");
    format!("{address}/{name}?{parameters}")
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap_or_else(|error| panic!("Postgres does not answer: {error}"))
}

/// The name of the migrated template, which the first test that asks makes.
async fn template() -> String {
    let name = format!("annex_template_{}", db::migrations_version());
    let server = server();
    let mut connection = connect(&server).await;
    // Held until the connection is closed: of many test processes one makes the template, the others wait for it.
    connection
        .execute("select pg_advisory_lock(hashtext('annex test template'))")
        .await
        .expect("a lock can be taken");
    let ready: Option<bool> =
        sqlx::query_scalar("select not datallowconn from pg_database where datname = $1")
            .bind(&name)
            .fetch_optional(&mut connection)
            .await
            .expect("the databases can be listed");
    if ready == Some(true) {
        return name;
    }
    let statements =
        [format!("drop database if exists {name} with (force)"), format!("create database {name}")];
    for statement in statements {
        connection.execute(AssertSqlSafe(statement)).await.expect("the template can be made");
    }
    migrate(&with_database(&server, &name)).await;
    // Nobody may be connected to a database while it is copied.
    connection
        .execute(AssertSqlSafe(format!("alter database {name} with allow_connections false")))
        .await
        .expect("the template can be closed");
    name
}

async fn migrate(url: &str) {
    let source = Source::new([], None).expect("nothing set is a whole configuration");
    let config = Config::from_source(source).expect("nothing set is a whole configuration");
    let db = Db::new(&SecretString::from(url), &config.database, 1).expect("the URL can be used");
    db::migrate(&db.pool).await.expect("the migrations apply");
    db.pool.close().await;
}

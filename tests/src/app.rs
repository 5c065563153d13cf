//! A server in this process, on a thread of its own, over a database of its own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Data, ServiceConfig};
use annex::app::{self, App};
use annex::clock::Clock;
use annex::config::{Config, Source};
use annex::jobs::Job;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor};
use tokio::sync::{Mutex, oneshot};
use utoipa::openapi::OpenApi;

use crate::contract::Contracts;
use crate::{Client, TestDatabase, raw};

/// The password of every account that [`TestApp::user`] makes.
pub const PASSWORD: &str = "seven quiet otters";

/// How the server of a test is to be.
pub struct Builder {
    environment: Vec<(String, String)>,
    database: Option<TestDatabase>,
    program: annex::Builder,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("environment", &self.environment).finish_non_exhaustive()
    }
}

impl Builder {
    /// Sets a variable of the environment that the server reads its configuration from.
    pub fn set(mut self, key: &str, value: impl Into<String>) -> Self {
        self.environment.push((key.to_owned(), value.into()));
        self
    }

    /// Adds routes that only this test needs.
    pub fn routes(mut self, routes: impl Fn(&mut ServiceConfig) + Send + Sync + 'static) -> Self {
        self.program = self.program.route(OpenApi::default(), routes);
        self
    }

    /// Adds a kind of job that only this test needs, and runs jobs.
    pub fn job<T: Job>(mut self) -> Self {
        self.program = self.program.job::<T>();
        self.set("ANNEX_JOBS_RUN", "true")
    }

    /// As the server of a program that adds something.
    pub fn program(mut self, program: annex::Builder) -> Self {
        self.program = program;
        self
    }

    /// Over a database that is there already; it is dropped with the server all the same.
    pub fn database(mut self, database: TestDatabase) -> Self {
        self.database = Some(database);
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// It does not start.
    pub async fn start(self) -> TestApp {
        let database = match self.database {
            Some(database) => database,
            None => TestDatabase::create().await,
        };
        let url = database.url();
        // The suite runs once more over the other source of changes.
        let source = std::env::var("ANNEX_TEST_REALTIME_SOURCE").unwrap_or_else(|_| "auto".to_owned());
        let defaults = [
            ("ANNEX_DATABASE_URL", url.as_str()),
            ("ANNEX_REALTIME_SOURCE", source.as_str()),
            ("ANNEX_LISTEN", "127.0.0.1:0"),
            ("ANNEX_PUBLIC_URL", "http://annex.test"),
            ("ANNEX_WORKERS", "1"),
            ("ANNEX_MAX_CONNECTIONS", "12"),
            ("ANNEX_DRAIN_TIMEOUT", "3"),
            ("ANNEX_JOBS_RUN", "false"),
        ];
        let defaults = defaults.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let environment = defaults.into_iter().chain(self.environment).collect::<HashMap<_, _>>();
        let config = Source::new(environment, None)
            .and_then(Config::from_source)
            .unwrap_or_else(|error| panic!("{error}"));
        let clock = Clock::movable();
        let server = Thread::start(config, clock.clone(), database.clone(), self.program).await;
        let contracts = Arc::new(Contracts::new(server.app.clone(), server.address));
        let anonymous = Client::new(server.address, Arc::clone(&contracts));
        TestApp { clock, database, server, anonymous, accounts: Mutex::default() }
    }
}

/// A running server; dropped, it stops and its database goes with it.
#[derive(Debug)]
pub struct TestApp {
    /// The server's clock.
    pub clock: Clock,
    /// The server's database.
    pub database: TestDatabase,
    server: Thread,
    anonymous: Client,
    accounts: Mutex<HashMap<String, Client>>,
}

impl TestApp {
    /// A server as it is when nothing is set.
    ///
    /// # Panics
    /// It does not start.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// A server with something set.
    pub fn builder() -> Builder {
        Builder { environment: Vec::new(), database: None, program: App::builder() }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// What its handlers work with.
    pub fn inside(&self) -> &App {
        &self.server.app
    }

    /// The same, for what outlives a call.
    pub fn shared(&self) -> Data<App> {
        self.server.app.clone()
    }

    /// A client that is nobody.
    pub fn anonymous(&self) -> Client {
        self.anonymous.clone()
    }

    /// A client that is signed in as the account of that name, which is made when it is first asked for.
    ///
    /// # Panics
    /// The account cannot be made.
    pub async fn user(&self, name: &str) -> Client {
        let mut accounts = self.accounts.lock().await;
        if let Some(client) = accounts.get(name) {
            return client.clone();
        }
        let email = format!("{name}@example.com");
        let body = json!({"email": email, "password": PASSWORD, "display_name": name});
        let answer = self.anonymous.post("/v1/auth/register", body).await.expect_status(201).json();
        let client = self.anonymous.signed_in(&answer);
        accounts.insert(name.to_owned(), client.clone());
        client
    }

    /// A client that is signed in as an admin.
    ///
    /// # Panics
    /// The account cannot be made.
    pub async fn admin(&self) -> Client {
        let client = self.user("admin").await;
        self.sql(
            "update annex.users set roles = '{admin}' where email = 'admin@example.com' and roles = '{}'",
        )
        .await;
        client.as_admin()
    }

    /// Makes a collection, as an admin.
    ///
    /// # Panics
    /// It is refused.
    pub async fn collection(&self, spec: Value) -> Value {
        self.admin().await.post("/v1/collections", spec).await.expect_status(201).json()
    }

    /// Makes rows of a collection, as an admin; they come back as the server answers them.
    ///
    /// # Panics
    /// One is refused.
    pub async fn rows(&self, collection: &str, rows: impl IntoIterator<Item = Value>) -> Vec<Value> {
        let admin = self.admin().await;
        let path = format!("/v1/records/{collection}");
        let mut made = Vec::new();
        for row in rows {
            made.push(admin.post(&path, row).await.expect_status(201).json());
        }
        made
    }

    /// Runs statements as another program would, past the server.
    ///
    /// # Panics
    /// Postgres refuses one.
    pub async fn sql(&self, statements: &str) {
        let mut connection = self.database.connect().await;
        connection
            .execute(AssertSqlSafe(statements.to_owned()))
            .await
            .unwrap_or_else(|error| panic!("{statements}: {error}"));
    }

    /// The single value that a query answers, as text.
    ///
    /// # Panics
    /// Postgres refuses it, or it answers nothing.
    pub async fn sql_value(&self, query: &str) -> Option<String> {
        let mut connection = self.database.connect().await;
        let first = "select value from jsonb_each_text(to_jsonb(answer)) limit 1";
        let query = format!("select ({first}) from ({query}) answer");
        sqlx::query_scalar(AssertSqlSafe(query.clone()))
            .fetch_one(&mut connection)
            .await
            .unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// Waits until the server has seen a change of the schema that was made past it.
    ///
    /// # Panics
    /// It has not within 30 s.
    pub async fn schema_seen(&self, seen: impl Fn(&annex::collections::catalogue::Snapshot) -> bool) {
        self.eventually("the change of the schema is seen", || {
            let fits = seen(&self.server.app.catalogue.snapshot());
            async move { fits }
        })
        .await;
    }

    /// Waits until something holds.
    ///
    /// # Panics
    /// It does not within 30 s.
    pub async fn eventually<F: Future<Output = bool>>(&self, what: &str, holds: impl Fn() -> F) {
        for _ in 0..1500 {
            if holds().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("within 30 s it did not hold that {what}");
    }

    /// Sends bytes as they are over a connection of their own, and reads what comes back until the server closes it.
    ///
    /// # Panics
    /// The server keeps the connection for longer than 30 s.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> raw::Exchange {
        raw::exchange(self.server.address, bytes.as_ref()).await
    }
}

/// The thread that the server lives on, with a runtime of its own: a test that blocks does not hold it up.
#[derive(Debug)]
struct Thread {
    app: Data<App>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Thread {
    async fn start(config: Config, clock: Clock, database: TestDatabase, program: annex::Builder) -> Self {
        let (started, starting) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let live = async move {
                let url = config.database.url.clone().expect("the default names one");
                let app = App::start(config, &url, clock, program).await;
                let app = app.unwrap_or_else(|error| panic!("{error}"));
                let running = app::listen(app.config.server.listen, app::LISTEN)
                    .and_then(|listener| app::serve(app, listener))
                    .unwrap_or_else(|error| panic!("{error}"));
                if started.send((running.app.clone(), running.address)).is_ok() {
                    drop(stopped.await);
                }
                running.stop().await;
                database.drop_database().await;
            };
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .expect("a runtime can be made")
                .block_on(live);
        });
        let (app, address) = starting.await.expect("the server starts");
        Self { app, address, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map_or(Ok(()), std::thread::JoinHandle::join);
        if ended.is_err() && !std::thread::panicking() {
            panic!("the server did not stop cleanly");
        }
    }
}

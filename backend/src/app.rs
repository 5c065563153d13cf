//! The application: its parts, put together once, and the server that serves them.

use std::fmt;
use std::future::ready;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::Error;
use actix_web::dev::{AppConfig, Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use secrecy::SecretString;
use time::OffsetDateTime;
use tokio::net::{TcpSocket, TcpStream};
use uuid::Uuid;

use crate::auth::{Auth, authenticate};
use crate::background::supervised;
use crate::builder::{Builder, Routes};
use crate::clock::{Clock, Random};
use crate::collections::catalogue::Catalogue;
use crate::config::Config;
use crate::connection::{Connection, most_connections};
use crate::db::{Db, Lanes};
use crate::events::{self, Events};
use crate::extract::CursorKey;
use crate::hooks::Hooks;
use crate::idempotency::{idempotent, sweep};
use crate::jobs::{self, Jobs, Worker};
use crate::mail::Mailer;
use crate::outbound::Outbound;
use crate::realtime::Realtime;
use crate::records::GroupCommit;
use crate::requests;
use crate::stats::{Stats, sample};
use crate::telemetry::{Counters, Metrics, RequestLog, observe};
use crate::webhooks;

/// What handlers work with; shared by all worker threads.
#[derive(Debug)]
pub struct App {
    /// Tells this run of the server from others.
    pub instance: Uuid,
    /// When it began.
    pub started_at: OffsetDateTime,
    /// What was set.
    pub config: Config,
    /// Time and ids.
    pub clock: Clock,
    /// Secrets.
    pub random: Random,
    /// Counters.
    pub metrics: Metrics,
    /// How busy the server has been.
    pub stats: Stats,
    /// Requests on their way to the log.
    pub request_log: RequestLog,
    /// The database.
    pub db: Db,
    /// What the database looks like through the API.
    pub catalogue: Arc<Catalogue>,
    /// What signs the cursors of lists.
    pub cursors: CursorKey,
    /// What describes the API.
    pub documents: crate::document::Documents,
    /// Sends mail.
    pub mailer: Mailer,
    /// Calls to other hosts.
    pub outbound: Outbound,
    /// Accounts, sessions and keys.
    pub auth: Arc<Auth>,
    /// Durable jobs.
    pub jobs: Jobs,
    /// Changes of rows, told as they are committed.
    pub realtime: Realtime,
    /// What webhooks and triggers are told.
    pub events: Events,
    /// The hooks of the program itself.
    pub hooks: Hooks,
    /// The routes of the program itself.
    pub routes: More,
}

/// Routes that a program has beside those of every server.
pub struct More(Vec<Routes>);

impl fmt::Debug for More {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "More({})", self.0.len())
    }
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database's URL cannot be used.
    #[error(transparent)]
    Url(#[from] crate::db::InvalidUrl),
    /// The schema cannot be brought up to date.
    #[error(transparent)]
    Migrate(#[from] crate::db::MigrateError),
    /// The address cannot be listened on.
    #[error(
        "{address} cannot be listened on: {error}. Stop the program that uses it, or set {variable} to another port"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What sets it.
        variable: &'static str,
        /// Why not.
        error: std::io::Error,
    },
    /// Sign-in cannot be prepared.
    #[error(transparent)]
    Auth(#[from] crate::auth::SetupError),
    /// Mail cannot be prepared.
    #[error(transparent)]
    Mail(#[from] crate::mail::SetupError),
    /// Calls to other hosts cannot be prepared.
    #[error(transparent)]
    Outbound(#[from] crate::outbound::SetupError),
    /// What the server needs from the database cannot be read.
    #[error("the database cannot be read: {0}")]
    Database(#[from] sqlx::Error),
}

impl App {
    /// Puts the application together over the database of `url`: brings its schema up to date and reads
    /// the catalogue. It has what the builder adds.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(
        config: Config,
        url: &SecretString,
        clock: Clock,
        builder: Builder,
    ) -> Result<Self, StartError> {
        let Builder { kinds, hooks, routes, documents } = builder;
        let db = Db::new(url, &config.database, config.server.workers)?;
        crate::db::migrate(&db.pool).await?;
        let catalogue = Arc::new(Catalogue::load(&db.pool).await?);
        catalogue.watch(&db.pool);
        let random = Random;
        let cursors = CursorKey::new(crate::db::secret(&db.pool, random, "cursor").await?);
        let auth = Auth::start(&config, &db.pool, &clock, random).await?;
        let mailer = Mailer::new(&config.mail)?;
        let outbound = Outbound::new(&config.outbound)?;
        let metrics = Metrics::new();
        let realtime =
            Realtime::new(&config.realtime, url, &db, &catalogue, &metrics, clock.clone(), random)?;
        let events = Events::new(url, config.realtime.source)?;
        let jobs = Jobs::start(kinds, &db.pool, random).await?;
        let started_at = clock.now();
        Ok(Self {
            instance: clock.uuid_v7(),
            started_at,
            config,
            clock,
            random,
            metrics,
            stats: Stats::new(started_at),
            request_log: RequestLog::default(),
            db,
            catalogue,
            cursors,
            documents,
            mailer,
            outbound,
            auth,
            jobs,
            realtime,
            events,
            hooks,
            routes: More(routes),
        })
    }
}

/// A server that listens.
#[derive(Debug)]
pub struct Running {
    /// The application.
    pub app: Data<App>,
    /// Where it listens.
    pub address: SocketAddr,
    handle: ServerHandle,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
    /// What goes on beside the requests.
    beside: Vec<tokio::task::JoinHandle<()>>,
    /// What reads the log of changes.
    feed: tokio::task::JoinHandle<()>,
    /// What tells webhooks and triggers of it.
    events: tokio::task::JoinHandle<()>,
    /// What runs jobs, where this server does.
    worker: Option<Worker>,
}

impl Running {
    /// Stops taking connections, lets accepted requests finish and ends.
    pub async fn stop(self) {
        let drain = self.app.config.server.drain_timeout;
        self.app.realtime.ending.cancel();
        let working = async {
            if let Some(worker) = self.worker {
                worker.stop(drain).await;
            }
        };
        tokio::join!(working, self.handle.stop(true));
        drop(self.served.await);
        let reading = async { tokio::join!(self.feed, self.events) };
        drop(tokio::time::timeout(2 * LAST_STEP, reading).await);
        self.beside.iter().for_each(tokio::task::JoinHandle::abort);
        let counters = Counters::default();
        let flushed = requests::flush(&self.app, &counters);
        if !matches!(tokio::time::timeout(LAST_STEP, flushed).await, Ok(Ok(()))) {
            tracing::warn!("The last requests could not be written to the log of requests");
        }
        // A Postgres of ours stops next: what is on its way there must have ended.
        if tokio::time::timeout(LAST_STEP, self.app.db.pool.close()).await.is_err() {
            tracing::warn!("Some statements were still running when the server ended");
        }
    }
}

/// How long the log of requests may take at the end, and then the last statements.
const LAST_STEP: Duration = Duration::from_secs(2);

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// What sets where the server listens.
pub const LISTEN: &str = "ANNEX_LISTEN";

/// Takes the address, which that variable sets, to listen on it; a port that is in use is known before anything else is done.
///
/// # Errors
/// The address cannot be listened on.
pub fn listen(address: SocketAddr, variable: &'static str) -> Result<TcpListener, StartError> {
    let listen = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)?.into_std()
    };
    listen().map_err(|error| StartError::Listen { address, variable, error })
}

/// Serves the application at that address.
///
/// # Errors
/// The address cannot be listened on.
pub fn serve(app: App, listener: TcpListener) -> Result<Running, StartError> {
    let address = app.config.server.listen;
    let app = Data::new(app);
    let server = &app.config.server;
    let (workers, read, drain) = (server.workers, server.read_timeout, server.drain_timeout);
    let (shared, counting) = (app.clone(), app.clone());
    let application = move || {
        let lanes = Lanes::open(&shared.db.target);
        actix_web::App::new()
            .app_data(shared.clone())
            .app_data(Data::new(GroupCommit::new(lanes.groups.clone())))
            .app_data(Data::new(lanes))
            .app_data(Data::from(shared.stats.worker()))
            .configure(crate::routes::configure)
            .configure(|config| shared.routes.0.iter().for_each(|routes| routes(config)))
            .wrap(from_fn(idempotent))
            .wrap(from_fn(authenticate))
            .wrap(cors(&shared.config.server))
            .wrap(from_fn(observe))
    };
    let address = listener.local_addr().unwrap_or(address);
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections(most_connections(workers))
        .shutdown_timeout(drain.as_secs())
        .disable_signals();
    let draining = server.graceful_shutdown_signal();
    let server = server
        .listen("annex", listener, move || {
            let (draining, counting) = (draining.clone(), counting.clone());
            let answering = application().into_factory().map_err(|error: Error| error.error_response());
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let draining = draining.clone();
                    async move { draining.notified().await }
                })
                .keep_alive(Duration::from_secs(75))
                .client_request_timeout(read)
                .client_disconnect_timeout(Duration::from_secs(2))
                .on_connect_ext(|connection: &Connection<TcpStream>, data| {
                    data.insert(connection.exchange());
                })
                .h1(map_config(answering, |()| AppConfig::default()));
            let connected = fn_service(move |stream: TcpStream| {
                let peer = stream.peer_addr().ok();
                ready(Ok::<_, DispatchError>((Connection::new(stream, read, &counting.metrics), peer)))
            });
            connected.and_then(http)
        })
        .map_err(|error| StartError::Listen { address, variable: LISTEN, error })?
        .run();
    let handle = server.handle();
    let beside = vec![
        tokio::spawn(jobs::listen(app.clone())),
        tokio::spawn(jobs::maintain(app.clone())),
        tokio::spawn(sweep(app.clone())),
        tokio::spawn(sample(app.clone())),
        tokio::spawn(requests::write(app.clone())),
        tokio::spawn(requests::sweep(app.clone())),
        tokio::spawn(webhooks::sweep::sweep(app.clone())),
    ];
    let reading = app.clone();
    let feed = tokio::spawn(async move { reading.realtime.run().await });
    let telling = app.clone();
    let events = tokio::spawn(async move {
        supervised(&telling.metrics, "events", || events::read(telling.clone())).await;
    });
    let config = &app.config.jobs;
    let options = jobs::Options { queues: Vec::new(), concurrency: config.concurrency };
    let worker = config.run.then(|| Worker::start(app.clone(), options));
    Ok(Running { app, address, handle, served: tokio::spawn(server), beside, feed, events, worker })
}

/// Which pages of other origins may call the API, and what they may see.
fn cors(server: &crate::config::Server) -> Cors {
    let exposed = [
        "etag",
        "idempotency-replayed",
        "link",
        "location",
        "preference-applied",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "x-request-id",
    ];
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allow_any_header()
        .expose_headers(exposed)
        .max_age(600);
    server.allowed_origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

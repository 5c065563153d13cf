//! Connections for statements over the tables of users.
//!
//! A lane is a few connections and how many statements may be under way on each. Reads by key never wait
//! for anything in the database, so many share one connection, one behind the other (pipelining saves most of the cost
//! of a round trip). Whatever may take long or wait for a lock, lists and writes, has a connection to itself
//! while it runs, and so has a transaction. Each worker thread has its own lanes, so that a statement never crosses
//! threads.

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_postgres::{CancelToken, Client, Config, Statement, config::SslMode};

use super::{ACQUIRE_TIMEOUT, InvalidUrl, tls};
use crate::config;
use crate::problem::{Code, Problem, Result};

/// Prepared statements that a connection keeps.
const STATEMENTS: NonZeroUsize = NonZeroUsize::new(256).expect("is not zero");

/// How long a transaction may take to be undone before its connection is closed instead.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a read by key waits for a table that is locked, by a change of its schema: others wait behind it.
const POINT_LOCK_TIMEOUT: Duration = Duration::from_millis(500);

/// How many connections are for what.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// For the pool.
    pub pool: usize,
    /// For reads by key, a worker.
    pub points: usize,
    /// For lists, a worker.
    pub scans: usize,
    /// For writes, a worker.
    pub writes: usize,
    /// For transactions of several statements, a worker.
    pub transactions: usize,
    /// Connections of one's own, for imports and exports.
    pub own: usize,
}

impl Plan {
    /// Shares out the connections that a server may hold: a quarter for the pool, a tenth for imports and exports, the
    /// rest for the workers' lanes.
    pub fn of(connections: usize, workers: usize) -> Self {
        let pool = (connections / 4).max(3);
        let own = (connections / 10).max(2);
        let each = (connections.saturating_sub(pool + own) / workers.max(1)).max(4);
        let points = 1;
        let scans = ((each - points) / 3).max(1);
        let transactions = (each / 5).clamp(1, 4);
        let writes = (each - points - scans - transactions).clamp(1, 16);
        Self { pool, points, scans, writes, transactions, own }
    }
}

/// Where lanes connect to.
#[derive(Clone)]
pub struct Target {
    config: Config,
    tls: Option<tokio_postgres_rustls::MakeRustlsConnect>,
    plan: Plan,
    statement_timeout: Duration,
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
            "-c statement_timeout={} -c timezone=UTC -c datestyle=ISO,YMD {}",
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
        F: FnOnce(std::pin::Pin<Box<dyn Future<Output = ()> + Send>>),
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
    fn with_lock_timeout(&self, timeout: Duration) -> Self {
        let mut target = self.clone();
        let options = target.config.get_options().unwrap_or_default();
        let options = format!("{options} -c lock_timeout={}", timeout.as_millis());
        target.config.options(options);
        target
    }

    /// Asks Postgres to give up what runs on a connection.
    pub(super) async fn cancel(&self, token: &CancelToken) {
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
fn split_verification(url: &str) -> (String, bool) {
    for mode in ["sslmode=verify-full", "sslmode=verify-ca"] {
        if url.contains(mode) {
            return (url.replace(mode, "sslmode=require"), true);
        }
    }
    (url.to_owned(), false)
}

/// The lanes of one worker thread.
#[derive(Debug, Clone)]
pub struct Lanes {
    /// Reads by key.
    pub points: Lane,
    /// Lists.
    pub scans: Lane,
    /// Writes.
    pub writes: Lane,
    /// Transactions of several statements.
    pub transactions: Lane,
}

impl Lanes {
    /// Lanes that connect in the background; must be called on the thread that will use them.
    pub fn open(target: &Target) -> Self {
        let plan = target.plan;
        Self {
            points: Lane::open(&target.with_lock_timeout(POINT_LOCK_TIMEOUT), plan.points, 64),
            scans: Lane::open(target, plan.scans, 1),
            writes: Lane::open(target, plan.writes, 1),
            transactions: Lane::open(target, plan.transactions, 1),
        }
    }
}

/// A few connections, and how many statements may be under way on each.
#[derive(Debug, Clone)]
pub struct Lane(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    slots: Vec<Rc<Slot>>,
    /// How many statements may be under way on one connection.
    depth: usize,
    room: Arc<Semaphore>,
    /// Told when a connection stands, or has room, that did not before.
    available: Rc<Notify>,
    target: Target,
}

/// The place of a connection, which is made again whenever it is lost.
#[derive(Debug, Default)]
struct Slot {
    connection: RefCell<Option<Rc<Connection>>>,
    under_way: Cell<usize>,
}

/// A connection and what it has prepared.
#[derive(Debug)]
struct Connection {
    client: Client,
    statements: RefCell<LruCache<Box<str>, Statement>>,
}

impl Lane {
    fn open(target: &Target, connections: usize, depth: usize) -> Self {
        let available = Rc::new(Notify::new());
        let slots: Vec<Rc<Slot>> = (0..connections).map(|_| Rc::default()).collect();
        for slot in &slots {
            let keeper = keep_connected(target.clone(), Rc::downgrade(slot), Rc::clone(&available));
            actix_web::rt::spawn(keeper);
        }
        let room = Arc::new(Semaphore::new(connections * depth));
        Self(Rc::new(Inner { slots, depth, room, available, target: target.clone() }))
    }

    /// How long Postgres lets a statement run.
    pub fn statement_timeout(&self) -> Duration {
        self.0.target.statement_timeout
    }

    /// A place for one statement, on the connection with the fewest under way.
    ///
    /// # Errors
    /// `database_unavailable` where no connection stands, `overloaded` where none has room, each after 3 s.
    pub async fn acquire(&self) -> Result<Place> {
        let permit = match Arc::clone(&self.0.room).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => tokio::time::timeout(ACQUIRE_TIMEOUT, Arc::clone(&self.0.room).acquire_owned())
                .await
                .map_err(|_| {
                    Problem::new(Code::Overloaded, "Too many queries are waiting; try again in a moment")
                        .with_retry_after(1)
                })?
                .expect("the semaphore is never closed"),
        };
        let (slot, connection) = match self.pick() {
            Some(found) => found,
            None => self.wait_for_connection().await?,
        };
        slot.under_way.set(slot.under_way.get() + 1);
        Ok(Place { lane: self.clone(), slot, connection, answered: Cell::new(false), _permit: permit })
    }

    /// A connection for one transaction alone, which is still to be begun. Only of a lane with one statement under way on
    /// each connection.
    ///
    /// # Errors
    /// As for [`Lane::acquire`].
    pub async fn transaction(&self) -> Result<Transaction> {
        debug_assert_eq!(self.0.depth, 1, "a transaction shares its connection with nobody");
        Ok(Transaction { place: self.acquire().await?, ended: false })
    }

    /// Forgets what was prepared on any of its connections: the schema changed under it.
    pub fn forget(&self) {
        for connection in self.0.slots.iter().filter_map(|slot| slot.connection.borrow().clone()) {
            connection.statements.borrow_mut().clear();
        }
    }

    fn pick(&self) -> Option<(Rc<Slot>, Rc<Connection>)> {
        let standing = self.0.slots.iter().filter_map(|slot| {
            let connection = slot.connection.borrow().clone()?;
            let has_room = slot.under_way.get() < self.0.depth && !connection.client.is_closed();
            has_room.then(|| (Rc::clone(slot), connection))
        });
        standing.min_by_key(|(slot, _)| slot.under_way.get())
    }

    async fn wait_for_connection(&self) -> Result<(Rc<Slot>, Rc<Connection>)> {
        let wait = async {
            loop {
                let available = self.0.available.notified();
                if let Some(found) = self.pick() {
                    return found;
                }
                available.await;
            }
        };
        tokio::time::timeout(ACQUIRE_TIMEOUT, wait).await.map_err(Problem::database_unavailable)
    }
}

/// Makes the slot's connection, and makes it again whenever it is lost, until the slot is gone.
async fn keep_connected(target: Target, slot: std::rc::Weak<Slot>, available: Rc<Notify>) {
    let mut pause = Duration::from_millis(50);
    loop {
        let lost = Arc::new(Notify::new());
        let told = Arc::clone(&lost);
        let spawn = |driver: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>| {
            actix_web::rt::spawn(async move {
                driver.await;
                told.notify_one();
            });
        };
        let made = target.connect(spawn).await;
        let Some(slot) = slot.upgrade() else { return };
        match made {
            Ok(client) => {
                pause = Duration::from_millis(50);
                let statements = RefCell::new(LruCache::new(STATEMENTS));
                *slot.connection.borrow_mut() = Some(Rc::new(Connection { client, statements }));
                available.notify_waiters();
                let weak = Rc::downgrade(&slot);
                drop(slot);
                lost.notified().await;
                let Some(slot) = weak.upgrade() else { return };
                if slot.connection.borrow_mut().take().is_some() {
                    tracing::warn!("a connection for records was lost; connecting again");
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a connection for records could not be made");
                drop(slot);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
        }
    }
}

/// A place for one statement on one connection, given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    lane: Lane,
    slot: Rc<Slot>,
    connection: Rc<Connection>,
    answered: Cell<bool>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    /// The connection.
    pub fn client(&self) -> &Client {
        &self.connection.client
    }

    /// The statement of that text, prepared on this connection once.
    ///
    /// # Errors
    /// Postgres refuses the statement, or is gone.
    pub async fn prepare(&self, text: &str) -> Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.connection.statements.borrow_mut().get(text) {
            return Ok(statement.clone());
        }
        let statement = self.connection.client.prepare(text).await?;
        self.connection.statements.borrow_mut().put(text.into(), statement.clone());
        Ok(statement)
    }

    /// Forgets what was prepared of that text: the schema changed under it.
    pub fn forget(&self, text: &str) {
        self.connection.statements.borrow_mut().pop(text);
    }

    /// Says that Postgres has answered: nothing is under way here any more.
    pub fn answered(&self) {
        self.answered.set(true);
    }

    /// Gives the connection up: Postgres is asked to stop what is under way on it, and rolls back when it is closed.
    /// Another is made.
    fn give_up(&self) {
        let mut standing = self.slot.connection.borrow_mut();
        if standing.as_ref().is_some_and(|standing| Rc::ptr_eq(standing, &self.connection)) {
            standing.take();
        }
        let (target, token) = (self.lane.0.target.clone(), self.connection.client.cancel_token());
        // There is none where the whole thread ends; its connections end with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { target.cancel(&token).await });
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Nobody waits for the answer any more: what is under way must not run on while its place is lent again.
        if !self.answered.get() && self.lane.0.depth == 1 {
            self.give_up();
        }
        self.slot.under_way.set(self.slot.under_way.get() - 1);
        self.lane.0.available.notify_waiters();
    }
}

/// A connection that one transaction has for itself. Dropped before the transaction was ended, it is not lent again but
/// closed, which rolls back.
#[derive(Debug)]
pub struct Transaction {
    place: Place,
    ended: bool,
}

impl Transaction {
    /// Its connection.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Begins it; statements may be sent behind this without waiting for it.
    ///
    /// # Errors
    /// Postgres is gone.
    pub async fn begin(&self) -> Result<(), tokio_postgres::Error> {
        self.place.client().batch_execute("begin").await
    }

    /// Makes it count. Only after every statement in it has succeeded: Postgres would roll back in silence otherwise.
    ///
    /// # Errors
    /// A constraint that is checked last is violated, or Postgres is gone.
    pub async fn commit(mut self) -> Result<(), tokio_postgres::Error> {
        let committed = self.place.client().batch_execute("commit").await;
        // A commit that Postgres refuses has rolled back.
        self.ended = committed.as_ref().err().is_none_or(|error| error.as_db_error().is_some());
        committed
    }

    /// Undoes it, behind whatever statements are still under way; where those take long, by closing the connection.
    pub async fn rollback(mut self) {
        let rolled_back = self.place.client().batch_execute("rollback");
        self.ended = tokio::time::timeout(ROLLBACK_TIMEOUT, rolled_back).await.is_ok_and(|done| done.is_ok());
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.ended {
            self.place.answered();
        }
    }
}

//! A few connections, and who is on them.

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_postgres::{Client, Statement};

use super::{Target, Transaction};
use crate::db::ACQUIRE_TIMEOUT;
use crate::problem::{Code, Problem, Result};

/// Prepared statements that a connection keeps.
const STATEMENTS: NonZeroUsize = NonZeroUsize::new(256).expect("is not zero");

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
    pub(super) fn open(target: &Target, connections: usize, depth: usize) -> Self {
        let available = Rc::new(Notify::new());
        let slots: Vec<Rc<Slot>> = (0..connections).map(|_| Rc::default()).collect();
        for slot in &slots {
            let keeper = keep_connected(target.clone(), Rc::downgrade(slot), Rc::clone(&available));
            actix_web::rt::spawn(keeper);
        }
        let room = Arc::new(Semaphore::new(connections * depth));
        Self(Rc::new(Inner { slots, depth, room, available, target: target.clone() }))
    }

    /// How many connections it has where the database can be reached.
    pub fn connections(&self) -> usize {
        self.0.slots.len()
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
        Ok(Transaction::of(self.acquire().await?))
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
async fn keep_connected(target: Target, slot: Weak<Slot>, available: Rc<Notify>) {
    let mut pause = Duration::from_millis(50);
    loop {
        let lost = Arc::new(Notify::new());
        let told = Arc::clone(&lost);
        let spawn = |driver: Pin<Box<dyn Future<Output = ()> + Send>>| {
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

    /// Asks Postgres to stop what is under way here; it is told by the statement's own answer whether it did.
    pub async fn cancel(&self) {
        self.lane.0.target.cancel(&self.connection.client.cancel_token()).await;
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

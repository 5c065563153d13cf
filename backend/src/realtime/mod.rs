//! Changes of rows, told to whoever may see them, in the order in which they were committed.
//!
//! The [`feed`] reads the write-ahead log; the [`hub`] keeps the newest part of it and tells each subscription what concerns it;
//! the [`socket`] is how clients talk to the hub.

pub mod channels;
pub mod feed;
pub mod hub;
mod position;
mod seen;
pub mod socket;
pub mod status;
pub(crate) mod store;
mod together;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

pub use position::{Cursor, Lsn, Position};

use crate::clock::{Clock, Random};
use crate::collections::catalogue::Catalogue;
use crate::config;
use crate::db::{Db, InvalidUrl, Shares};
use crate::problem::{Code, Problem, Result};
use crate::telemetry::Metrics;
use channels::presence::Here;
use channels::writer::Writer;
use feed::{Event, Feed, FeedState};
use hub::{Command, Hub, Status};
use together::Together;

/// How long somebody waits for the log to be read.
const PATIENCE: Duration = Duration::from_secs(10);

/// The feed, the hub, and the way to them.
#[derive(Debug)]
pub struct Realtime {
    hub: Hub,
    /// Who of the clients is there.
    here: Arc<Here>,
    catalogue: Arc<Catalogue>,
    /// Until the feed runs: it, and where it tells what happens.
    feed: Mutex<Option<(Feed, mpsc::Sender<Vec<Event>>)>>,
    /// Writes what is said on topics.
    pub writer: Writer,
    wanted: Arc<Notify>,
    state: watch::Receiver<FeedState>,
    pool: sqlx::PgPool,
    /// Where the log ends, asked by all who begin subscriptions at the same time.
    end: Together<Result<Lsn>>,
    /// How many connections each party may have.
    pub connections: Shares,
    /// Told when the server ends.
    pub ending: CancellationToken,
}

impl Realtime {
    /// Of the database, which that URL is of.
    ///
    /// # Errors
    /// The URL cannot be used.
    pub fn new(
        config: &config::Realtime,
        url: &SecretString,
        db: &Db,
        catalogue: &Arc<Catalogue>,
        metrics: &Metrics,
        clock: Clock,
        random: Random,
    ) -> Result<Self, InvalidUrl> {
        let here = Arc::new(Here::new(&db.pool, random));
        let (hub, events) = Hub::start(catalogue, &db.own, clock, Arc::clone(&here), metrics, config.kept);
        let feed = Feed::new(url, config.source, &db.pool, catalogue, random)?;
        let (wanted, state) = (Arc::clone(&feed.wanted), feed.state());
        Ok(Self {
            hub,
            here,
            catalogue: Arc::clone(catalogue),
            writer: Writer::start(&db.pool),
            feed: Mutex::new(Some((feed, events))),
            wanted,
            state,
            pool: db.pool.clone(),
            end: Together::default(),
            connections: Shares::each("connections", config.connections as usize),
            ending: CancellationToken::new(),
        })
    }

    /// Reads the log until the server ends; once.
    pub async fn run(&self) {
        let feed = self.feed.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((feed, events)) = feed {
            tokio::join!(feed.run(events, self.ending.clone()), self.here.run(&self.catalogue, &self.ending),);
        }
    }

    /// Has the hub do something.
    pub fn tell(&self, command: Command) {
        self.hub.tell(command);
    }

    /// Has the feed look at once whether it is wanted.
    pub fn want(&self) {
        self.wanted.notify_one();
    }

    /// Waits until the log is read and its past has been told; gives how far it has been read.
    ///
    /// # Errors
    /// `not_live` where the database lets nobody read its log; `overloaded` where it takes long: a slot cannot be made while a
    /// transaction is open.
    pub async fn ready(&self) -> Result<Cursor> {
        self.ask(Command::Ready).await
    }

    /// Where the log ends, all of which is on disk then: whatever was committed before this was asked was committed before it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn end(&self) -> Result<Lsn> {
        self.end.ask(async || store::end(&self.pool).await.map_err(Problem::from)).await
    }

    /// Has the hub answer something, for which the log must be read.
    ///
    /// # Errors
    /// See [`ready`](Self::ready).
    pub async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.want();
        self.hub.tell(command(answer));
        let mut state = self.state.clone();
        let refused = state.wait_for(|state| matches!(state, FeedState::Failing { is_refusal: true, .. }));
        tokio::select! {
            answered = answered => answered.map_err(|_| Problem::new(Code::Overloaded, "The server is ending")),
            Ok(_) = refused => Err(Problem::new(Code::NotLive, "The database lets nobody read its log of changes")
                .with_hint("`annex doctor` tells whoever runs the server what to set")),
            () = tokio::time::sleep(PATIENCE) => {
                Err(Problem::new(Code::Overloaded, "The log of changes is not being read yet")
                    .with_hint("A transaction that stays open keeps it waiting; the server's log tells which")
                    .with_retry_after(5))
            }
        }
    }

    /// What the feed does about the log.
    pub fn state(&self) -> FeedState {
        self.state.borrow().clone()
    }

    /// How the hub stands.
    ///
    /// # Errors
    /// `overloaded` where the server is ending.
    pub async fn status(&self) -> Result<Status> {
        let (answer, answered) = oneshot::channel();
        self.hub.tell(Command::Status(answer));
        answered.await.map_err(|_| Problem::new(Code::Overloaded, "The server is ending"))
    }
}

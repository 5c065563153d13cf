//! Reads the write-ahead log, or the outbox where that cannot be read, and tells of what was committed, in the order of the commits.
//!
//! It runs while a collection has realtime on, or a channel is declared. Where the connection is lost it reads on from where it was; what it cannot read any
//! more it says, so that nobody takes what follows for all that happened.

mod change;
pub(crate) mod connect;
pub(crate) mod decode;
pub(crate) mod outbox;
mod pgoutput;
pub(crate) mod slot;
pub(crate) mod source;
mod state;
mod trail;

use std::sync::Arc;
use std::time::{Duration, Instant};

use pgwire_replication::{Lsn as WireLsn, PgWireError, ReplicationClient, ReplicationConfig};
use secrecy::SecretString;
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use change::{Change, OnTopic, RowChange};
use decode::Decoder;
use outbox::{OUTBOX, Outbox};
use source::{Entry, Source};
pub use state::FeedState;
use state::Said;
use trail::{Advance, Trail};

use super::position::{Lsn, Position};
use super::store;
use crate::clock::Random;
use crate::collections::catalogue::Catalogue;
use crate::config::ChangeSource;
use crate::db::InvalidUrl;

/// The publication of the tables whose changes are told.
const PUBLICATION: &str = "annex";

/// The most events that are handed on together.
const MOST_AT_ONCE: usize = 1024;

/// How long until the database is tried again.
const RETRY: Duration = Duration::from_millis(250);

/// How often it is looked whether a collection has realtime on.
const LOOK: Duration = Duration::from_secs(1);

/// How long the end of a connection may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// How long nothing must be published before the log is given up.
const IDLE: Duration = Duration::from_secs(60);

/// What the feed tells.
#[derive(Debug)]
pub enum Event {
    /// The log is read from there on.
    Began {
        /// Which log.
        epoch: Uuid,
        /// Behind what it begins.
        from: Lsn,
        /// What was there already when it began: until there the past is told.
        until: Lsn,
        /// Whether it goes on where the last one of the same epoch ended.
        continues: bool,
    },
    /// Something changed.
    Change(Committed),
    /// Everything that was committed before this has been told.
    Reached(Lsn),
    /// The connection was lost: what is committed now is told later.
    Interrupted,
    /// Nothing has realtime on any more.
    Ended,
}

/// A change, and which transaction made it.
#[derive(Debug, Clone)]
pub struct Committed {
    /// Where it stands.
    pub position: Position,
    /// The transaction.
    pub transaction: u32,
    /// When it was committed.
    pub at: OffsetDateTime,
    /// What changed.
    pub change: Change,
}

/// What the feed needs of the server.
#[derive(Debug)]
pub struct Feed {
    pool: PgPool,
    config: ReplicationConfig,
    source: ChangeSource,
    catalogue: Arc<Catalogue>,
    random: Random,
    /// Told when somebody waits for it to begin.
    pub wanted: Arc<Notify>,
    said: Said,
}

/// Why the log cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FeedError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Wire(#[from] PgWireError),
    #[error(transparent)]
    Malformed(#[from] pgoutput::Malformed),
    #[error("the connection was closed")]
    Closed,
    #[error("more was changed than is kept for whoever reads it")]
    Trimmed,
}

impl FeedError {
    /// Whether it stays so until somebody changes a setting: `wal_level`, or what the role may do.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| code == "55000" || code == "42501")
            }
            Self::Wire(PgWireError::Server(message)) => message.contains("42501"),
            _ => false,
        }
    }

    /// Whether somebody else reads from the slot.
    pub(crate) fn is_slot_in_use(&self) -> bool {
        matches!(self, Self::Wire(PgWireError::Server(message)) if message.contains("55006"))
    }
}

impl Feed {
    /// A feed of the database of that URL, which the pool is of too.
    ///
    /// # Errors
    /// The URL cannot be used.
    pub fn new(
        url: &SecretString,
        source: ChangeSource,
        pool: &PgPool,
        catalogue: &Arc<Catalogue>,
        random: Random,
    ) -> Result<Self, InvalidUrl> {
        let (pool, catalogue) = (pool.clone(), Arc::clone(catalogue));
        Ok(Self {
            pool,
            config: connect::config(url, PUBLICATION)?,
            source,
            catalogue,
            random,
            wanted: Arc::default(),
            said: Said(watch::Sender::default()),
        })
    }

    /// What it does about the log, now and from now on.
    pub fn state(&self) -> watch::Receiver<FeedState> {
        self.said.0.subscribe()
    }

    /// Tells `hub` what is committed, until the server ends.
    pub async fn run(self, hub: mpsc::Sender<Vec<Event>>, ending: CancellationToken) {
        let mut trail = Trail::default();
        let (mut unwanted, mut given_up) = (None, false);
        loop {
            if ending.is_cancelled() {
                return;
            }
            if !self.is_wanted() {
                self.said.say(FeedState::Idle);
                let since = *unwanted.get_or_insert_with(Instant::now);
                if since.elapsed() >= IDLE && !given_up {
                    given_up = self.give_up(&mut trail, &hub).await;
                }
                tokio::select! {
                    () = self.wanted.notified() => {}
                    () = tokio::time::sleep(LOOK) => {}
                    () = ending.cancelled() => return,
                }
                continue;
            }
            (unwanted, given_up) = (None, false);
            self.said.starting();
            let Err(error) = self.follow(&mut trail, &hub, &ending).await else { continue };
            if ending.is_cancelled() {
                return;
            }
            if self.said.is_failing() {
                tracing::debug!(%error, "the log still cannot be read");
            } else {
                tracing::warn!(%error, "The log of changes cannot be read; trying again until it can");
            }
            let failing =
                FeedState::Failing { error: error.to_string().into(), is_refusal: error.is_refusal() };
            self.said.say(failing);
            if hub.send(vec![Event::Interrupted]).await.is_err() {
                return;
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    fn is_wanted(&self) -> bool {
        let snapshot = self.catalogue.snapshot();
        !snapshot.channels.is_empty()
            || snapshot.tables.values().any(|table| table.served && table.collection.realtime)
    }

    /// Gives the log up, whoever began it; false where that has to be tried again.
    async fn give_up(&self, trail: &mut Trail, hub: &mpsc::Sender<Vec<Event>>) -> bool {
        if let Err(error) = slot::give_up(&self.pool).await {
            tracing::debug!(%error, "the log of changes, which nobody wants any more, could not be given up");
            return false;
        }
        if std::mem::take(trail).end().is_some() {
            // Where the hub has gone nobody has to be told.
            hub.send(vec![Event::Ended]).await.ok();
        }
        true
    }

    /// Reads the log over one connection.
    async fn follow(
        &self,
        trail: &mut Trail,
        hub: &mpsc::Sender<Vec<Event>>,
        ending: &CancellationToken,
    ) -> Result<(), FeedError> {
        let kept = slot::keep(&self.pool, self.source, || self.random.uuid()).await?;
        let before = trail.end().filter(|_| trail.epoch == Some(kept.epoch));
        // A slot lasts as long as its connection, so its name only has to be nobody else's.
        let own = format!("{}_{}", kept.slot, self.random.uuid().simple());
        let (mut source, begins, until) = match kept.slot.as_str() {
            OUTBOX => {
                let from = before.unwrap_or_default().max(kept.from);
                let until = store::log_end(&self.pool).await?;
                (Source::Outbox(Outbox::read(&self.pool, PUBLICATION, from)), kept.from, until)
            }
            slot => {
                let mut config = self.config.clone().with_start_lsn(WireLsn(before.unwrap_or_default()));
                config.slot.clone_from(&own);
                let mut client = ReplicationClient::connect_gated(config).await?;
                let (begins, until) = copy_slot(&mut client, slot, &own).await?;
                client.start().await?;
                client.wait_started().await?;
                (Source::Log(Box::new(client)), begins, until)
            }
        };
        let continues = before.is_some_and(|before| before >= begins);
        let from = before.filter(|_| continues).unwrap_or(begins);
        if !continues {
            // What changed them may be in a part of the log that nobody has read.
            self.catalogue.refresh_now(&self.pool).await?;
        }
        *trail = Trail::beginning(kept.epoch, from, std::mem::take(trail), continues);
        self.said.say(FeedState::Reading);
        let began = Event::Began { epoch: kept.epoch, from, until, continues };
        hub.send(vec![began]).await.map_err(|_| FeedError::Closed)?;
        let advance = Advance::new(&self.pool, kept.slot);
        let ended = tokio::select! {
            ended = self.read(&mut source, trail, hub, &advance) => ended,
            () = ending.cancelled() => Ok(()),
        };
        // The database cannot be dropped while the slot is in use.
        if ended.is_ok() {
            drop(tokio::time::timeout(GOODBYE, source.close()).await);
            drop(tokio::time::timeout(GOODBYE, store::slot_has_gone(&self.pool, &own)).await);
        }
        ended
    }

    /// Reads on until nobody wants it any more.
    async fn read(
        &self,
        source: &mut Source,
        trail: &mut Trail,
        hub: &mpsc::Sender<Vec<Event>>,
        advance: &Advance,
    ) -> Result<(), FeedError> {
        let mut decoder = Decoder::new(&self.pool, &self.catalogue, |table| table.collection.realtime);
        let mut events = Vec::new();
        let mut keeping = tokio::time::interval(trail::STEP);
        loop {
            let next = tokio::select! {
                next = source.next() => next?,
                _ = keeping.tick() => {
                    if !self.is_wanted() {
                        return Ok(());
                    }
                    if let Some(to) = trail.step() {
                        advance.to(to);
                    }
                    continue;
                }
            };
            take(&mut decoder, next, &mut events).await?;
            // What has arrived already goes along.
            while events.len() < MOST_AT_ONCE {
                match source.next_now() {
                    Some(next) => take(&mut decoder, next?, &mut events).await?,
                    None => break,
                }
            }
            if let Some(reached) = decoder.reached() {
                trail.reached(reached);
                events.push(Event::Reached(reached));
                source.confirm(reached);
            }
            if !events.is_empty() {
                hub.send(std::mem::take(&mut events)).await.map_err(|_| FeedError::Closed)?;
            }
        }
    }
}

/// Copies the deployment's slot into one of the connection's own; gives where it begins, and where the log ends now.
async fn copy_slot(client: &mut ReplicationClient, slot: &str, own: &str) -> Result<(Lsn, Lsn), FeedError> {
    client.simple_query(&format!("select pg_copy_logical_replication_slot('{slot}', '{own}', true)")).await?;
    let place = format!(
        "select confirmed_flush_lsn, pg_current_wal_flush_lsn() from pg_replication_slots where slot_name = '{own}'"
    );
    let rows = client.simple_query(&place).await?;
    let place = |column: usize| {
        let value = rows.first().and_then(|row| row.get(column)).cloned().flatten();
        let text = value.ok_or(FeedError::Closed)?;
        Ok::<_, FeedError>(store::lsn(&String::from_utf8_lossy(&text))?)
    };
    Ok((place(0)?, place(1)?))
}

/// Takes in what is read.
pub(crate) async fn take(
    decoder: &mut Decoder<'_>,
    entry: Entry,
    events: &mut Vec<Event>,
) -> Result<(), FeedError> {
    match entry {
        Entry::Begin { commit, transaction, micros } => decoder.begin(commit, transaction, micros),
        Entry::Commit(end) => decoder.commit(end),
        Entry::Alive(end) => decoder.alive(end),
        Entry::Message { prefix, content } => events.extend(decoder.message(&prefix, &content).await?),
        Entry::Rows(message) => decoder.rows(message, events).await?,
    }
    Ok(())
}

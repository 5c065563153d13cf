//! Reads the write-ahead log and tells of what was committed, in the order of the commits.
//!
//! It runs while a collection has realtime on, or a channel is declared. Where the connection is lost it reads on from where it was; what it cannot read any
//! more it says, so that nobody takes what follows for all that happened.

mod change;
pub(crate) mod connect;
pub(crate) mod decode;
mod pgoutput;
pub(crate) mod slot;
mod state;
mod trail;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use pgwire_replication::{
    Lsn as WireLsn, PgWireError, ReplicationClient, ReplicationConfig, ReplicationEvent,
};
use secrecy::SecretString;
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use change::{Change, OnTopic, RowChange};
use decode::Decoder;
pub use state::FeedState;
use state::Said;
use trail::{Advance, Trail};

use super::position::{Lsn, Position};
use super::store;
use crate::clock::Random;
use crate::collections::catalogue::Catalogue;
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
        pool: &PgPool,
        catalogue: &Arc<Catalogue>,
        random: Random,
    ) -> Result<Self, InvalidUrl> {
        let (pool, catalogue) = (pool.clone(), Arc::clone(catalogue));
        Ok(Self {
            pool,
            config: connect::config(url, PUBLICATION)?,
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
        let kept = slot::keep(&self.pool, || self.random.uuid()).await?;
        let before = trail.end().filter(|_| trail.epoch == Some(kept.epoch));
        // A slot lasts as long as its connection, so its name only has to be nobody else's.
        let name = format!("{}_{}", kept.slot, self.random.uuid().simple());
        let mut config = self.config.clone().with_start_lsn(WireLsn(before.unwrap_or_default()));
        config.slot.clone_from(&name);
        let mut client = ReplicationClient::connect_gated(config).await?;
        let (begins, until) = copy_slot(&mut client, &kept.slot, &name).await?;
        let continues = before.is_some_and(|before| before >= begins);
        let from = before.filter(|_| continues).unwrap_or(begins);
        if !continues {
            // What changed them may be in a part of the log that nobody has read.
            self.catalogue.refresh_now(&self.pool).await?;
        }
        *trail = Trail::beginning(kept.epoch, from, std::mem::take(trail), continues);
        client.start().await?;
        client.wait_started().await?;
        self.said.say(FeedState::Reading);
        let began = Event::Began { epoch: kept.epoch, from, until, continues };
        hub.send(vec![began]).await.map_err(|_| FeedError::Closed)?;
        let advance = Advance::new(&self.pool, kept.slot);
        let ended = tokio::select! {
            ended = self.read(&mut client, trail, hub, &advance) => ended,
            () = ending.cancelled() => Ok(()),
        };
        // The database cannot be dropped while the slot is in use.
        if ended.is_ok() {
            drop(tokio::time::timeout(GOODBYE, client.shutdown()).await);
            drop(tokio::time::timeout(GOODBYE, store::slot_has_gone(&self.pool, &name)).await);
        }
        ended
    }

    /// Reads on until nobody wants it any more.
    async fn read(
        &self,
        client: &mut ReplicationClient,
        trail: &mut Trail,
        hub: &mpsc::Sender<Vec<Event>>,
        advance: &Advance,
    ) -> Result<(), FeedError> {
        let mut decoder = Decoder::new(&self.pool, &self.catalogue, |table| table.collection.realtime);
        let mut events = Vec::new();
        let mut keeping = tokio::time::interval(trail::STEP);
        loop {
            let next = tokio::select! {
                next = client.recv() => next?.ok_or(FeedError::Closed)?,
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
                match client.recv().now_or_never() {
                    Some(next) => take(&mut decoder, next?.ok_or(FeedError::Closed)?, &mut events).await?,
                    None => break,
                }
            }
            if let Some(reached) = decoder.reached() {
                trail.reached(reached);
                events.push(Event::Reached(reached));
                client.update_applied_lsn(WireLsn(reached));
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

/// Takes in what the connection brings.
pub(crate) async fn take(
    decoder: &mut Decoder<'_>,
    event: ReplicationEvent,
    events: &mut Vec<Event>,
) -> Result<(), FeedError> {
    match event {
        ReplicationEvent::Begin { final_lsn, xid, commit_time_micros } => {
            decoder.begin(final_lsn.as_u64(), xid, commit_time_micros);
        }
        ReplicationEvent::Commit { end_lsn, .. } => decoder.commit(end_lsn.as_u64()),
        ReplicationEvent::KeepAlive { wal_end, .. } => decoder.alive(wal_end.as_u64()),
        ReplicationEvent::Message { transactional: true, prefix, content, .. } => {
            events.extend(decoder.message(&prefix, &content).await?);
        }
        ReplicationEvent::XLogData { data, .. } => decoder.data(data, events).await?,
        ReplicationEvent::Message { .. } | ReplicationEvent::StoppedAt { .. } => {}
    }
    Ok(())
}

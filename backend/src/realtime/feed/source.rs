//! Where changes are read from: the write-ahead log, or where that cannot be read, the outbox that triggers write.

use bytes::Bytes;
use futures_util::FutureExt;
use pgwire_replication::{Lsn as WireLsn, ReplicationClient, ReplicationEvent};
use sqlx::PgPool;

use super::FeedError;
use super::outbox::Outbox;
use super::pgoutput::{self, Message};
use crate::config::ChangeSource;
use crate::realtime::position::Lsn;
use crate::realtime::store;

/// One thing that is read.
#[derive(Debug)]
pub enum Entry {
    /// A transaction follows.
    Begin {
        /// Where it was committed.
        commit: Lsn,
        /// Its number.
        transaction: u32,
        /// When it was committed, in microseconds since 2000-01-01.
        micros: i64,
    },
    /// A change of rows, or what a table looks like.
    Rows(Message),
    /// What a transaction left among its changes.
    Message {
        /// What it is about.
        prefix: String,
        /// What it says.
        content: Bytes,
    },
    /// The transaction ended there.
    Commit(Lsn),
    /// Everything before that has been read.
    Alive(Lsn),
}

/// Where changes are read from.
pub enum Source {
    /// A slot of the write-ahead log.
    Log(Box<ReplicationClient>),
    /// The outbox.
    Outbox(Outbox),
}

impl Source {
    /// What is next, as soon as it is there. Nothing is lost where this is given up.
    ///
    /// # Errors
    /// The connection is lost, or what it brings is malformed.
    pub async fn next(&mut self) -> Result<Entry, FeedError> {
        match self {
            Self::Log(client) => loop {
                let event = client.recv().await?.ok_or(FeedError::Closed)?;
                if let Some(entry) = entry(event)? {
                    return Ok(entry);
                }
            },
            Self::Outbox(outbox) => outbox.next().await,
        }
    }

    /// What is there already.
    ///
    /// # Errors
    /// See [`next`](Self::next).
    pub fn next_now(&mut self) -> Option<Result<Entry, FeedError>> {
        self.next().now_or_never()
    }

    /// Everything before that need not be read again.
    pub fn confirm(&self, to: Lsn) {
        if let Self::Log(client) = self {
            client.update_applied_lsn(WireLsn(to));
        }
    }

    /// Ends the connection.
    pub async fn close(&mut self) {
        if let Self::Log(client) = self {
            // The server sees it end, whatever it says.
            let _ended = client.shutdown().await;
        }
    }
}

fn entry(event: ReplicationEvent) -> Result<Option<Entry>, FeedError> {
    Ok(Some(match event {
        ReplicationEvent::Begin { final_lsn, xid, commit_time_micros } => {
            Entry::Begin { commit: final_lsn.as_u64(), transaction: xid, micros: commit_time_micros }
        }
        ReplicationEvent::Commit { end_lsn, .. } => Entry::Commit(end_lsn.as_u64()),
        ReplicationEvent::KeepAlive { wal_end, .. } => Entry::Alive(wal_end.as_u64()),
        ReplicationEvent::Message { transactional: true, prefix, content, .. } => {
            Entry::Message { prefix, content }
        }
        ReplicationEvent::XLogData { data, .. } => Entry::Rows(pgoutput::read(data)?),
        ReplicationEvent::Message { .. } | ReplicationEvent::StoppedAt { .. } => return Ok(None),
    }))
}

/// Whether changes are read from the outbox: as it is set, and where that says nothing, where the log cannot be read.
///
/// # Errors
/// The database does not answer.
pub async fn is_outbox(pool: &PgPool, setting: ChangeSource) -> sqlx::Result<bool> {
    Ok(match setting {
        ChangeSource::Log => false,
        ChangeSource::Outbox => true,
        ChangeSource::Auto => !store::can_read_log(pool).await?,
    })
}

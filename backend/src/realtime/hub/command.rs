//! What connections have the hub do.

use std::sync::Arc;

use annex_openapi::realtime::{ClientsStatus, WindowStatus};
use time::OffsetDateTime;
use tokio::sync::oneshot;

use super::mirroring::Mirrored;
use super::outbox::Outbox;
use super::records::Records;
use super::topics::TopicCommand;
use super::view::View;
use crate::extract::Caller;
use crate::problem::Result;
use crate::realtime::position::{Cursor, Lsn};
use crate::realtime::seen::Seen;

/// A connection's number.
pub type ConnectionId = u64;

/// What the hub is to do.
#[derive(Debug)]
pub enum Command {
    /// A client is there.
    Connect {
        /// Its connection.
        id: ConnectionId,
        /// Where to it is told things.
        outbox: Arc<Outbox>,
        /// Who it is.
        caller: Caller,
        /// When it came.
        at: OffsetDateTime,
    },
    /// Who a client is was read again.
    Identify {
        /// Its connection.
        id: ConnectionId,
        /// Who it is.
        caller: Caller,
        /// The question that this answers.
        asked: u64,
    },
    /// A client has taken what it was sent.
    Room(ConnectionId),
    /// A client has gone.
    Disconnect(ConnectionId),
    /// A client wants to be told of changes.
    Subscribe(Box<Subscribe>),
    /// A client does not want to be told any more.
    Unsubscribe {
        /// Its connection.
        connection: ConnectionId,
        /// What it calls the subscription.
        id: Box<str>,
    },
    /// The rows of a collection that conditions look into have been read, or cannot be.
    Mirrored {
        /// The collection.
        collection: String,
        /// Its rows.
        read: Box<Result<Mirrored>>,
    },
    /// Something is to be done about a topic.
    Topic(TopicCommand),
    /// Somebody waits until the past has been told, and wants to know how far the log has been read then.
    Ready(oneshot::Sender<Cursor>),
    /// Somebody wants to know how it stands.
    Status(oneshot::Sender<Status>),
}

/// A subscription to begin.
#[derive(Debug)]
pub struct Subscribe {
    /// Whose it is.
    pub connection: ConnectionId,
    /// What the client calls it.
    pub id: Box<str>,
    /// What it is about.
    pub view: Arc<View>,
    /// Where it begins.
    pub start: Start,
    /// Whether the client was told that it has begun: it was told of what happened, and fell behind.
    pub begun: bool,
}

/// Where a subscription begins.
#[derive(Debug)]
pub enum Start {
    /// With what comes: behind everything that had been committed when the client asked, which is before that position.
    Now(Lsn),
    /// Behind what the client knows.
    After {
        /// Where the client was.
        cursor: Cursor,
        /// Whatever decides what the client may see had been committed before that position: what has changed of it since the client
        /// was there is known when the log has been read until then.
        asked: Lsn,
    },
    /// With the rows as they are.
    Snapshot {
        /// The records.
        records: Records,
        /// The transactions that they are of.
        seen: Seen,
        /// All of those were committed before this.
        reached: Lsn,
        /// Until there which log had been read before they were.
        before: Cursor,
    },
}

/// How the hub stands.
#[derive(Debug)]
pub struct Status {
    /// How far the log has been read, where it is.
    pub reached: Option<Cursor>,
    /// Whether what there was when it began has been read.
    pub caught_up: bool,
    /// When the newest change was committed that was told of.
    pub changed_at: Option<OffsetDateTime>,
    /// What is kept for who comes back.
    pub window: WindowStatus,
    /// Who is told.
    pub clients: ClientsStatus,
}

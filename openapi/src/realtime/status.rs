//! How the feed of changes stands, for whoever runs the server.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// How the server that answers reads the log of changes, and who is told of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RealtimeStatus {
    /// The reading of the log.
    pub feed: FeedStatus,
    /// What Postgres keeps the log by; nothing where there is none.
    pub slot: Option<SlotStatus>,
    /// The changes that are kept for who comes back.
    pub window: WindowStatus,
    /// Who is told.
    pub clients: ClientsStatus,
}

/// What a server does about the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedState {
    /// Nothing has realtime on, so it is not read.
    Idle,
    /// It is about to be read.
    Starting,
    /// It is read.
    Reading,
    /// It cannot be read, and that is tried again.
    Failing,
}

/// Where changes are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedSource {
    /// The write-ahead log.
    Log,
    /// A table that triggers write changes into: the log cannot be read (`wal_level`, or what the role may do).
    Outbox,
}

/// The reading of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FeedStatus {
    /// What the server does about it.
    pub state: FeedState,
    /// Where changes are read from.
    pub source: FeedSource,
    /// Why it cannot be read.
    pub error: Option<String>,
    /// Up to where it has been read.
    #[schema(example = "1c0d3b5a-16b3748-0")]
    pub cursor: Option<String>,
    /// The bytes of log that were written since; other programs' and databases' count too.
    #[schema(example = 0)]
    pub lag_bytes: Option<u64>,
    /// Whether what was there when it began has been read.
    pub caught_up: bool,
    /// When the newest change was committed that it told of.
    #[serde(with = "time::serde::rfc3339::option")]
    pub changed_at: Option<OffsetDateTime>,
    /// The collections that have realtime on.
    pub collections: Vec<String>,
}

/// Whether the log that a slot keeps is there (`wal_status` in Postgres).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlotState {
    /// All of it.
    Reserved,
    /// All of it, and it is more than Postgres would keep by itself.
    Extended,
    /// It may be thrown away at the next checkpoint.
    Unreserved,
    /// It is gone: everyone has to begin anew.
    Lost,
}

/// What Postgres keeps the log by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SlotStatus {
    /// The replication slot.
    #[schema(example = "annex_16384")]
    pub name: String,
    /// Whether the log is there.
    pub state: SlotState,
    /// How many bytes of log are kept for it.
    pub retained_bytes: u64,
    /// How many more may come until it is thrown away; nothing where there is no limit (`max_slot_wal_keep_size`).
    pub left_bytes: Option<u64>,
}

/// The changes that are kept for who comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WindowStatus {
    /// How many there are.
    pub changes: u64,
    /// The bytes that they take.
    pub bytes: u64,
    /// The bytes that they may take.
    pub max_bytes: u64,
    /// When the oldest of them was committed.
    #[serde(with = "time::serde::rfc3339::option")]
    pub since: Option<OffsetDateTime>,
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClientsStatus {
    /// How many connections there are.
    pub connections: u64,
    /// How many subscriptions they have.
    pub subscriptions: u64,
    /// How many of those are about something else than the others: each is decided once for each change.
    pub views: u64,
    /// How many clients did not take what they were sent and were let go of, since the server started.
    pub slow_consumers: u64,
    /// The connections, those that the most waits for first; at most 100.
    pub list: Vec<RealtimeClient>,
}

/// How a client is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Over a WebSocket.
    Websocket,
    /// Over server-sent events.
    Sse,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RealtimeClient {
    /// Its number, on this server.
    pub id: u64,
    /// Whose it is; nothing where nobody is signed in.
    pub user_id: Option<Uuid>,
    /// The account's address.
    #[schema(example = "ada@example.com")]
    pub email: Option<String>,
    /// How it is connected.
    pub transport: Transport,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub connected_at: OffsetDateTime,
    /// How many subscriptions it has.
    pub subscriptions: u64,
    /// How many bytes wait until it takes them.
    pub waiting_bytes: u64,
}

//! Messages of the socket: changes of rows, told as they are committed.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::jobs::JobEvent;
use crate::problem::Problem;

mod status;

pub use status::*;

/// What a client sends over the socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum ClientMessage {
    /// Says who the client is, first of all or again when the token was renewed.
    Auth(Authenticate),
    /// Asks to be told of the rows of a collection.
    Subscribe(Subscribe),
    /// Asks to be told of a job.
    Follow(Follow),
    /// Ends a subscription, to rows or to a job.
    Unsubscribe(Unsubscribe),
    /// Asks to be told what is said on a topic.
    Join(Join),
    /// Asks not to be told any more.
    Leave(Leave),
    /// Says something to everybody who has joined a topic.
    Broadcast(Broadcast),
    /// Says that the client is there, with a state.
    Presence(Presence),
    /// Asks whether the server is there.
    Ping(Ping),
}

/// Says who the client is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Authenticate {
    /// An access token.
    pub token: String,
}

/// Asks to be told of the rows of a collection that the caller may view.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// What the client calls the subscription; one of the same name ends.
    #[schema(min_length = 1, max_length = 64, example = "posts")]
    pub id: String,
    /// The collection.
    #[schema(example = "posts")]
    pub collection: String,
    /// What the rows must fulfil, an expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "status = \"published\"")]
    pub filter: Option<String>,
    /// The fields that are told; all that the caller may read where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<String>>,
    /// Relations to one record each, two deep at most: the records that they lead to stand in `expand` of each record, as they are when
    /// it is told. That one of them changes by itself is not told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["author"]))]
    pub expand: Vec<String>,
    /// A cursor: everything behind it is told first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "1c0d3b5a-16b3748-2")]
    pub after: Option<String>,
    /// Whether the rows as they are come first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub snapshot: bool,
}

/// Asks to be told of a job that the caller may read: its state, how far it is and what it writes, until it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Follow {
    /// What the client calls the subscription; one of the same name ends.
    #[schema(min_length = 1, max_length = 64, example = "import")]
    pub id: String,
    /// The job.
    #[schema(example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")]
    pub job: Uuid,
}

/// Ends a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unsubscribe {
    /// What the client calls it.
    pub id: String,
}

/// Asks to be told what is said on a topic of a channel that lets the caller join.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The topic.
    #[schema(min_length = 1, max_length = 255, example = "room:7")]
    pub topic: String,
    /// A cursor: everything that was said behind it is told first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "1c0d3b5a-16b3748-2")]
    pub after: Option<String>,
}

/// Asks not to be told any more what is said on a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Leave {
    /// The topic.
    #[schema(min_length = 1, max_length = 255, example = "room:7")]
    pub topic: String,
}

/// Says something to everybody who has joined a topic, the client itself included where it has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Broadcast {
    /// The topic.
    #[schema(min_length = 1, max_length = 255, example = "room:7")]
    pub topic: String,
    /// What is said: any JSON, at most 32 KiB.
    #[schema(example = json!({"text": "hello"}))]
    pub payload: Value,
    /// What the client calls it, where it wants to be told that it is said (`sent`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, example = "1")]
    pub id: Option<String>,
}

/// Says that the client is there, on a topic that it has joined, with a state that all see who may; each time anew. Where it leaves the
/// topic or is lost it is there no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Presence {
    /// The topic.
    #[schema(min_length = 1, max_length = 255, example = "room:7")]
    pub topic: String,
    /// Any JSON, at most 2 KiB; null where the client is there no more.
    #[schema(example = json!({"name": "Ada", "typing": true}))]
    pub state: Value,
}

/// Asks whether the server is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ping {}

/// What the server sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The client is known from here on.
    Authenticated(Authenticated),
    /// The rows as they are, at one position of the log.
    Snapshot(Snapshot),
    /// Everything before has been told; from here on it comes as it happens.
    Subscribed(Subscribed),
    /// A row came, changed or went.
    Event(Event),
    /// What follows cannot be told: the subscription has ended, and must begin anew with the rows as they are.
    Resync(Resync),
    /// The subscription has ended: the client asked for it, or the job has ended.
    Unsubscribed(Unsubscribed),
    /// Something happened to a job.
    Job(Box<JobMessage>),
    /// What is said on a topic is told from here on.
    Joined(Joined),
    /// What is said on a topic is not told any more.
    Left(Left),
    /// Something was said on a topic.
    Broadcast(Said),
    /// What the client said stands in the log.
    Sent(Sent),
    /// Who is there on a topic.
    Presence(PresenceChange),
    /// The server is there.
    Pong(Pong),
    /// Something was refused.
    Error(Box<ErrorMessage>),
}

/// The client is known from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Authenticated {
    /// The account.
    pub user_id: Uuid,
}

/// The rows as they are, at one position of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Snapshot {
    /// What the client calls the subscription.
    pub id: String,
    /// Where in the log that is.
    #[schema(example = "1c0d3b5a-16b3748-0")]
    pub cursor: String,
    /// The records.
    #[schema(example = json!([{"id": "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f", "title": "Hello"}]))]
    pub records: Vec<Value>,
}

/// Everything before has been told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subscribed {
    /// What the client calls the subscription.
    pub id: String,
    /// Where in the log that is.
    #[schema(example = "1c0d3b5a-16b3748-0")]
    pub cursor: String,
}

/// What a change is to the one who sees the rows of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// The row was not among them before.
    Enter,
    /// The row was among them, and is.
    Update,
    /// The row is not among them any more.
    Leave,
}

/// A row came, changed or went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// What the client calls the subscription.
    pub id: String,
    /// What happened to it.
    #[serde(rename = "type")]
    pub type_: EventType,
    /// Where in the log that is. It is no other event's, and may be given back as `after`, to any server.
    #[schema(example = "1c0d3b5a-16b3748-2")]
    pub cursor: String,
    /// The record; of one that leaves, its key alone.
    #[schema(example = json!({"id": "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f", "title": "Hello"}))]
    pub record: Value,
}

/// Why a subscription must begin anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResyncReason {
    /// The cursor is older than what is kept.
    TooOld,
    /// The cursor is of another log: the one before was lost.
    LogLost,
    /// The collection's fields or rules have changed.
    CollectionChanged,
    /// What the caller may see has changed.
    AccessChanged,
    /// All rows of the collection were removed at once.
    Truncated,
}

/// A subscription must begin anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Resync {
    /// What the client calls it.
    pub id: String,
    /// Why.
    pub reason: ResyncReason,
}

/// A subscription has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unsubscribed {
    /// What the client called it.
    pub id: String,
}

/// Something happened to a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobMessage {
    /// What the client calls the subscription.
    #[schema(example = "import")]
    pub id: String,
    /// What. The first one is the job as it stands; behind the state in which it has ended nothing comes.
    pub event: JobEvent,
}

/// What is said on a topic is told from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Joined {
    /// The topic.
    #[schema(example = "room:7")]
    pub topic: String,
    /// Where in the log that is.
    #[schema(example = "1c0d3b5a-16b3748-0")]
    pub cursor: String,
    /// What the client is called where it is there.
    #[serde(rename = "ref")]
    pub reference: Uuid,
}

/// Why a client is not told any more what is said on a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftReason {
    /// The cursor is older than what is kept.
    TooOld,
    /// The cursor is of another log: the one before was lost.
    LogLost,
    /// The channel is another, or there is none any more.
    ChannelChanged,
    /// What the caller may do has changed.
    AccessChanged,
}

/// What is said on a topic is not told any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Left {
    /// The topic.
    #[schema(example = "room:7")]
    pub topic: String,
    /// Why, where the client did not ask for it. It may join anew, without a cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<LeftReason>,
}

/// Something was said on a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Said {
    /// The topic.
    #[schema(example = "room:7")]
    pub topic: String,
    /// The account whose client said it; none where a program did, or a client that is nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<Uuid>,
    /// Where in the log that is, as of an event.
    #[schema(example = "1c0d3b5a-16b3748-2")]
    pub cursor: String,
    /// What was said.
    #[schema(example = json!({"text": "hello"}))]
    pub payload: Value,
}

/// What is told of who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceType {
    /// All who are: whoever was known before and is not among them is not there any more.
    List,
    /// One has come.
    Join,
    /// One has another state.
    Update,
    /// One has gone.
    Leave,
}

/// Who is there on a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PresenceChange {
    /// The topic.
    #[schema(example = "room:7")]
    pub topic: String,
    /// What is told.
    #[serde(rename = "type")]
    pub type_: PresenceType,
    /// Where in the log that is.
    #[schema(example = "1c0d3b5a-16b3748-2")]
    pub cursor: String,
    /// Of whom: of one, but where all are listed.
    pub entries: Vec<PresenceEntry>,
}

/// A client that is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PresenceEntry {
    /// Tells it from others, also of the same account.
    #[serde(rename = "ref")]
    pub reference: Uuid,
    /// Its account; none where it is nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Uuid>,
    /// Its state; not of one that has gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!({"name": "Ada", "typing": true}))]
    pub state: Option<Value>,
}

/// What the client said stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sent {
    /// What the client calls it.
    pub id: String,
}

/// The server is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pong {}

/// Something was refused: the members of a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorMessage {
    /// The subscription that it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The topic that it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// What went wrong.
    #[serde(flatten)]
    pub problem: Problem,
}

impl ErrorMessage {
    /// That problem, of a subscription or of the connection.
    pub fn of(id: Option<&str>, problem: Problem) -> Box<Self> {
        Box::new(Self { id: id.map(str::to_owned), topic: None, problem })
    }

    /// That problem, of a topic.
    pub fn on(topic: &str, problem: Problem) -> Box<Self> {
        Box::new(Self { id: None, topic: Some(topic.to_owned()), problem })
    }
}

//! What happens, as webhooks and triggers are told of it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum EventType {
    /// A row of the collection came, whoever inserted it.
    #[serde(rename = "record.created")]
    RecordCreated,
    /// A row of the collection changed.
    #[serde(rename = "record.updated")]
    RecordUpdated,
    /// A row of the collection went.
    #[serde(rename = "record.deleted")]
    RecordDeleted,
    /// Somebody made an account.
    #[serde(rename = "user.registered")]
    UserRegistered,
    /// An account was deleted.
    #[serde(rename = "user.deleted")]
    UserDeleted,
    /// A job failed, and is not tried again by itself.
    #[serde(rename = "job.failed")]
    JobFailed,
    /// A webhook was disabled, since nothing could be delivered to it.
    #[serde(rename = "webhook.disabled")]
    WebhookDisabled,
    /// An admin tries a webhook. It is sent to that one alone, and cannot be asked for.
    #[serde(rename = "webhook.test")]
    WebhookTest,
}

impl EventType {
    /// All that can be asked for.
    pub const ALL: [Self; 7] = [
        Self::RecordCreated,
        Self::RecordUpdated,
        Self::RecordDeleted,
        Self::UserRegistered,
        Self::UserDeleted,
        Self::JobFailed,
        Self::WebhookDisabled,
    ];

    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RecordCreated => "record.created",
            Self::RecordUpdated => "record.updated",
            Self::RecordDeleted => "record.deleted",
            Self::UserRegistered => "user.registered",
            Self::UserDeleted => "user.deleted",
            Self::JobFailed => "job.failed",
            Self::WebhookDisabled => "webhook.disabled",
            Self::WebhookTest => "webhook.test",
        }
    }

    /// The one that is called so.
    pub fn parse(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter().chain([Self::WebhookTest]);
        all.find(|event| event.as_str() == name)
    }

    /// Whether it is about a row of a collection.
    pub const fn is_about_records(self) -> bool {
        matches!(self, Self::RecordCreated | Self::RecordUpdated | Self::RecordDeleted)
    }
}

/// What a webhook is sent: a `POST` to its URL, signed as the Standard Webhooks specification says. The arguments of a job that a
/// trigger enqueues have the same as `event`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// What happened.
    #[serde(rename = "type")]
    pub type_: EventType,
    /// When: a row's change, when it was committed.
    #[serde(with = "time::serde::rfc3339")]
    pub timestamp: OffsetDateTime,
    /// For `record.…` the `collection`, the record's `id` (a list where the key has parts), the `record` (of one that went, as it was; null
    /// where it is too large to be sent along), for `record.updated` the `previous` record, and the `position` in the log: of two positions
    /// the smaller one, as text, was before the other. For `user.…` the account's `id` and `email`; for `job.failed` the job's `id`, `kind`, `queue`,
    /// `attempt` and `error`; for `webhook.…` the webhook's `id`, `name`, `url`, and why it was disabled as `reason`.
    #[schema(value_type = Object, example = json!({"collection": "posts", "id": "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f"}))]
    pub data: Map<String, Value>,
}

/// The `data` of an event that is about a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordEvent {
    /// The collection.
    pub collection: String,
    /// The record's key, or a list with the parts of a composite key.
    pub id: Value,
    /// The record: as it is for `created` and `updated`, as it was for `deleted`. Null where it is too large to be sent along.
    pub record: Option<Map<String, Value>>,
    /// For `updated`: the record as it was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Map<String, Value>>,
    /// Where in the log of changes it stands. Of two positions the smaller one, as text, was before the other.
    pub position: String,
}

/// How the log of changes is read that webhooks and triggers are told from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventLogState {
    /// No webhook and no trigger asks for rows.
    Off,
    /// A server reads it.
    Reading,
    /// No server reads it at the moment: it is kept, and one will go on where it was left.
    Waiting,
}

/// The log of changes that webhooks and triggers are told from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventLog {
    /// Whether it is read.
    pub state: EventLogState,
    /// How many bytes of it are ahead of what has been read.
    #[schema(example = 0)]
    pub lag_bytes: Option<i64>,
    /// When the last change was taken from it.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_change_at: Option<OffsetDateTime>,
    /// When changes were lost: Postgres had thrown away log that had not been read (`max_slot_wal_keep_size`), or somebody dropped its
    /// slot. Null where that never happened.
    #[serde(with = "time::serde::rfc3339::option")]
    pub events_lost_at: Option<OffsetDateTime>,
    /// Deliveries that have not been made.
    #[schema(example = 0)]
    pub pending_deliveries: i64,
    /// Webhooks that were disabled since nothing could be delivered to them.
    pub disabled_webhooks: Vec<Uuid>,
}

//! Webhooks: programs elsewhere that are told what happened.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::collections::given;
use crate::events::EventType;

/// Why the server disabled a webhook, or a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// It answered 410 Gone.
    Gone,
    /// Nothing could be delivered to it for five days.
    Failing,
    /// Its condition does not fit its collection any more.
    Broken,
}

impl DisabledReason {
    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Failing => "failing",
            Self::Broken => "broken",
        }
    }

    /// The one that is called so.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Gone, Self::Failing, Self::Broken].into_iter().find(|reason| reason.as_str() == name)
    }
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    /// UUIDv7.
    pub id: Uuid,
    /// What people call it.
    #[schema(example = "search-index")]
    pub name: String,
    /// Where it is told.
    #[schema(example = "https://example.com/webhooks/annex")]
    pub url: String,
    /// What it is told of.
    pub events: Vec<EventType>,
    /// The collection whose rows it is told of; null where it is told of none.
    #[schema(example = "posts")]
    pub collection: Option<String>,
    /// An expression that must hold for the row: as it is when it comes or changes, as it was when it goes.
    #[schema(example = "status = \"published\"")]
    pub condition: Option<String>,
    /// The fields that are sent of a row; null for all.
    pub fields: Option<Vec<String>>,
    /// Headers that are sent along.
    #[schema(example = json!({"authorization": "Bearer of their own"}))]
    pub headers: BTreeMap<String, String>,
    /// Whether it is told.
    pub enabled: bool,
    /// Why the server disabled it; null where it did not.
    pub disabled_reason: Option<DisabledReason>,
    /// When the server disabled it.
    #[serde(with = "time::serde::rfc3339::option")]
    pub disabled_at: Option<OffsetDateTime>,
    /// Since when nothing could be delivered; null where the last attempt went well.
    #[serde(with = "time::serde::rfc3339::option")]
    pub failing_since: Option<OffsetDateTime>,
    /// When something was delivered last.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_delivered_at: Option<OffsetDateTime>,
    /// When changes of rows were lost that it may not have been told of; see `GET /v1/event-log`.
    #[serde(with = "time::serde::rfc3339::option")]
    pub events_lost_at: Option<OffsetDateTime>,
    /// Until when messages are signed with the secret before this one too.
    #[serde(with = "time::serde::rfc3339::option")]
    pub previous_secret_expires_at: Option<OffsetDateTime>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was changed last.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
    /// What messages are signed with. It is told once: to whoever makes the webhook or gives it a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    pub secret: Option<String>,
}

/// A webhook that is to be made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookCreate {
    /// What people call it.
    #[schema(pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "search-index")]
    pub name: String,
    /// Where it is told: on a host of the public internet, or one that the server is allowed to call.
    #[schema(example = "https://example.com/webhooks/annex")]
    pub url: String,
    /// What it is told of. `record.…` needs a `collection`.
    #[schema(min_items = 1)]
    pub events: Vec<EventType>,
    /// The collection whose rows it is told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "posts")]
    pub collection: Option<String>,
    /// An expression that must hold for the row: as it is when it comes or changes, as it was when it goes. It is about the row
    /// alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10_000, example = "status = \"published\"")]
    pub condition: Option<String>,
    /// The fields that are sent of a row; all by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["id", "title"]))]
    pub fields: Option<Vec<String>>,
    /// Headers that are sent along, at most 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!({"authorization": "Bearer of their own"}))]
    pub headers: Option<BTreeMap<String, String>>,
    /// Whether it is told; true by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A change of a webhook: what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookUpdate {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "search-index")]
    pub name: Option<String>,
    /// Where it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://example.com/webhooks/annex")]
    pub url: Option<String>,
    /// What it is told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1)]
    pub events: Option<Vec<EventType>>,
    /// The collection whose rows it is told of; null for none.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "posts")]
    pub collection: Option<Option<String>>,
    /// An expression that must hold for the row; null for none.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 10_000, example = "status = \"published\"")]
    pub condition: Option<Option<String>>,
    /// The fields that are sent of a row; null for all.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, example = json!(["id", "title"]))]
    pub fields: Option<Option<Vec<String>>>,
    /// Headers that are sent along, as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!({"authorization": "Bearer of their own"}))]
    pub headers: Option<BTreeMap<String, String>>,
    /// Whether it is told. What waits for a webhook goes on when it is enabled again; what happened meanwhile is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// How a webhook gets another secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookRotate {
    /// For how long messages are signed with the secret before it too, in seconds: a day by default, at most 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 2_592_000, example = 86_400)]
    pub overlap_seconds: Option<u32>,
}

/// One page of webhooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WebhookPage {
    /// The webhooks of this page, the newest first.
    pub items: Vec<Webhook>,
    /// Give it back as `cursor=` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is yet to be made, or to be tried again; or it waits for an earlier one that is about the same.
    Pending,
    /// The webhook took it.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// The one that is called so.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// Something that a webhook is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// UUIDv7; every attempt has it as `webhook-id`.
    pub id: Uuid,
    /// What happened.
    #[serde(rename = "type")]
    pub type_: EventType,
    /// What it is about: the record's key, the account, the job. Deliveries that are about the same are made in order.
    #[schema(example = "posts/0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")]
    pub subject: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    #[schema(example = 1)]
    pub attempts: u32,
    /// The status of the last answer; null where there was none.
    #[schema(example = 204)]
    pub last_status: Option<u16>,
    /// When it is tried again.
    #[serde(with = "time::serde::rfc3339::option")]
    pub next_attempt_at: Option<OffsetDateTime>,
    /// When it was made, within a moment of what happened.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was delivered or given up.
    #[serde(with = "time::serde::rfc3339::option")]
    pub finished_at: Option<OffsetDateTime>,
}

/// One page of deliveries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryPage {
    /// The deliveries of this page, the newest first.
    pub items: Vec<Delivery>,
    /// Give it back as `cursor=` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// A delivery with what was sent and all that came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryDetail {
    /// The delivery.
    pub delivery: Delivery,
    /// What is sent, to the byte: an `Event` as JSON.
    #[schema(example = r#"{"type":"record.created","timestamp":"2026-01-31T12:00:00Z","data":{}}"#)]
    pub body: String,
    /// The attempts, the first one first; at most the last hundred.
    pub attempts: Vec<DeliveryAttempt>,
}

/// One attempt to deliver something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryAttempt {
    /// Which attempt, from 1.
    #[schema(example = 1)]
    pub attempt: u32,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// How long it took.
    #[schema(example = 42)]
    pub duration_ms: u32,
    /// Where it was sent.
    #[schema(example = "https://example.com/webhooks/annex")]
    pub url: String,
    /// The headers that were sent.
    #[schema(example = json!({"webhook-timestamp": "1767225600"}))]
    pub request_headers: BTreeMap<String, String>,
    /// What was answered; null where there was no answer.
    pub response: Option<DeliveryResponse>,
    /// Why there was none.
    pub error: Option<DeliveryError>,
}

/// What a webhook answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryResponse {
    /// The status.
    #[schema(example = 204)]
    pub status: u16,
    /// The headers.
    #[schema(example = json!({"content-type": "text/plain"}))]
    pub headers: BTreeMap<String, String>,
    /// The body as text, up to 64 KiB.
    pub body: String,
    /// Whether the body was longer.
    pub truncated: bool,
}

/// Why a webhook did not answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryError {
    /// For programs.
    #[schema(example = "timed_out")]
    pub code: String,
    /// For people.
    #[schema(example = "`example.com` did not answer within 15 s")]
    pub message: String,
}

/// Deliveries that are to be made again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookReplay {
    /// Those that were made from then on.
    #[serde(with = "time::serde::rfc3339")]
    pub from: OffsetDateTime,
    /// And before that.
    #[serde(with = "time::serde::rfc3339")]
    pub to: OffsetDateTime,
    /// Only those that stand so: `delivered` or `failed`; both by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<DeliveryState>,
}

/// Deliveries that are made again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WebhookReplayed {
    /// How many.
    #[schema(example = 12)]
    pub count: u64,
    /// Whether there are more than are taken at once. Ask again: those that wait already are passed over.
    pub more: bool,
}

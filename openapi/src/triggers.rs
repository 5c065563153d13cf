//! Triggers: jobs that are enqueued when something happens.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::collections::given;
use crate::events::EventType;
use crate::jobs::JobCreate;
use crate::webhooks::DisabledReason;

/// A trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Trigger {
    /// Its name.
    #[schema(example = "thumbnails")]
    pub name: String,
    /// What it waits for.
    pub events: Vec<EventType>,
    /// The collection whose rows it waits for; null where it waits for none.
    #[schema(example = "posts")]
    pub collection: Option<String>,
    /// An expression that must hold for the row: as it is when it comes or changes, as it was when it goes.
    #[schema(example = "status = \"published\"")]
    pub condition: Option<String>,
    /// What it enqueues; the arguments get the `event`.
    pub job: JobCreate,
    /// Whether it enqueues.
    pub enabled: bool,
    /// Why the server disabled it: `broken`; null where it did not.
    pub disabled_reason: Option<DisabledReason>,
    /// When changes of rows were lost for which it may not have enqueued; see `GET /v1/event-log`.
    #[serde(with = "time::serde::rfc3339::option")]
    pub events_lost_at: Option<OffsetDateTime>,
    /// The account that made it.
    pub created_by: Option<Uuid>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was changed last.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// How a trigger is to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriggerReplace {
    /// What it waits for. `record.…` needs a `collection`.
    #[schema(min_items = 1)]
    pub events: Vec<EventType>,
    /// The collection whose rows it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "posts")]
    pub collection: Option<String>,
    /// An expression that must hold for the row: as it is when it comes or changes, as it was when it goes. It is about the row
    /// alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10_000, example = "status = \"published\"")]
    pub condition: Option<String>,
    /// What it enqueues, without `run_at` and `deadline`. The arguments get what happened as `event`.
    pub job: JobCreate,
    /// Whether it enqueues; true by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A change of a trigger: what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TriggerUpdate {
    /// What it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1)]
    pub events: Option<Vec<EventType>>,
    /// The collection whose rows it waits for; null for none.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "posts")]
    pub collection: Option<Option<String>>,
    /// An expression that must hold for the row; null for none.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 10_000, example = "status = \"published\"")]
    pub condition: Option<Option<String>>,
    /// What it enqueues, as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobCreate>,
    /// Whether it enqueues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// One page of triggers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TriggerPage {
    /// The triggers of this page, by name.
    pub items: Vec<Trigger>,
    /// Give it back as `cursor=` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

//! Which jobs are meant.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::JobState;

/// Jobs that fulfil all that is there; without anything all jobs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobFilter {
    /// Those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 1000)]
    pub ids: Option<Vec<Uuid>>,
    /// Those that stand there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<JobState>,
    /// Those of that kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "email.send")]
    pub kind: Option<String>,
    /// Those of that queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "default")]
    pub queue: Option<String>,
    /// Those with that tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "invoices")]
    pub tag: Option<String>,
    /// Those of that batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Uuid>,
    /// Those that the schedule enqueued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "nightly")]
    pub schedule: Option<String>,
    /// Those whose arguments contain that, as Postgres's `@>` has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"to": "ada@example.com"}))]
    pub args: Option<Map<String, Value>>,
    /// Those that were enqueued then or later.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub since: Option<OffsetDateTime>,
    /// Those that were enqueued before.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub until: Option<OffsetDateTime>,
}

/// For how many jobs it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobCount {
    /// How many.
    #[schema(example = 42)]
    pub count: u64,
}

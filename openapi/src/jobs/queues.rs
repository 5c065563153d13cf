//! Queues: the lines that jobs wait in, and their limits.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::collections::given;

/// How many jobs may start within a period; within any such period, wherever it begins.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many.
    #[schema(minimum = 1, maximum = 1_000_000, example = 100)]
    pub limit: u32,
    /// How long the period is.
    #[schema(minimum = 0.1, maximum = 2_678_400, example = 60)]
    pub period_seconds: f64,
}

/// How many jobs of a queue stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueueCounts {
    /// They wait for a worker.
    #[schema(example = 12)]
    pub ready: i64,
    /// They wait for their key, which is at its limit.
    #[schema(example = 0)]
    pub parked: i64,
    /// A worker has them.
    #[schema(example = 3)]
    pub running: i64,
    /// Their time has not come.
    #[schema(example = 7)]
    pub scheduled: i64,
    /// Whether there are so many that they are not counted one by one.
    pub estimated: bool,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Queue {
    /// Its name.
    #[schema(example = "default")]
    pub name: String,
    /// Whether no job of it starts.
    pub paused: bool,
    /// How many of its jobs run at once.
    #[schema(example = 10)]
    pub concurrency: Option<u32>,
    /// How many of its jobs start within a period.
    pub rate: Option<Rate>,
    /// How many of its jobs with one key run at once.
    #[schema(example = 1)]
    pub key_concurrency: Option<u32>,
    /// How many of its jobs with one key start within a period.
    pub key_rate: Option<Rate>,
    /// How many of its jobs stand where.
    pub counts: QueueCounts,
    /// When it came to be.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// How a queue is to be; what is left out is without limit, and not paused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueReplace {
    /// Whether no job of it starts. What runs goes on.
    #[serde(default)]
    pub paused: bool,
    /// How many of its jobs run at once.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000, example = 10)]
    pub concurrency: Option<u32>,
    /// How many of its jobs start within a period.
    #[serde(default)]
    pub rate: Option<Rate>,
    /// How many of its jobs with one key run at once.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub key_concurrency: Option<u32>,
    /// How many of its jobs with one key start within a period.
    #[serde(default)]
    pub key_rate: Option<Rate>,
}

/// A change of a queue: what is left out stays as it is, null takes a limit away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueUpdate {
    /// Whether no job of it starts. What runs goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
    /// How many of its jobs run at once.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000, example = 10)]
    pub concurrency: Option<Option<u32>>,
    /// How many of its jobs start within a period.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Rate>)]
    pub rate: Option<Option<Rate>>,
    /// How many of its jobs with one key run at once.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000, example = 1)]
    pub key_concurrency: Option<Option<u32>>,
    /// How many of its jobs with one key start within a period.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Rate>)]
    pub key_rate: Option<Option<Rate>>,
}

/// The queues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueuePage {
    /// All of them, by name.
    pub items: Vec<Queue>,
    /// Always null: there is one page.
    pub next_cursor: Option<String>,
}

//! What is to be enqueued.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// A job to enqueue. What is left out is as the kind says, or as the documents of the members say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobCreate {
    /// What is to be done.
    #[schema(pattern = "^[a-z][a-z0-9_.-]{0,99}$", example = "email.send")]
    pub kind: String,
    /// What it is done with, at most 1 MiB; checked against the kind's schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"to": "ada@example.com"}))]
    pub args: Option<Map<String, Value>>,
    /// The line that it waits in; `default` by default. It comes to be with its first job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "mail")]
    pub queue: Option<String>,
    /// When it comes to its turn; at once by default.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub run_at: Option<OffsetDateTime>,
    /// In how many seconds it comes to its turn; not with `run_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 31_536_000, example = 60)]
    pub delay_seconds: Option<f64>,
    /// The lowest first, and of one priority the oldest first; 0 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = -100, maximum = 100, example = 0)]
    pub priority: Option<i16>,
    /// What the queue's limits for each key count it by, such as a customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "customer-7")]
    pub key: Option<String>,
    /// Where a job of the kind has that unique key and has not ended, there is no second one: that one is the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "invoice-2026-01")]
    pub unique_key: Option<String>,
    /// With `unique_key`: there is no second one within a period of so many seconds instead, whatever became of the first. The periods
    /// begin at multiples of their length since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 31_536_000, example = 3600)]
    pub unique_seconds: Option<f64>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20, example = json!(["invoices"]))]
    pub tags: Option<Vec<String>>,
    /// How often it is tried; 20 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000, example = 5)]
    pub max_attempts: Option<u16>,
    /// How long it waits after an attempt that failed; 5 s by default, doubled each time up to an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    /// No attempt begins after that.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    pub deadline: Option<OffsetDateTime>,
    /// How long one attempt may run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 31_536_000, example = 300)]
    pub timeout_seconds: Option<u32>,
}

/// How long a job waits after an attempt that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Backoff {
    // First: serde would take a list for the members of the other.
    /// So long after each.
    Delays(BackoffDelays),
    /// Twice as long each time.
    Exponential(ExponentialBackoff),
}

/// Twice as long each time, less up to a fifth by chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExponentialBackoff {
    /// After the first attempt, in seconds; 5 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 31_536_000, example = 5)]
    pub base_seconds: Option<f64>,
    /// The longest, in seconds; 3,600 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 31_536_000, example = 3600)]
    pub max_seconds: Option<f64>,
}

/// The seconds after the first attempt, the second and so on; the last one holds for all further ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(min_items = 1, max_items = 1000, example = json!([1, 10, 60]))]
pub struct BackoffDelays(pub Vec<f64>);

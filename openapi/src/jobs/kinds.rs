//! Kinds of jobs: what their arguments must be, and what their jobs are like unless they say otherwise.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::Backoff;

/// A kind of jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobKind {
    /// Its name.
    #[schema(example = "email.send")]
    pub name: String,
    /// What it does.
    #[schema(example = "Sends a mail")]
    pub description: Option<String>,
    /// The JSON Schema of the arguments; null for any.
    #[schema(value_type = Option<Object>, example = json!({"type": "object", "required": ["to"]}))]
    pub schema: Option<Value>,
    /// Whether workers over HTTP run it; otherwise the servers do, and it cannot be changed here.
    pub remote: bool,
    /// The line that its jobs wait in.
    #[schema(example = "default")]
    pub queue: String,
    /// The lowest first.
    #[schema(example = 0)]
    pub priority: i16,
    /// How often its jobs are tried.
    #[schema(example = 20)]
    pub max_attempts: u16,
    /// How long its jobs wait after an attempt that failed; null for 5 s, doubled each time up to an hour.
    pub backoff: Option<Backoff>,
    /// How long one attempt may run.
    #[schema(example = 300)]
    pub timeout_seconds: Option<u32>,
    /// When it was changed last.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// How a kind is to be. Jobs that are enqueued already stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobKindReplace {
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000, example = "Sends a mail")]
    pub description: Option<String>,
    /// The JSON Schema of the arguments, of draft 2020-12 unless it says otherwise; it refers to nothing outside itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"type": "object", "required": ["to"]}))]
    pub schema: Option<Value>,
    /// The line that its jobs wait in; `default` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "mail")]
    pub queue: Option<String>,
    /// The lowest first; 0 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = -100, maximum = 100, example = 0)]
    pub priority: Option<i16>,
    /// How often its jobs are tried; 20 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000, example = 5)]
    pub max_attempts: Option<u16>,
    /// How long its jobs wait after an attempt that failed; 5 s by default, doubled each time up to an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    /// How long one attempt may run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 31_536_000, example = 300)]
    pub timeout_seconds: Option<u32>,
}

/// The kinds of jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobKindPage {
    /// All of them, by name.
    pub items: Vec<JobKind>,
    /// Always null: there is one page.
    pub next_cursor: Option<String>,
}

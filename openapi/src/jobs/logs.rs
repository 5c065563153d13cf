//! What workers write while they work.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For who looks for a fault.
    Debug,
    /// For who watches.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Something went wrong.
    Error,
}

impl LogLevel {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A line to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogEntry {
    /// How much it matters.
    pub level: LogLevel,
    /// What it says, at most 8 KiB.
    #[schema(example = "Page 4 is done")]
    pub message: String,
}

/// A line of a job's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobLogLine {
    /// It grows from line to line.
    #[schema(example = 17)]
    pub id: i64,
    /// Which attempt wrote it.
    #[schema(example = 1)]
    pub attempt: u16,
    /// How much it matters.
    pub level: LogLevel,
    /// What it says.
    #[schema(example = "Page 4 is done")]
    pub message: String,
    /// When it was written.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// One page of a job's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobLogPage {
    /// The lines of this page, the oldest first.
    pub items: Vec<JobLogLine>,
    /// Give it back as `after=` for the next page; null where there are no more lines yet.
    #[schema(example = "17")]
    pub next_cursor: Option<String>,
}

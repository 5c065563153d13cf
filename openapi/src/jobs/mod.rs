//! Durable jobs: what they are, how they stand, and what became of each attempt.

pub mod batches;
mod create;
mod events;
mod filter;
pub mod kinds;
pub mod leases;
mod logs;
pub mod queues;
pub mod schedules;
pub mod stats;
pub mod workers;

pub use create::{Backoff, BackoffDelays, ExponentialBackoff, JobCreate};
pub use events::{JobEvent, JobLogEvent, JobProgressEvent, JobStateEvent};
pub use filter::{JobCount, JobFilter};
pub use logs::{JobLogLine, JobLogPage, LogEntry, LogLevel};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Its time has not come: `run_at` is ahead, after a failure too, or steps that it needs have not succeeded.
    Scheduled,
    /// It waits for a worker.
    Ready,
    /// A worker has it.
    Running,
    /// It is done.
    Succeeded,
    /// It failed, and is not tried again by itself.
    Failed,
    /// Somebody stopped it, or a step that it needed did not succeed.
    Cancelled,
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Scheduled, Self::Ready, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more happens to it by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// UUIDv7.
    pub id: Uuid,
    /// What is to be done.
    #[schema(example = "email.send")]
    pub kind: String,
    /// Where it stands.
    pub state: JobState,
    /// What it is done with. In lists null where it is larger than 4 KiB.
    #[schema(value_type = Option<Object>, example = json!({"to": "ada@example.com"}))]
    pub args: Option<Value>,
    /// The line that it waits in.
    #[schema(example = "default")]
    pub queue: String,
    /// The lowest first, and of one priority the oldest first.
    #[schema(example = 0)]
    pub priority: i16,
    /// What the queue's limits for each key count it by.
    #[schema(example = "customer-7")]
    pub key: Option<String>,
    /// What no second job of the kind may have at the same time.
    #[schema(example = "invoice-2026-01")]
    pub unique_key: Option<String>,
    /// Words to find it by.
    #[schema(example = json!(["invoices"]))]
    pub tags: Vec<String>,
    /// How many attempts have begun.
    #[schema(example = 1)]
    pub attempt: u16,
    /// How many there may be.
    #[schema(example = 20)]
    pub max_attempts: u16,
    /// How long it waits after an attempt that failed; null for 5 s, doubled each time up to an hour.
    pub backoff: Option<Backoff>,
    /// When it comes to its turn, or came; null for at once.
    #[serde(with = "time::serde::rfc3339::option")]
    pub run_at: Option<OffsetDateTime>,
    /// No attempt begins after that.
    #[serde(with = "time::serde::rfc3339::option")]
    pub deadline: Option<OffsetDateTime>,
    /// How long one attempt may run.
    #[schema(example = 300)]
    pub timeout_seconds: Option<u32>,
    /// The batch that it belongs to.
    pub batch_id: Option<Uuid>,
    /// Its name in the batch.
    #[schema(example = "resize")]
    pub step: Option<String>,
    /// The schedule that it came from.
    #[schema(example = "nightly")]
    pub schedule: Option<String>,
    /// The account that enqueued it.
    pub created_by: Option<Uuid>,
    /// When it was enqueued.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When the last attempt began.
    #[serde(with = "time::serde::rfc3339::option")]
    pub started_at: Option<OffsetDateTime>,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub finished_at: Option<OffsetDateTime>,
    /// Who has it, or had it last.
    #[schema(example = "worker-1")]
    pub worker: Option<String>,
    /// How far the last attempt has come, 0 to 1.
    #[schema(minimum = 0, maximum = 1, example = 0.4)]
    pub progress: Option<f64>,
    /// What the last attempt does or did, in its own words.
    #[schema(example = "4 of 10 pages")]
    pub message: Option<String>,
    /// Whether its worker was asked to stop.
    pub cancel_requested: bool,
    /// Whether it is `ready`, and its key is at the queue's limit.
    pub blocked_by_limit: bool,
    /// What came of it, where it succeeded. In lists null where it is larger than 4 KiB.
    #[schema(example = json!({"message_id": "7"}))]
    pub result: Option<Value>,
    /// Why the last attempt that failed did. In lists null where it is larger than 4 KiB.
    pub error: Option<JobError>,
    /// The jobs that must succeed before it, and have not. Not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub waiting_for: Option<Vec<Uuid>>,
    /// What became of each attempt, the first one first. Not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub attempts: Option<Vec<JobAttempt>>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// It has not.
    Running,
    /// It did what it should.
    Succeeded,
    /// The worker said that it failed.
    Failed,
    /// The worker was not heard of any more.
    Lost,
    /// The worker stopped because it was asked to.
    Cancelled,
}

/// One attempt of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobAttempt {
    /// The first is 1.
    #[schema(example = 1)]
    pub attempt: u16,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// Who made it.
    #[schema(example = "worker-1")]
    pub worker: Option<String>,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub finished_at: Option<OffsetDateTime>,
    /// What came of it, where it succeeded.
    pub result: Option<Value>,
    /// Why it failed, where it did.
    pub error: Option<JobError>,
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobError {
    /// In a sentence, for people.
    #[schema(min_length = 1, example = "The mail server refused the address")]
    pub message: String,
    /// The stable name of what happened, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "address_refused")]
    pub code: Option<String>,
    /// Whatever else helps to find the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!({"status": 550}))]
    pub details: Option<Value>,
}

/// One page of jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobPage {
    /// The jobs of this page, the newest first.
    pub items: Vec<Job>,
    /// Give it back as `cursor=` for the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// How many there are in all; only where `Prefer: count=exact` or `count=estimated` asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    pub count: Option<i64>,
}

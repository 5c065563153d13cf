//! What workers over HTTP say and are told. What they take they hold under a lease: where it is gone, what they say of the job is
//! refused as `stale_lease`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{JobError, JobState, LogEntry};
use crate::records::{BatchOperation, BatchResult};

/// What a worker wants.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    /// The most jobs; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100, example = 10)]
    pub max: Option<u16>,
    /// How long to wait for the first one; 0 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 30, example = 20)]
    pub wait_seconds: Option<f64>,
    /// How long the worker has them unless it is heard of again; 60 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3600, example = 60)]
    pub lease_seconds: Option<f64>,
    /// What the worker is called; the account's address by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "worker-1")]
    pub worker: Option<String>,
}

/// The jobs that a worker has now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClaimedJobs {
    /// The most urgent first; none where there were none for as long as the worker would wait.
    pub jobs: Vec<ClaimedJob>,
}

/// A job that a worker has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClaimedJob {
    /// The job.
    pub id: Uuid,
    /// What is to be done.
    #[schema(example = "email.send")]
    pub kind: String,
    /// What it is done with.
    #[schema(value_type = Object, example = json!({"to": "ada@example.com"}))]
    pub args: Value,
    /// Which attempt it is; the first is 1.
    #[schema(example = 1)]
    pub attempt: u16,
    /// How many there may be.
    #[schema(example = 20)]
    pub max_attempts: u16,
    /// Names the lease in whatever the worker says of the job.
    #[schema(example = "17-1-0d9WQ3cXmJ5f2kTe")]
    pub lease_token: String,
    /// When another gets the job unless the worker is heard of.
    #[serde(with = "time::serde::rfc3339")]
    pub lease_expires_at: OffsetDateTime,
    /// No attempt begins after that.
    #[serde(with = "time::serde::rfc3339::option")]
    pub deadline: Option<OffsetDateTime>,
    /// How long the attempt may run. The worker sees to that.
    #[schema(example = 300)]
    pub timeout_seconds: Option<u32>,
    /// The batch that it belongs to.
    pub batch_id: Option<Uuid>,
    /// What the steps that it needed have come to, by their names.
    #[schema(value_type = Object, example = json!({"resize": {"width": 640}}))]
    pub inputs: Map<String, Value>,
}

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatRequest {
    /// As it came with the job. All jobs that came with it are held as long.
    #[schema(example = "17-1-0d9WQ3cXmJ5f2kTe")]
    pub lease_token: String,
    /// How long the worker has the job from now on; 60 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 3600, example = 60)]
    pub lease_seconds: Option<f64>,
}

/// The lease goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Heartbeat {
    /// When another gets the job unless the worker is heard of.
    #[serde(with = "time::serde::rfc3339")]
    pub lease_expires_at: OffsetDateTime,
    /// Whether somebody wants the job to stop: the worker then says that it failed, and it ends as cancelled.
    pub cancel_requested: bool,
}

/// How far a job has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgressRequest {
    /// As it came with the job.
    #[schema(example = "17-1-0d9WQ3cXmJ5f2kTe")]
    pub lease_token: String,
    /// 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1, example = 0.4)]
    pub progress: Option<f64>,
    /// In the worker's own words, at most 8 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "4 of 10 pages")]
    pub message: Option<String>,
    /// Lines for the job's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 1000)]
    pub log: Option<Vec<LogEntry>>,
}

/// It is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProgressNoted {
    /// Whether somebody wants the job to stop: the worker then says that it failed, and it ends as cancelled.
    pub cancel_requested: bool,
}

/// The job is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteRequest {
    /// As it came with the job.
    #[schema(example = "17-1-0d9WQ3cXmJ5f2kTe")]
    pub lease_token: String,
    /// What came of it, at most 1 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!({"message_id": "7"}))]
    pub result: Option<Value>,
    /// Operations as those of `POST /v1/batch`, done in one transaction with the completion: all or nothing, and once. Workers may enqueue
    /// what workers run; what servers run only admins do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 1000)]
    pub operations: Option<Vec<BatchOperation>>,
}

/// The job has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobCompleted {
    /// Always `succeeded`.
    pub state: JobState,
    /// What the operations did, each at the index of its operation.
    pub results: Vec<BatchResult>,
}

/// The attempt failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FailRequest {
    /// As it came with the job.
    #[schema(example = "17-1-0d9WQ3cXmJ5f2kTe")]
    pub lease_token: String,
    /// Why, at most 64 KiB.
    pub error: JobError,
    /// Whether it is worth another attempt; true by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<bool>,
    /// In how many seconds the next attempt may begin; by default as the job's backoff says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 31_536_000, example = 30)]
    pub retry_in_seconds: Option<f64>,
}

/// What becomes of a job whose attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobFailed {
    /// `scheduled` where there is another attempt, `failed` where there is none, `cancelled` where somebody wanted it to stop.
    pub state: JobState,
    /// When the next attempt may begin, where there is one.
    #[serde(with = "time::serde::rfc3339::option")]
    pub run_at: Option<OffsetDateTime>,
}

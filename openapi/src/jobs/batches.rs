//! Batches: many jobs that belong together, steps of a workflow among them.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{JobCreate, JobState};

/// A job of a batch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchJob {
    /// What to enqueue. It has no `unique_key`: a batch has jobs of its own.
    pub job: JobCreate,
    /// Its name in the batch, that others need it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100, example = "resize")]
    pub step: Option<String>,
    /// The steps that must succeed before it begins. Where one of them does not, it is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 1000, example = json!(["fetch"]))]
    pub needs: Option<Vec<String>>,
}

/// A batch to begin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobBatchCreate {
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "Thumbnails")]
    pub name: Option<String>,
    /// Its jobs.
    #[schema(min_items = 1, max_items = 10_000)]
    pub jobs: Vec<BatchJob>,
    /// A job that is enqueued when all others have ended, however they did: its `args` get a `batch` with `id`, `total`, `succeeded`,
    /// `failed` and `cancelled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<JobCreate>,
}

/// More jobs for a batch that runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobBatchAdd {
    /// The jobs; they may need steps that the batch has already.
    #[schema(min_items = 1, max_items = 10_000)]
    pub jobs: Vec<BatchJob>,
}

/// A batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobBatch {
    /// UUIDv7.
    pub id: Uuid,
    /// What it is called.
    #[schema(example = "Thumbnails")]
    pub name: Option<String>,
    /// How many jobs it has.
    #[schema(example = 10)]
    pub total: u32,
    /// How many have not ended.
    #[schema(example = 3)]
    pub pending: u32,
    /// How many succeeded.
    #[schema(example = 6)]
    pub succeeded: u32,
    /// How many failed.
    #[schema(example = 1)]
    pub failed: u32,
    /// How many were cancelled.
    #[schema(example = 0)]
    pub cancelled: u32,
    /// The job that is enqueued when all others have ended.
    pub callback: Option<JobCreate>,
    /// The same, once it is.
    pub callback_id: Option<Uuid>,
    /// The account that began it.
    pub created_by: Option<Uuid>,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When its last job ended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub finished_at: Option<OffsetDateTime>,
    /// Its jobs that have a name, the oldest first, at most 1,000. Not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub steps: Option<Vec<JobBatchStep>>,
}

/// A job of a batch that has a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobBatchStep {
    /// The job.
    pub job_id: Uuid,
    /// Its name in the batch.
    #[schema(example = "resize")]
    pub step: String,
    /// What it does.
    #[schema(example = "image.resize")]
    pub kind: String,
    /// Where it stands.
    pub state: JobState,
    /// The names of the steps that must succeed before it.
    #[schema(example = json!(["fetch"]))]
    pub needs: Vec<String>,
}

/// One page of batches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobBatchPage {
    /// The batches of this page, the newest first.
    pub items: Vec<JobBatch>,
    /// Give it back as `cursor=` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

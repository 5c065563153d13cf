//! Batches of jobs.

use annex_openapi::jobs::batches::{JobBatch, JobBatchPage};
use uuid::Uuid;

use super::jobs::Deed;
use super::{Api, ApiError, Call};

impl Api {
    /// A page of batches, the newest first.
    pub async fn batches(self, limit: usize, cursor: Option<String>) -> Result<JobBatchPage, ApiError> {
        self.fetch(Call::get("/v1/batches").query("limit", limit).query_opt("cursor", cursor)).await
    }

    /// Does that to the jobs of a batch: cancels those that have not ended, or goes on where it stopped.
    pub async fn change_batch(self, id: Uuid, deed: Deed) -> Result<JobBatch, ApiError> {
        self.fetch(Call::post(format!("/v1/batches/{id}/{}", deed.name()))).await
    }

    /// A batch with its steps.
    pub async fn batch(self, id: Uuid) -> Result<JobBatch, ApiError> {
        self.fetch(Call::get(format!("/v1/batches/{id}"))).await
    }
}

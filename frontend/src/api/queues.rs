//! The queues of jobs, what kinds there are, and who works on them.

use annex_openapi::jobs::kinds::{JobKind, JobKindPage};
use annex_openapi::jobs::queues::{Queue, QueuePage, QueueUpdate};
use annex_openapi::jobs::workers::{Worker, WorkerPage};

use super::{Api, ApiError, Call};
use crate::url::segment;

impl Api {
    /// The queues, by name.
    pub async fn queues(self) -> Result<Vec<Queue>, ApiError> {
        Ok(self.fetch::<QueuePage>(Call::get("/v1/queues")).await?.items)
    }

    /// Changes a queue.
    pub async fn change_queue(self, name: &str, change: &QueueUpdate) -> Result<Queue, ApiError> {
        self.fetch(Call::patch(format!("/v1/queues/{}", segment(name))).json(change)).await
    }

    /// The kinds of jobs that are known by name.
    pub async fn job_kinds(self) -> Result<Vec<JobKind>, ApiError> {
        Ok(self.fetch::<JobKindPage>(Call::get("/v1/job-kinds")).await?.items)
    }

    /// Who works on jobs now.
    pub async fn workers(self) -> Result<Vec<Worker>, ApiError> {
        Ok(self.fetch::<WorkerPage>(Call::get("/v1/workers")).await?.items)
    }
}

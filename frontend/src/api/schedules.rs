//! Schedules of jobs.

use annex_openapi::jobs::Job;
use annex_openapi::jobs::schedules::{Schedule, SchedulePage, ScheduleReplace, ScheduleUpdate};

use super::{Api, ApiError, Call};
use crate::url::segment;

fn path(name: &str) -> String {
    format!("/v1/schedules/{}", segment(name))
}

impl Api {
    /// A page of schedules, by name.
    pub async fn schedules(self, limit: usize, cursor: Option<String>) -> Result<SchedulePage, ApiError> {
        self.fetch(Call::get("/v1/schedules").query("limit", limit).query_opt("cursor", cursor)).await
    }

    /// A schedule.
    pub async fn schedule(self, name: &str) -> Result<Schedule, ApiError> {
        self.fetch(Call::get(path(name))).await
    }

    /// Makes a schedule, or makes it so.
    pub async fn replace_schedule(
        self,
        name: &str,
        schedule: &ScheduleReplace,
    ) -> Result<Schedule, ApiError> {
        self.fetch(Call::with_method("PUT", path(name)).json(schedule)).await
    }

    /// What a schedule would be, with its next times; nothing is kept.
    pub async fn try_schedule(self, name: &str, schedule: &ScheduleReplace) -> Result<Schedule, ApiError> {
        let call = Call::with_method("PUT", path(name)).query("dry_run", true);
        self.fetch(call.json(schedule)).await
    }

    /// Changes a schedule.
    pub async fn change_schedule(self, name: &str, change: &ScheduleUpdate) -> Result<Schedule, ApiError> {
        self.fetch(Call::patch(path(name)).json(change)).await
    }

    /// Enqueues its job now.
    pub async fn run_schedule(self, name: &str) -> Result<Job, ApiError> {
        self.fetch(Call::post(format!("{}/run", path(name)))).await
    }

    /// Forgets a schedule.
    pub async fn delete_schedule(self, name: &str) -> Result<(), ApiError> {
        self.send(Call::delete(path(name))).await.map(drop)
    }
}

//! `POST /v1/jobs/cancel`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::jobs::{Job, JobCount, JobFilter, JobState};
use annex_openapi::problem::Problem as ProblemBody;
use sqlx::PgPool;
use uuid::Uuid;

use super::bulk::{Action, Bulk};
use super::store::jobs;
use crate::app::App;
use crate::extract::{Admin, Json, NoParameters, Query};
use crate::problem::Result;

/// What is done to each.
#[derive(Debug)]
pub struct Cancel;

impl Action for Cancel {
    const KIND: &'static str = "jobs.cancel";
    const DESCRIPTION: &'static str = "Stops all jobs that a filter means.";
    const STATES: &'static [JobState] = &[JobState::Scheduled, JobState::Ready, JobState::Running];

    async fn act(pool: &PgPool, ids: &[Uuid]) -> sqlx::Result<i64> {
        Ok(jobs::cancel(pool, ids).await?.into())
    }
}

/// Stop all jobs that a filter means. For admins.
///
/// As `POST /v1/jobs/{id}/cancel` for each; jobs that have ended are passed over. It is done in portions, the newest jobs first; what takes
/// longer than a few seconds is gone on with by a job, whose result has the count.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `validation_failed`
#[utoipa::path(
    post, path = "/v1/jobs/cancel", operation_id = "jobs_cancel_matching", tag = "jobs",
    request_body(content = JobFilter, example = json!({"kind": "email.send", "state": "ready"})),
    responses(
        (status = 200, description = "For how many it was done", body = JobCount),
        (status = 202, description = "The job that goes on with it", body = Job, headers(("Location" = String, description = "Where the job is"))),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn cancel_matching(
    Admin(identity): Admin,
    app: Data<App>,
    _: Query<NoParameters>,
    Json(filter): Json<JobFilter>,
) -> Result<HttpResponse> {
    Bulk::<Cancel>::answer(&app, &identity, filter).await
}

//! `POST /v1/jobs/retry`

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
pub struct Retry;

impl Action for Retry {
    const KIND: &'static str = "jobs.retry";
    const DESCRIPTION: &'static str =
        "Tries all jobs again that a filter means and that failed or were cancelled.";
    const STATES: &'static [JobState] = &[JobState::Failed, JobState::Cancelled];

    async fn act(pool: &PgPool, ids: &[Uuid]) -> sqlx::Result<i64> {
        Ok(jobs::retry(pool, ids).await?.into())
    }
}

/// Try all jobs again that a filter means and that failed or were cancelled. For admins.
///
/// As `POST /v1/jobs/{id}/retry` for each; other jobs are passed over. It is done in portions, the newest jobs first; what takes longer
/// than a few seconds is gone on with by a job, whose result has the count.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `validation_failed`
#[utoipa::path(
    post, path = "/v1/jobs/retry", operation_id = "jobs_retry_matching", tag = "jobs",
    request_body(content = JobFilter, example = json!({"kind": "email.send", "state": "failed"})),
    responses(
        (status = 200, description = "For how many it was done", body = JobCount),
        (status = 202, description = "The job that goes on with it", body = Job, headers(("Location" = String, description = "Where the job is"))),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn retry_matching(
    Admin(identity): Admin,
    app: Data<App>,
    _: Query<NoParameters>,
    Json(filter): Json<JobFilter>,
) -> Result<HttpResponse> {
    Bulk::<Retry>::answer(&app, &identity, filter).await
}

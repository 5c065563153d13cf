//! `POST /v1/jobs/discard`

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
pub struct Discard;

impl Action for Discard {
    const KIND: &'static str = "jobs.discard";
    const DESCRIPTION: &'static str = "Deletes all jobs that a filter means and that have ended.";
    const STATES: &'static [JobState] = &[JobState::Succeeded, JobState::Failed, JobState::Cancelled];

    async fn act(pool: &PgPool, ids: &[Uuid]) -> sqlx::Result<i64> {
        jobs::discard(pool, ids).await
    }
}

/// Delete all jobs that a filter means and that have ended. For admins.
///
/// With their attempts, results and logs; their unique keys are free. It stops nothing: jobs that have not ended are passed over, and so
/// are those of a batch that runs. It is done in portions, the newest jobs first; what takes longer than a few seconds is gone on with by a
/// job, whose result has the count.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `validation_failed`
#[utoipa::path(
    post, path = "/v1/jobs/discard", operation_id = "jobs_discard_matching", tag = "jobs",
    request_body(content = JobFilter, example = json!({"state": "succeeded", "until": "2026-01-31T12:00:00Z"})),
    responses(
        (status = 200, description = "For how many it was done", body = JobCount),
        (status = 202, description = "The job that goes on with it", body = Job, headers(("Location" = String, description = "Where the job is"))),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn discard_matching(
    Admin(identity): Admin,
    app: Data<App>,
    _: Query<NoParameters>,
    Json(filter): Json<JobFilter>,
) -> Result<HttpResponse> {
    Bulk::<Discard>::answer(&app, &identity, filter).await
}

//! `POST /v1/jobs/retry`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::jobs::{JobCount, JobFilter, JobState};
use annex_openapi::problem::Problem as ProblemBody;

use super::bulk;
use super::store::jobs;
use crate::app::App;
use crate::extract::{Admin, Json, NoParameters, Query};
use crate::problem::Result;

/// Try all jobs again that a filter means and that failed or were cancelled. For admins.
///
/// As `POST /v1/jobs/{id}/retry` for each; other jobs are passed over. It is done in portions, the newest jobs first: where it breaks
/// off, what was done stays done.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `validation_failed`
#[utoipa::path(
    post, path = "/v1/jobs/retry", operation_id = "jobs_retry_matching", tag = "jobs",
    request_body(content = JobFilter, example = json!({"kind": "email.send", "state": "failed"})),
    responses(
        (status = 200, description = "For how many it was done", body = JobCount),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn retry_matching(
    _: Admin,
    app: Data<App>,
    _: Query<NoParameters>,
    Json(filter): Json<JobFilter>,
) -> Result<HttpResponse> {
    let count = bulk::run(&app, &filter, &[JobState::Failed, JobState::Cancelled], async |ids| {
        Ok(jobs::retry(&app.db.pool, ids).await?.into())
    })
    .await?;
    Ok(HttpResponse::Ok().json(JobCount { count }))
}

//! `POST /v1/jobs/discard`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::jobs::{JobCount, JobFilter, JobState};
use annex_openapi::problem::Problem as ProblemBody;

use super::bulk;
use super::store::jobs;
use crate::app::App;
use crate::extract::{Admin, Json, NoParameters, Query};
use crate::problem::Result;

/// Delete all jobs that a filter means and that have ended. For admins.
///
/// With their attempts, results and logs; their unique keys are free. It stops nothing: jobs that have not ended are passed over, and
/// so are those of a batch that runs. It is done in portions, the newest jobs first: where it breaks off, what was done stays done.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `validation_failed`
#[utoipa::path(
    post, path = "/v1/jobs/discard", operation_id = "jobs_discard_matching", tag = "jobs",
    request_body(content = JobFilter, example = json!({"state": "succeeded", "until": "2026-01-31T12:00:00Z"})),
    responses(
        (status = 200, description = "For how many it was done", body = JobCount),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn discard_matching(
    _: Admin,
    app: Data<App>,
    _: Query<NoParameters>,
    Json(filter): Json<JobFilter>,
) -> Result<HttpResponse> {
    let count = bulk::run(
        &app,
        &filter,
        &[JobState::Succeeded, JobState::Failed, JobState::Cancelled],
        async |ids| Ok(jobs::discard(&app.db.pool, ids).await?),
    )
    .await?;
    Ok(HttpResponse::Ok().json(JobCount { count }))
}

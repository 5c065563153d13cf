//! `POST /v1/jobs/cancel`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::jobs::{JobCount, JobFilter, JobState};
use annex_openapi::problem::Problem as ProblemBody;

use super::bulk;
use super::store::jobs;
use crate::app::App;
use crate::extract::{Admin, Json, NoParameters, Query};
use crate::problem::Result;

/// Stop all jobs that a filter means. For admins.
///
/// As `POST /v1/jobs/{id}/cancel` for each; jobs that have ended are passed over. It is done in portions, the newest jobs first: where
/// it breaks off, what was done stays done.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `validation_failed`
#[utoipa::path(
    post, path = "/v1/jobs/cancel", operation_id = "jobs_cancel_matching", tag = "jobs",
    request_body(content = JobFilter, example = json!({"kind": "email.send", "state": "ready"})),
    responses(
        (status = 200, description = "For how many it was done", body = JobCount),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn cancel_matching(
    _: Admin,
    app: Data<App>,
    _: Query<NoParameters>,
    Json(filter): Json<JobFilter>,
) -> Result<HttpResponse> {
    let count =
        bulk::run(&app, &filter, &[JobState::Scheduled, JobState::Ready, JobState::Running], async |ids| {
            Ok(jobs::cancel(&app.db.pool, ids).await?.into())
        })
        .await?;
    Ok(HttpResponse::Ok().json(JobCount { count }))
}

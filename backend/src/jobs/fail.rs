//! `POST /v1/jobs/{id}/fail`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::jobs::JobState;
use annex_openapi::jobs::leases::{FailRequest, JobFailed};
use annex_openapi::problem::Problem as ProblemBody;

use super::input::{Faults, has_nul};
use super::path::Id;
use super::store::{Outcome, jobs};
use crate::app::App;
use crate::extract::{Json, NoParameters, Query, Worker};
use crate::problem::{Problem, Result};

/// Say that an attempt failed. For workers and admins.
///
/// Where attempts are left the job is tried again, after as long as its backoff says. One that was asked to stop is `cancelled`.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `stale_lease`, `validation_failed`, `overloaded` where it is to be said again
#[utoipa::path(
    post, path = "/v1/jobs/{id}/fail", operation_id = "jobs_fail", tag = "workers",
    params(("id" = Uuid, Path, description = "The job's id", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")),
    request_body(content = FailRequest, example = json!({"lease_token": "17-1-0d9WQ3cXmJ5f2kTe", "error": {"message": "The mail server refused the address", "code": "address_refused"}})),
    responses(
        (status = 200, description = "What becomes of the job", body = JobFailed),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn fail(
    _: Worker,
    app: Data<App>,
    Id(id): Id,
    _: Query<NoParameters>,
    Json(said): Json<FailRequest>,
) -> Result<HttpResponse> {
    let token = app.jobs.leases.read(&said.lease_token)?;
    check(&said)?;
    token.held(&app, id).await?;
    let outcome = Outcome::Failed {
        error: serde_json::to_value(&said.error).map_err(Problem::internal)?,
        retry: said.retry.unwrap_or(true),
        delay: said.retry_in_seconds,
    };
    token.end(&app, outcome).await?;
    let job = jobs::read(&app.db.pool, &[id], true).await?.pop();
    let job = job.ok_or_else(|| Problem::internal("a job that failed is not there"))?;
    let run_at = job.run_at.filter(|_| job.state == JobState::Scheduled);
    Ok(HttpResponse::Ok().json(JobFailed { state: job.state, run_at }))
}

/// The largest error.
const MAX_ERROR: usize = 64 << 10;

fn check(said: &FailRequest) -> Result<()> {
    let mut faults = Faults::default();
    faults.seconds("", "retry_in_seconds", said.retry_in_seconds, 0.0);
    let error = serde_json::to_value(&said.error).map_err(Problem::internal)?;
    if said.error.message.is_empty() {
        faults.add("/error/message", "out_of_range", "`message` must have 1 character or more");
    } else if has_nul(&error) {
        faults.add("/error", "invalid", "`error` has a NUL character in it");
    } else if error.to_string().len() > MAX_ERROR {
        faults.add("/error", "out_of_range", format!("`error` is larger than {MAX_ERROR} bytes"));
    }
    faults.check()
}

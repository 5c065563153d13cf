//! `POST /v1/jobs/{id}/cancel`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::jobs::{Job, JobState};
use annex_openapi::problem::Problem as ProblemBody;

use super::no_such_job;
use super::path::Id;
use super::patience::patiently;
use super::store::jobs;
use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::{Code, Problem, Result};

/// Stop a job. For admins.
///
/// One that nobody works on is `cancelled` at once. Of one that runs `cancel_requested` is true from now on: its worker is told and
/// stops, and then it is `cancelled`; where the worker completes it first it has succeeded. One that is cancelled stays so.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `job_state_conflict`
#[utoipa::path(
    post, path = "/v1/jobs/{id}/cancel", operation_id = "jobs_cancel", tag = "jobs",
    params(("id" = Uuid, Path, description = "The job's id", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")),
    responses(
        (status = 200, description = "The job as it stands now", body = Job),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn cancel(_: Admin, app: Data<App>, Id(id): Id, _: Query<NoParameters>) -> Result<HttpResponse> {
    // On its way from one place to the next a job is in neither for the statement.
    for _ in 0..10 {
        patiently(async || jobs::cancel(&app.db.pool, &[id]).await).await?;
        let job = jobs::get(&app.db.pool, id).await?.ok_or_else(no_such_job)?;
        match job.state {
            JobState::Succeeded | JobState::Failed => {
                let detail = format!("The job has {} already", job.state.as_str());
                return Err(Problem::new(Code::JobStateConflict, detail));
            }
            JobState::Cancelled => return Ok(HttpResponse::Ok().json(job)),
            _ if job.cancel_requested => return Ok(HttpResponse::Ok().json(job)),
            _ => {}
        }
    }
    Err(Problem::new(Code::JobStateConflict, "The job does not stand still").with_retry_after(1))
}

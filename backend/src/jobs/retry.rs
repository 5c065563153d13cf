//! `POST /v1/jobs/{id}/retry`

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

/// Try a job again that failed or was cancelled. For admins.
///
/// It is in the line again at once, for one attempt more where it had all of them. A step whose own steps have not succeeded waits for them.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `job_state_conflict`
#[utoipa::path(
    post, path = "/v1/jobs/{id}/retry", operation_id = "jobs_retry", tag = "jobs",
    params(("id" = Uuid, Path, description = "The job's id", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")),
    responses(
        (status = 200, description = "The job as it stands now", body = Job),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn retry(_: Admin, app: Data<App>, Id(id): Id, _: Query<NoParameters>) -> Result<HttpResponse> {
    let tried = patiently(async || jobs::retry(&app.db.pool, &[id]).await).await?;
    let job = jobs::get(&app.db.pool, id).await?.ok_or_else(no_such_job)?;
    if tried == 0 {
        let detail = match job.state {
            JobState::Succeeded => "The job has succeeded".to_owned(),
            state => format!("The job has not ended: it is {}", state.as_str()),
        };
        return Err(Problem::new(Code::JobStateConflict, detail));
    }
    Ok(HttpResponse::Ok().json(job))
}

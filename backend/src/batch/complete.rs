//! `POST /v1/jobs/{id}/complete`: the end of a job, in one transaction with what came of it.

use actix_web::HttpResponse;
use annex_openapi::jobs::JobState;
use annex_openapi::jobs::leases::{CompleteRequest, JobCompleted};
use annex_openapi::problem::Problem as ProblemBody;
use serde_json::Value;

use super::plan::Plan;
use super::work::Completion;
use super::{answer, input, run};
use crate::extract::{JsonBytes, NoParameters, Query, Worker, check_numbers};
use crate::jobs::input::{Faults, MAX_ARGS};
use crate::jobs::path::Id;
use crate::jobs::store::Outcome;
use crate::problem::{Problem, Result};
use crate::records::request::Request;

/// Say that a job is done. For workers and admins.
///
/// It has succeeded when the answer is there. `operations` are done in the same transaction, under the rules that hold for the worker:
/// what a job writes like this is written once, however often the job is run.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `stale_lease`, `validation_failed`, `overloaded` where it is to be said again; those of the operations
#[utoipa::path(
    post, path = "/v1/jobs/{id}/complete", operation_id = "jobs_complete", tag = "workers",
    params(("id" = Uuid, Path, description = "The job's id", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")),
    request_body(content = CompleteRequest, example = json!({"lease_token": "17-1-0d9WQ3cXmJ5f2kTe", "result": {"pages": 10}, "operations": [
        {"method": "update", "collection": "books", "id": "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f", "body": {"pages": 10}}]})),
    responses(
        (status = 200, description = "It has succeeded", body = JobCompleted),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn complete(
    Worker(identity): Worker,
    request: Request,
    Id(id): Id,
    _: Query<NoParameters>,
    body: JsonBytes,
) -> Result<HttpResponse> {
    let ended = input::parse_end(&body.0)?;
    let token = request.app.jobs.leases.read(&ended.lease_token)?;
    check_numbers("/result", ended.result.map_or(b"null", |raw| raw.get().as_bytes()))?;
    let result: Option<Value> =
        ended.result.map(|raw| serde_json::from_str(raw.get())).transpose().map_err(Problem::internal)?;
    let mut faults = Faults::default();
    faults.json("", "result", result.as_ref(), MAX_ARGS);
    faults.check()?;
    token.held(&request.app, id).await?;
    if ended.operations.is_empty() {
        token.end(&request.app, Outcome::Succeeded(result)).await?;
        return Ok(HttpResponse::Ok().json(JobCompleted { state: JobState::Succeeded, results: Vec::new() }));
    }
    let completion = Completion { lease: token.lease, position: token.position, result: ended.result };
    request
        .attempt(async |view| {
            let mut plan = Plan::new(view, &ended.operations, Ok(identity.user_id));
            run::run(&mut plan, Some(&completion)).await?;
            let mut out = b"{\"state\":\"succeeded\",\"results\":".to_vec();
            answer::write_results(&mut out, &plan, false);
            out.push(b'}');
            Ok(HttpResponse::Ok().content_type("application/json").body(out))
        })
        .await
}

//! `POST /v1/jobs/{id}/complete`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::jobs::JobState;
use annex_openapi::jobs::leases::{CompleteRequest, JobCompleted};
use annex_openapi::problem::Problem as ProblemBody;

use super::input::{Faults, MAX_ARGS};
use super::lease::{Token, stale};
use super::path::Id;
use super::patience::patiently;
use super::store::{self, Finish, Outcome};
use crate::app::App;
use crate::extract::{Json, NoParameters, Query, Worker};
use crate::problem::Result;

/// Say that a job is done. For workers and admins.
///
/// It has succeeded when the answer is there.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `stale_lease`, `validation_failed`
#[utoipa::path(
    post, path = "/v1/jobs/{id}/complete", operation_id = "jobs_complete", tag = "workers",
    params(("id" = Uuid, Path, description = "The job's id", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")),
    request_body(content = CompleteRequest, example = json!({"lease_token": "17-1", "result": {"message_id": "7"}})),
    responses(
        (status = 200, description = "It has succeeded", body = JobCompleted),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn complete(
    _: Worker,
    app: Data<App>,
    Id(id): Id,
    _: Query<NoParameters>,
    Json(said): Json<CompleteRequest>,
) -> Result<HttpResponse> {
    let token = Token::parse(&said.lease_token)?;
    let mut faults = Faults::default();
    faults.json("", "result", said.result.as_ref(), MAX_ARGS);
    if said.operations.as_ref().is_some_and(|operations| !operations.is_empty()) {
        faults.add("/operations", "not_allowed", "there are no `operations` yet");
    }
    faults.check()?;
    token.held(&app, id).await?;
    let finish =
        [Finish { lease: token.lease, position: token.position, outcome: Outcome::Succeeded(said.result) }];
    let refused = patiently(async || store::finish(&app.db.pool, &finish).await).await?;
    if !refused.is_empty() {
        return Err(stale());
    }
    Ok(HttpResponse::Ok().json(JobCompleted { state: JobState::Succeeded, results: Vec::new() }))
}

//! `POST /v1/batches/{id}/jobs`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::jobs::batches::{JobBatch, JobBatchAdd};
use annex_openapi::problem::Problem as ProblemBody;

use super::graph::Graph;
use super::{check, enqueue, no_such_batch, read};
use crate::app::App;
use crate::extract::{Admin, Json, NoParameters, Query};
use crate::jobs::path::Id;
use crate::jobs::patience::{Failed, patiently};
use crate::jobs::store::batches;
use crate::problem::{Code, Problem, Result};

/// Add jobs to a batch that runs. For admins.
///
/// They may need steps that it has. A batch whose jobs have all ended takes no more.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `validation_failed`, `job_state_conflict`
#[utoipa::path(
    post, path = "/v1/batches/{id}/jobs", operation_id = "batches_add", tag = "batches",
    params(("id" = Uuid, Path, description = "The batch's id", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")),
    request_body(content = JobBatchAdd, example = json!({"jobs": [{"step": "upload", "needs": ["resize"], "job": {"kind": "image.upload"}}]})),
    responses(
        (status = 200, description = "The batch", body = JobBatch),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn add(
    Admin(identity): Admin,
    app: Data<App>,
    Id(id): Id,
    _: Query<NoParameters>,
    Json(sent): Json<JobBatchAdd>,
) -> Result<HttpResponse> {
    check(&app, &sent.jobs, None).await?;
    let names: Vec<&str> = sent
        .jobs
        .iter()
        .flat_map(|job| job.step.iter().chain(job.needs.iter().flatten()))
        .map(String::as_str)
        .collect();
    patiently(async || {
        let mut transaction = crate::db::begin(&app.db.pool).await?;
        // From here on no step of the batch ends unseen.
        match batches::grow(&mut transaction, id, sent.jobs.len() as i32).await? {
            None => return Err(Failed::Problem(no_such_batch())),
            Some(false) => {
                return Err(Failed::Problem(Problem::new(
                    Code::JobStateConflict,
                    "All jobs of the batch have ended",
                )));
            }
            Some(true) => {}
        }
        let there = batches::steps_named(&mut *transaction, id, &names).await?;
        let graph = Graph::of(&sent.jobs, &there)?;
        enqueue(&mut transaction, id, &sent.jobs, &graph, identity.user_id).await?;
        transaction.commit().await?;
        Ok(())
    })
    .await?;
    Ok(HttpResponse::Ok().json(read(&app, id).await?))
}

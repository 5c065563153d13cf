//! `GET /v1/batches/{id}`

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::jobs::batches::JobBatch;
use annex_openapi::problem::Problem as ProblemBody;

use super::read;
use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::jobs::path::Id;
use crate::problem::Result;

/// Read a batch, with its steps. For admins.
///
/// All its jobs are in `GET /v1/jobs?batch=`.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    get, path = "/v1/batches/{id}", operation_id = "batches_get", tag = "batches",
    params(("id" = Uuid, Path, description = "The batch's id", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")),
    responses(
        (status = 200, description = "The batch", body = JobBatch),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(_: Admin, app: Data<App>, Id(id): Id, _: Query<NoParameters>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(read(&app, id).await?))
}

//! `POST /v1/batches/{id}/cancel`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::jobs::JobFilter;
use annex_openapi::jobs::batches::JobBatch;
use annex_openapi::problem::Problem as ProblemBody;

use super::{no_such_batch, read};
use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::jobs::bulk::Bulk;
use crate::jobs::cancel_matching::Cancel;
use crate::jobs::path::Id;
use crate::jobs::store::batches;
use crate::problem::Result;

/// Stop all jobs of a batch. For admins.
///
/// As `POST /v1/jobs/{id}/cancel` for each that has not ended. Those that run end when their workers stop.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    post, path = "/v1/batches/{id}/cancel", operation_id = "batches_cancel", tag = "batches",
    params(("id" = Uuid, Path, description = "The batch's id", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")),
    responses(
        (status = 200, description = "The batch as it stands now", body = JobBatch),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn cancel(_: Admin, app: Data<App>, Id(id): Id, _: Query<NoParameters>) -> Result<HttpResponse> {
    if !batches::exists(&app.db.pool, id).await? {
        return Err(no_such_batch());
    }
    let filter = JobFilter { batch: Some(id), ..JobFilter::default() };
    Bulk::<Cancel>::all(&app, filter).await?;
    Ok(HttpResponse::Ok().json(read(&app, id).await?))
}

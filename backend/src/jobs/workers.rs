//! `GET /v1/workers`

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::jobs::workers::WorkerPage;
use annex_openapi::problem::Problem as ProblemBody;

use super::store::queues;
use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::Result;

/// List who works on jobs: the workers of servers, and those over HTTP that have jobs now. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`
#[utoipa::path(
    get, path = "/v1/workers", operation_id = "workers_list", tag = "workers",
    responses(
        (status = 200, description = "The workers", body = WorkerPage),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn workers(_: Admin, app: Data<App>, _: Query<NoParameters>) -> Result<HttpResponse> {
    let items = queues::workers(&app.db.pool).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(WorkerPage { items, next_cursor: None }))
}

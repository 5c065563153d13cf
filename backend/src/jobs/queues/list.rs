//! `GET /v1/queues`

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::jobs::queues::QueuePage;
use annex_openapi::problem::Problem as ProblemBody;

use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::jobs::patience::patiently;
use crate::jobs::store::queues;
use crate::problem::Result;

/// List the queues, their limits and how many of their jobs stand where. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`
#[utoipa::path(
    get, path = "/v1/queues", operation_id = "queues_list", tag = "queues",
    responses(
        (status = 200, description = "The queues", body = QueuePage),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn list(_: Admin, app: Data<App>, _: Query<NoParameters>) -> Result<HttpResponse> {
    let items = patiently(async || queues::list(&app.db.pool, None).await).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(QueuePage { items, next_cursor: None }))
}

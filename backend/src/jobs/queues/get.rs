//! `GET /v1/queues/{queue}`

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::Data;
use annex_openapi::jobs::queues::Queue;
use annex_openapi::problem::Problem as ProblemBody;

use super::read;
use crate::app::App;
use crate::extract::{Admin, Name, NoParameters, Query};
use crate::problem::Result;

/// Read a queue. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    get, path = "/v1/queues/{queue}", operation_id = "queues_get", tag = "queues",
    params(("queue" = String, Path, description = "The queue's name", example = "default")),
    responses(
        (status = 200, description = "The queue", body = Queue, headers(("ETag" = String, description = "Names its settings, for `If-Match`"))),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(_: Admin, app: Data<App>, Name(name): Name, _: Query<NoParameters>) -> Result<HttpResponse> {
    let (queue, tag) = read(&app, &name).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).insert_header((ETAG, tag)).json(queue))
}

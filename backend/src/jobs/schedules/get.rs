//! `GET /v1/schedules/{name}`

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::Data;
use annex_openapi::jobs::schedules::Schedule;
use annex_openapi::problem::Problem as ProblemBody;

use super::read;
use crate::app::App;
use crate::extract::{Admin, Name, NoParameters, Query};
use crate::problem::Result;

/// Read a schedule, with its next times. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    get, path = "/v1/schedules/{name}", operation_id = "schedules_get", tag = "schedules",
    params(("name" = String, Path, description = "The schedule's name", example = "nightly")),
    responses(
        (status = 200, description = "The schedule", body = Schedule, headers(("ETag" = String, description = "Names its settings, for `If-Match`"))),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(_: Admin, app: Data<App>, Name(name): Name, _: Query<NoParameters>) -> Result<HttpResponse> {
    let (schedule, tag) = read(&app, &name).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((ETAG, tag))
        .json(schedule))
}

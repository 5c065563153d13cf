//! `GET /v1/job-kinds/{kind}`

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::Data;
use annex_openapi::jobs::kinds::JobKind;
use annex_openapi::problem::Problem as ProblemBody;

use super::{read, tag};
use crate::app::App;
use crate::extract::{Admin, Name, NoParameters, Query};
use crate::problem::Result;

/// Read a kind of jobs. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    get, path = "/v1/job-kinds/{kind}", operation_id = "job_kinds_get", tag = "job_kinds",
    params(("kind" = String, Path, description = "The kind's name", example = "email.send")),
    responses(
        (status = 200, description = "The kind", body = JobKind, headers(("ETag" = String, description = "Names its settings, for `If-Match`"))),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(_: Admin, app: Data<App>, Name(name): Name, _: Query<NoParameters>) -> Result<HttpResponse> {
    let kind = read(&app, &name).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((ETAG, tag(&kind)))
        .json(kind))
}

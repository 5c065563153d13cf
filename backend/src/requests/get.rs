//! `GET /v1/requests/{id}`

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::requests::LoggedRequest;
use uuid::Uuid;

use super::flush;
use super::store;
use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::{Problem, Result};
use crate::telemetry::Counters;

/// Read a request that was answered. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    get, path = "/v1/requests/{id}", operation_id = "requests_get", tag = "system",
    params(("id" = String, Path, description = "Its `id`, or its `request_id`; where a client gave that to many, the last of them", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")),
    responses(
        (status = 200, description = "The request", body = LoggedRequest),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(
    _: Admin,
    app: Data<App>,
    counters: Data<Counters>,
    id: Path<String>,
    _: Query<NoParameters>,
) -> Result<HttpResponse> {
    flush(&app, &counters).await?;
    let request = store::get(&app.db.pool, Uuid::parse_str(&id).ok(), &id.replace('\0', "")).await?;
    let request = request.ok_or_else(|| Problem::not_found("such request in the log"))?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(request))
}

//! `GET /v1/webhooks/{id}`

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::{Data, Path};
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::webhooks::Webhook;

use super::{missing, parse_id, store, tag};
use crate::app::App;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::Result;

/// Read a webhook. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    get, path = "/v1/webhooks/{id}", operation_id = "webhooks_get", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook")),
    responses(
        (status = 200, description = "The webhook", body = Webhook),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(_: Admin, app: Data<App>, id: Path<String>, _: Query<NoParameters>) -> Result<HttpResponse> {
    let id = parse_id(&id)?;
    let webhook = store::list(&app.db.pool, Some(id), None, 1).await?.pop().ok_or_else(missing)?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((ETAG, tag(&webhook)))
        .json(webhook))
}

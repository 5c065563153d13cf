//! `GET /v1/triggers/{name}`

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::triggers::Trigger;

use super::{missing, store, tag};
use crate::app::App;
use crate::extract::{Admin, Name, NoParameters, Query};
use crate::problem::Result;

/// Read a trigger. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    get, path = "/v1/triggers/{name}", operation_id = "triggers_get", tag = "triggers",
    params(("name" = String, Path, description = "The trigger's name", pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "thumbnails")),
    responses(
        (status = 200, description = "The trigger", body = Trigger),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(_: Admin, app: Data<App>, Name(name): Name, _: Query<NoParameters>) -> Result<HttpResponse> {
    let trigger =
        store::list(&app.db.pool, Some(&name), None, 1).await?.pop().ok_or_else(|| missing(&name))?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((ETAG, tag(&trigger)))
        .json(trigger))
}

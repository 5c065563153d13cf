//! `GET /v1/hooks/{name}`

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::Data;
use annex_openapi::hooks::Hook;
use annex_openapi::problem::Problem as ProblemBody;

use super::input::no_such_hook;
use super::{store, tag};
use crate::app::App;
use crate::extract::{Admin, Name, NoParameters, Query};
use crate::problem::Result;

/// Read a hook. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    get, path = "/v1/hooks/{name}", operation_id = "hooks_get", tag = "hooks",
    params(("name" = String, Path, description = "The hook's name", pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "check-isbn")),
    responses(
        (status = 200, description = "The hook", body = Hook, headers(("ETag" = String, description = "Names its settings, for `If-Match`"))),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(_: Admin, app: Data<App>, Name(name): Name, _: Query<NoParameters>) -> Result<HttpResponse> {
    let hook = store::list(&app.db.pool, Some(&name)).await?.pop().ok_or_else(|| no_such_hook(&name))?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((ETAG, tag(&hook)))
        .json(hook))
}

//! `POST /v1/hooks/{name}/rotate`

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use annex_openapi::hooks::Hook;
use annex_openapi::problem::Problem as ProblemBody;

use super::input::no_such_hook;
use super::store;
use crate::app::App;
use crate::extract::{Admin, Name, NoParameters, Query};
use crate::problem::Result;

/// Give a hook another secret, which the answer has; calls are signed with it from now on. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    post, path = "/v1/hooks/{name}/rotate", operation_id = "hooks_rotate", tag = "hooks",
    params(("name" = String, Path, description = "The hook's name", pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "check-isbn")),
    responses(
        (status = 200, description = "The hook with its new secret", body = Hook),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn rotate(
    _: Admin,
    app: Data<App>,
    Name(name): Name,
    _: Query<NoParameters>,
) -> Result<HttpResponse> {
    let secret = app.random.bytes::<32>();
    let hook = store::rotate(&app.db.pool, &name, &secret, app.clock.now()).await?;
    let hook = hook.ok_or_else(|| no_such_hook(&name))?;
    app.catalogue.refresh_now(&app.db.pool).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(hook))
}

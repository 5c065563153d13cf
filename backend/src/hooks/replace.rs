//! `PUT /v1/hooks/{name}`

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::web::Data;
use annex_openapi::hooks::{Hook, HookReplace};
use annex_openapi::problem::Problem as ProblemBody;

use super::input::{check, refused};
use super::{store, tag};
use crate::app::App;
use crate::extract::{Admin, IfMatch, Json, Name, NoParameters, Query};
use crate::problem::Result;

/// Say how a hook is to be; it is made where there is none. For admins.
///
/// From then on the program at its URL is asked before something is written: with a `POST` of a `HookCall`, signed as the Standard
/// Webhooks specification says with the `secret` that the answer has where the hook is new. It answers 204 to let it go on, or 200 with
/// a `HookAnswer` that refuses or says what is to be written instead. Writes by a filter and imports are refused where a hook would have
/// to be asked about them.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `precondition_failed`, `validation_failed`
#[utoipa::path(
    put, path = "/v1/hooks/{name}", operation_id = "hooks_replace", tag = "hooks",
    params(("name" = String, Path, description = "The hook's name", pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "check-isbn"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the settings must still have, or `*` for any", example = "\"6c8f0f3a5d1b2e47\""),
    ),
    request_body(content = HookReplace, example = json!({"events": ["create", "update"], "collection": "books", "url": "https://example.com/hooks/isbn"})),
    responses(
        (status = 200, description = "The hook", body = Hook),
        (status = 201, description = "The hook, which is new, with its secret", body = Hook),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn replace(
    _: Admin,
    app: Data<App>,
    Name(name): Name,
    wanted: IfMatch,
    _: Query<NoParameters>,
    Json(hook): Json<HookReplace>,
) -> Result<HttpResponse> {
    check(&hook)?;
    let secret = app.random.bytes::<32>();
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    let before = store::hold(&mut *transaction, &name).await?;
    wanted.check(before.as_ref().map(tag).as_deref())?;
    let hook =
        store::replace(&mut *transaction, &name, &hook, &secret, app.clock.now()).await.map_err(refused)?;
    transaction.commit().await?;
    app.catalogue.refresh_now(&app.db.pool).await?;
    let mut response = if hook.secret.is_some() { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.insert_header((CACHE_CONTROL, "no-store")).insert_header((ETAG, tag(&hook))).json(hook))
}

//! `PATCH /v1/hooks/{name}`

use actix_web::HttpResponse;
use actix_web::http::header::ETAG;
use actix_web::web::Data;
use annex_openapi::hooks::{Hook, HookReplace, HookUpdate};
use annex_openapi::problem::Problem as ProblemBody;

use super::input::{check, no_such_hook, refused};
use super::{store, tag};
use crate::app::App;
use crate::extract::{Admin, IfMatch, Json, Name, NoParameters, Query};
use crate::problem::Result;

/// Change a hook, or stop asking it. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `precondition_failed`, `validation_failed`
#[utoipa::path(
    patch, path = "/v1/hooks/{name}", operation_id = "hooks_update", tag = "hooks",
    params(("name" = String, Path, description = "The hook's name", pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "check-isbn"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the settings must still have, or `*` for any", example = "\"6c8f0f3a5d1b2e47\""),
    ),
    request_body(content = HookUpdate, example = json!({"enabled": false})),
    responses(
        (status = 200, description = "The hook", body = Hook),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn update(
    _: Admin,
    app: Data<App>,
    Name(name): Name,
    wanted: IfMatch,
    _: Query<NoParameters>,
    Json(change): Json<HookUpdate>,
) -> Result<HttpResponse> {
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    let held = store::hold(&mut *transaction, &name).await?.ok_or_else(|| no_such_hook(&name))?;
    wanted.check(Some(&tag(&held)))?;
    let hook = HookReplace {
        events: change.events.unwrap_or(held.events),
        collection: change.collection.unwrap_or(held.collection),
        url: change.url.unwrap_or(held.url),
        timeout_ms: Some(change.timeout_ms.unwrap_or(held.timeout_ms)),
        on_failure: change.on_failure.unwrap_or(held.on_failure),
        enabled: Some(change.enabled.unwrap_or(held.enabled)),
    };
    check(&hook)?;
    let hook =
        store::replace(&mut *transaction, &name, &hook, &[], app.clock.now()).await.map_err(refused)?;
    transaction.commit().await?;
    app.catalogue.refresh_now(&app.db.pool).await?;
    Ok(HttpResponse::Ok().insert_header((ETAG, tag(&hook))).json(hook))
}

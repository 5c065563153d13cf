//! `DELETE /v1/hooks/{name}`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;

use super::input::no_such_hook;
use super::{store, tag};
use crate::app::App;
use crate::extract::{Admin, IfMatch, Name, NoParameters, Query};
use crate::problem::Result;

/// Forget a hook: it is not asked any more. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `precondition_failed`
#[utoipa::path(
    delete, path = "/v1/hooks/{name}", operation_id = "hooks_delete", tag = "hooks",
    params(("name" = String, Path, description = "The hook's name", pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "check-isbn"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the settings must still have, or `*` for any", example = "\"6c8f0f3a5d1b2e47\""),
    ),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn delete(
    _: Admin,
    app: Data<App>,
    Name(name): Name,
    wanted: IfMatch,
    _: Query<NoParameters>,
) -> Result<HttpResponse> {
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    let before = store::hold(&mut *transaction, &name).await?.ok_or_else(|| no_such_hook(&name))?;
    wanted.check(Some(&tag(&before)))?;
    store::delete(&mut *transaction, &name).await?;
    transaction.commit().await?;
    app.catalogue.refresh_now(&app.db.pool).await?;
    Ok(HttpResponse::NoContent().finish())
}

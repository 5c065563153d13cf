//! `DELETE /v1/channels/{name}`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;

use super::{counts, no_such_channel, store, tag, told};
use crate::app::App;
use crate::extract::{Admin, IfMatch, Name, NoParameters, Query};
use crate::problem::Result;

/// Forget a channel: whoever has joined one of its topics is told nothing more. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `precondition_failed`
#[utoipa::path(
    delete, path = "/v1/channels/{name}", operation_id = "channels_delete", tag = "channels",
    params(("name" = String, Path, description = "The channel's name", pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "rooms"),
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
    let row = store::hold(&mut *transaction, &name).await?.ok_or_else(|| no_such_channel(&name))?;
    wanted.check(Some(&tag(&told(row, &app.catalogue.snapshot()))))?;
    store::delete(&mut *transaction, &name).await?;
    transaction.commit().await?;
    counts(&app, &name).await?;
    Ok(HttpResponse::NoContent().finish())
}

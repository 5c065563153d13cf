//! `DELETE /v1/schedules/{name}`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;

use super::{no_schedule, tag};
use crate::app::App;
use crate::extract::{Admin, IfMatch, Name, NoParameters, Query};
use crate::jobs::store::schedules;
use crate::problem::Result;

/// Forget a schedule. For admins.
///
/// Jobs that it has enqueued stay as they are.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `precondition_failed`
#[utoipa::path(
    delete, path = "/v1/schedules/{name}", operation_id = "schedules_delete", tag = "schedules",
    params(("name" = String, Path, description = "The schedule's name", example = "nightly"),
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
    let before = schedules::hold(&mut *transaction, &name).await?.ok_or_else(|| no_schedule(&name))?;
    wanted.check(Some(&tag(&before)))?;
    schedules::delete(&mut *transaction, &name).await?;
    transaction.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

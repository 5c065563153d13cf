//! `DELETE /v1/job-kinds/{kind}`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;

use super::{no_kind, of_the_program, tag};
use crate::app::App;
use crate::extract::{Admin, IfMatch, Name, NoParameters, Query};
use crate::jobs::store::kinds;
use crate::problem::Result;

/// Forget a kind of jobs. For admins.
///
/// Its jobs stay as they are, and there may be new ones: a kind needs no description.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `precondition_failed`, `conflict`
#[utoipa::path(
    delete, path = "/v1/job-kinds/{kind}", operation_id = "job_kinds_delete", tag = "job_kinds",
    params(("kind" = String, Path, description = "The kind's name", example = "email.send"),
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
    let before = kinds::hold(&mut *transaction, &name).await?.ok_or_else(|| no_kind(&name))?;
    wanted.check(Some(&tag(&before)))?;
    if !kinds::delete(&mut *transaction, &name).await? {
        return Err(of_the_program(&name));
    }
    transaction.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

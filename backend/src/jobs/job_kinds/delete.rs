//! `DELETE /v1/job-kinds/{kind}`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;

use super::{of_the_program, read};
use crate::app::App;
use crate::extract::{Admin, Name, NoParameters, Query};
use crate::jobs::store::kinds;
use crate::problem::Result;

/// Forget a kind of jobs. For admins.
///
/// Its jobs stay as they are, and there may be new ones: a kind needs no description.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `conflict`
#[utoipa::path(
    delete, path = "/v1/job-kinds/{kind}", operation_id = "job_kinds_delete", tag = "job_kinds",
    params(("kind" = String, Path, description = "The kind's name", example = "email.send")),
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
    _: Query<NoParameters>,
) -> Result<HttpResponse> {
    if !kinds::delete(&app.db.pool, &name).await? {
        read(&app, &name).await?;
        return Err(of_the_program(&name));
    }
    Ok(HttpResponse::NoContent().finish())
}

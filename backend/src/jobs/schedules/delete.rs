//! `DELETE /v1/schedules/{name}`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;

use super::no_schedule;
use crate::app::App;
use crate::extract::{Admin, Name, NoParameters, Query};
use crate::jobs::store::schedules;
use crate::problem::Result;

/// Forget a schedule. For admins.
///
/// Jobs that it has enqueued stay as they are.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    delete, path = "/v1/schedules/{name}", operation_id = "schedules_delete", tag = "schedules",
    params(("name" = String, Path, description = "The schedule's name", example = "nightly")),
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
    if !schedules::delete(&app.db.pool, &name).await? {
        return Err(no_schedule(&name));
    }
    Ok(HttpResponse::NoContent().finish())
}

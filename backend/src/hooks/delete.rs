//! `DELETE /v1/hooks/{name}`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;

use super::input::no_such_hook;
use super::store;
use crate::app::App;
use crate::extract::{Admin, Name, NoParameters, Query};
use crate::problem::Result;

/// Forget a hook: it is not asked any more. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    delete, path = "/v1/hooks/{name}", operation_id = "hooks_delete", tag = "hooks",
    params(("name" = String, Path, description = "The hook's name", pattern = "^[a-z][a-z0-9_.-]{0,62}$", example = "check-isbn")),
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
    if !store::delete(&app.db.pool, &name).await? {
        return Err(no_such_hook(&name));
    }
    app.catalogue.refresh_now(&app.db.pool).await?;
    Ok(HttpResponse::NoContent().finish())
}

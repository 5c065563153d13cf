//! `GET /v1/users/{id}`

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use annex_openapi::auth::User;
use annex_openapi::problem::Problem as ProblemBody;

use super::{missing, parse_id};
use crate::app::App;
use crate::auth::store::users as store;
use crate::extract::Admin;
use crate::problem::Result;

/// Read an account. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    get, path = "/v1/users/{id}", operation_id = "users_get", tag = "users",
    params(("id" = Uuid, Path, description = "The account")),
    responses(
        (status = 200, description = "The account", body = User),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(_: Admin, app: Data<App>, id: Path<String>) -> Result<HttpResponse> {
    let user = store::get(&app.db.pool, parse_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(user.ok_or_else(missing)?))
}

//! `GET /v1/auth/me`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::auth::User;
use annex_openapi::problem::Problem as ProblemBody;

use super::store::users as store;
use crate::app::App;
use crate::extract::SignedIn;
use crate::problem::{Problem, Result};

/// Read the account that is signed in.
///
/// # Errors
/// `unauthenticated`, `invalid_token`
#[utoipa::path(
    get, path = "/v1/auth/me", operation_id = "auth_me", tag = "auth",
    responses(
        (status = 200, description = "The account", body = User),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn me(SignedIn(caller): SignedIn, app: Data<App>) -> Result<HttpResponse> {
    let user = store::get(&app.db.pool, caller.user_id).await?;
    let user = user.ok_or_else(|| Problem::not_found("such account any more"))?;
    Ok(HttpResponse::Ok().json(user))
}

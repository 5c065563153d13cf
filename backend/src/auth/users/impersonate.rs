//! `POST /v1/users/{id}/impersonate`

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, http::header::CACHE_CONTROL};
use annex_openapi::auth::Impersonation;
use annex_openapi::problem::Problem as ProblemBody;

use super::{missing, parse_id};
use crate::app::App;
use crate::auth::session;
use crate::auth::store::users as store;
use crate::extract::{ADMIN, Admin, Client};
use crate::problem::{Code, Problem, Result};

/// Act as an account, for 15 minutes. For admins.
///
/// The token is good for what the account may do by itself, but not for its password and its other sessions. It ends
/// with the admin's own session. The account's sessions show it, with the admin's id. An admin's account is refused.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden` also where the account is an admin's, `not_found`, `conflict` where the
/// account is disabled
#[utoipa::path(
    post, path = "/v1/users/{id}/impersonate", operation_id = "users_impersonate", tag = "users",
    params(("id" = Uuid, Path, description = "The account")),
    responses(
        (status = 200, description = "A token that acts as the account", body = Impersonation),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn impersonate(
    Admin(admin): Admin,
    app: Data<App>,
    client: Client,
    id: Path<String>,
) -> Result<HttpResponse> {
    let user = store::get(&app.db.pool, parse_id(&id)?).await?.ok_or_else(missing)?;
    if user.disabled {
        return Err(Problem::new(Code::Conflict, "The account is disabled, and can do nothing"));
    }
    if user.roles.iter().any(|role| role == ADMIN) {
        return Err(Problem::new(Code::Forbidden, "An admin's account cannot be impersonated")
            .with_hint("No rule holds for admins: your own account may do the same"));
    }
    let token = session::impersonate(&app, &client, user, &admin).await?;
    tracing::info!(admin = %admin.user_id, user = %token.user.id, session = %token.session_id, "an admin acts as an account");
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(token))
}

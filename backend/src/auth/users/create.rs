//! `POST /v1/users`

use actix_web::web::Data;
use actix_web::{HttpResponse, http::header::LOCATION};
use annex_openapi::auth::{User, UserCreate};
use annex_openapi::problem::Problem as ProblemBody;

use super::roles;
use crate::app::App;
use crate::auth::email::Email;
use crate::auth::password::Password;
use crate::auth::register::display_name;
use crate::auth::store::account_problem;
use crate::auth::store::users::{self as store, NewUser};
use crate::extract::{Admin, Json};
use crate::problem::{Problem, Result};

/// Make an account for somebody. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `validation_failed`, `email_taken`
#[utoipa::path(
    post, path = "/v1/users", operation_id = "users_create", tag = "users",
    request_body = UserCreate,
    responses(
        (status = 201, description = "The account", body = User, headers(("Location" = String, description = "Where it is"))),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn create(_: Admin, app: Data<App>, Json(body): Json<UserCreate>) -> Result<HttpResponse> {
    let refuse = |error| Problem::validation(vec![error]);
    let email = Email::member(&body.email).map_err(refuse)?;
    let password = body.password.as_deref().map(|text| Password::member("password", text, &email));
    let display_name = body.display_name.as_deref().map(display_name).transpose().map_err(refuse)?;
    let roles = roles::parse(&body.roles).map_err(refuse)?;
    let hash = match password.transpose().map_err(refuse)? {
        Some(password) => Some(app.auth.hasher.hash(&password).await?),
        None => None,
    };
    let new = NewUser {
        id: app.clock.uuid_v7(),
        email: &email,
        password_hash: hash.as_deref(),
        display_name,
        verified: body.verified,
        roles: &roles,
        now: app.clock.now(),
    };
    let mut connection = app.db.pool.acquire().await?;
    let user = store::insert(&mut connection, &new).await.map_err(account_problem)?;
    Ok(HttpResponse::Created().insert_header((LOCATION, format!("/v1/users/{}", user.id))).json(user))
}

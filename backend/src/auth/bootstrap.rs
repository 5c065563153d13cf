//! `POST /v1/auth/bootstrap`

use actix_web::web::Data;
use actix_web::{HttpResponse, http::header::CACHE_CONTROL};
use annex_openapi::auth::{BootstrapRequest, TokenResponse};
use annex_openapi::problem::Problem as ProblemBody;

use super::password::Password;
use super::store::{self, users::NewUser};
use super::{session, setup};
use crate::app::App;
use crate::extract::{ADMIN, Client, Json, same_secret};
use crate::problem::{Code, Problem, Result};

/// Make the first admin, with the one-time token of the server's start.
///
/// # Errors
/// `already_set_up`, `invalid_token`, `validation_failed`, `email_taken`, `too_many_requests`
#[utoipa::path(
    post, path = "/v1/auth/bootstrap", operation_id = "auth_bootstrap", tag = "auth",
    request_body = BootstrapRequest,
    responses(
        (status = 201, description = "The admin was made, and is signed in", body = TokenResponse),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub async fn bootstrap(
    app: Data<App>,
    client: Client,
    Json(body): Json<BootstrapRequest>,
) -> Result<HttpResponse> {
    let attempt = app.auth.throttle.attempt(client.address, None, app.clock.now())?;
    let (email, password) = Password::members(&body.email, &body.password).map_err(Problem::validation)?;
    // Asked before the password is hashed, so that nobody without the token has that done.
    let mut connection = app.db.pool.acquire().await?;
    check(&mut connection, &body.token).await?;
    let hash = app.auth.hasher.hash(&password).await?;

    let mut transaction = sqlx::Connection::begin(&mut *connection).await?;
    store::setup::lock(&mut transaction).await?;
    // Another may have been first while this one waited for the lock.
    check(&mut transaction, &body.token).await?;
    let admin = NewUser {
        id: app.clock.uuid_v7(),
        email: &email,
        password_hash: Some(&hash),
        display_name: None,
        verified: true,
        roles: &[ADMIN.to_owned()],
        now: app.clock.now(),
    };
    let admin = store::users::insert(&mut transaction, &admin).await.map_err(store::account_problem)?;
    store::setup::forget_token(&mut transaction).await?;
    let tokens = session::begin(&app, &mut transaction, &client, admin).await?;
    transaction.commit().await?;
    attempt.succeeded();
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(tokens))
}

async fn check(connection: &mut sqlx::PgConnection, token: &str) -> Result<()> {
    if store::setup::has_admin(connection).await? {
        return Err(Problem::new(Code::AlreadySetUp, "There is an admin, who can make others")
            .with_hint("Sign in with POST /v1/auth/login"));
    }
    let kept = store::setup::token(connection).await?.unwrap_or_default();
    if same_secret(&kept, &setup::hash(token)) {
        return Ok(());
    }
    Err(Problem::new(Code::InvalidToken, "The one-time token is not the newest one")
        .with_hint("It is on the terminal or in the log of the server, and changes at every start"))
}

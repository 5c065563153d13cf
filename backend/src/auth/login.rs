//! `POST /v1/auth/login`

use actix_web::web::Data;
use actix_web::{HttpResponse, http::header::CACHE_CONTROL};
use annex_openapi::auth::{LoginRequest, TokenResponse, User};
use annex_openapi::problem::Problem as ProblemBody;

use super::email::Email;
use super::password::{Attempt, Outcome};
use super::{session, store::users as store};
use crate::app::App;
use crate::extract::{Client, Json};
use crate::problem::{Code, Problem, Result};

/// Sign in with a password.
///
/// An account that does not exist is refused in the same words and the same time as a wrong password.
///
/// # Errors
/// `invalid_credentials`, `forbidden` where the account is disabled, `validation_failed`, `too_many_requests`
#[utoipa::path(
    post, path = "/v1/auth/login", operation_id = "auth_login", tag = "auth",
    request_body = LoginRequest,
    responses(
        (status = 200, description = "Signed in", body = TokenResponse),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub async fn login(app: Data<App>, client: Client, Json(body): Json<LoginRequest>) -> Result<HttpResponse> {
    let email = Email::member(&body.email).map_err(|error| Problem::validation(vec![error]))?;
    let attempt = app.auth.throttle.attempt(client.address, Some(&email), app.clock.now())?;
    let password = Attempt::new(&body.password);
    // Once more where the account changed after it was read: a stronger hash of the same password is no other one.
    for _ in 0..2 {
        let (user, hash) = right_user(&app, &email, &password).await?;
        if user.disabled {
            attempt.succeeded();
            return Err(Problem::new(Code::Forbidden, "The account is disabled"));
        }
        let mut transaction = crate::db::begin(&app.db.pool).await?;
        if store::hold(&mut transaction, user.id, &hash).await? {
            let tokens = session::begin(&app, &mut transaction, &client, user).await?;
            transaction.commit().await?;
            attempt.succeeded();
            return Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(tokens));
        }
    }
    Err(wrong())
}

/// The account of that address and the hash that its password has, where that is its password. Both ways of being
/// wrong look and last the same.
async fn right_user(app: &App, email: &Email, password: &Attempt) -> Result<(User, String)> {
    let account = store::account(&app.db.pool, email).await?;
    let kept = account.as_ref().and_then(|account| account.password_hash.clone());
    let outcome = app.auth.hasher.verify(password, kept.clone()).await?;
    match (account, kept, outcome) {
        (Some(account), Some(hash), Outcome::Right) => Ok((account.user, hash)),
        (Some(account), Some(weak), Outcome::RightButWeak(strong)) => {
            store::strengthen(&app.db.pool, account.user.id, &weak, &strong).await?;
            Ok((account.user, strong))
        }
        _ => Err(wrong()),
    }
}

fn wrong() -> Problem {
    Problem::new(Code::InvalidCredentials, "No account has this e-mail address and this password")
}

//! `POST /v1/auth/password`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::auth::PasswordChange;
use annex_openapi::problem::{FieldError, Problem as ProblemBody};

use super::email::Email;
use super::password::{Attempt, Outcome, Password};
use super::store::{sessions, users as store};
use super::{session, token};
use crate::app::App;
use crate::extract::{Client, InPerson, Json};
use crate::problem::{Problem, Result};

/// Change one's own password; every other session of the account ends.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden` for who acts as the account, `validation_failed`, `too_many_requests`
#[utoipa::path(
    post, path = "/v1/auth/password", operation_id = "auth_change_password", tag = "auth",
    request_body = PasswordChange,
    responses(
        (status = 204, description = "The password was changed, and every other session has ended"),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn change_password(
    InPerson(caller): InPerson,
    app: Data<App>,
    client: Client,
    Json(body): Json<PasswordChange>,
) -> Result<HttpResponse> {
    let email = Email::parse(&caller.email).map_err(Problem::internal)?;
    let new = Password::member("new_password", &body.new_password, &email)
        .map_err(|error| Problem::validation(vec![error]))?;
    let attempt = app.auth.throttle.attempt(client.address, Some(&email), app.clock.now())?;
    let kept = store::password_hash(&app.db.pool, caller.user_id).await?;
    let outcome = app.auth.hasher.verify(&Attempt::new(&body.current_password), kept.clone()).await?;
    let kept = kept.filter(|_| outcome != Outcome::Wrong).ok_or_else(wrong_password)?;
    attempt.succeeded();
    let hash = app.auth.hasher.hash(&new).await?;
    let now = app.clock.now();
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    let changed = store::change_password(&mut transaction, caller.user_id, &kept, &hash, now).await?;
    // Whoever changed the password meanwhile may have ended the session too.
    if let Some(id) = caller.session_id {
        let standing = sessions::standing(&mut *transaction, id, caller.user_id, now).await?;
        standing.ok_or_else(|| token::invalid("its session has ended"))?;
    }
    if !changed {
        return Err(wrong_password());
    }
    let ended = session::end_others(&app, &mut transaction, caller.user_id, caller.session_id).await?;
    transaction.commit().await?;
    session::ended(&app, &ended);
    Ok(HttpResponse::NoContent().finish())
}

fn wrong_password() -> Problem {
    let detail = "`current_password` is not the account's password";
    Problem::validation(vec![FieldError::new("/current_password", "wrong_password", detail)])
}

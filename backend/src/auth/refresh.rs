//! `POST /v1/auth/refresh`

use actix_web::web::Data;
use actix_web::{HttpResponse, http::header::CACHE_CONTROL};
use annex_openapi::auth::{RefreshRequest, TokenResponse};
use annex_openapi::problem::Problem as ProblemBody;
use time::Duration;

use super::refresh_token::RefreshToken;
use super::session;
use super::store::sessions::{self as store, Newest};
use crate::app::App;
use crate::extract::{Client, Json};
use crate::problem::{Code, Problem, Result};

/// How long a client that lost the answer may ask again with the same token.
const RETRY: Duration = Duration::seconds(10);

/// Trade a refresh token for a new pair of tokens.
///
/// Each is good for one use. Within 10 seconds the same one may be sent again, for a client that lost the answer, and
/// gets the same successor. An older one that comes back was stolen from or by somebody: its session ends.
///
/// # Errors
/// `invalid_token`, `too_many_requests`
#[utoipa::path(
    post, path = "/v1/auth/refresh", operation_id = "auth_refresh", tag = "auth",
    request_body = RefreshRequest,
    responses(
        (status = 200, description = "The new pair", body = TokenResponse),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub async fn refresh(
    app: Data<App>,
    client: Client,
    Json(body): Json<RefreshRequest>,
) -> Result<HttpResponse> {
    let now = app.clock.now();
    let attempt = app.auth.throttle.attempt(client.address, None, now)?;
    let parent = RefreshToken::parse(&body.refresh_token).ok_or_else(invalid)?;
    let child = parent.child(&app.auth.refresh_key);
    let idle_since = session::idle_since(&app);
    let rotated =
        store::rotate(&app.db.pool, parent.session_id, &parent.hash(), &child.hash(), now, idle_since)
            .await?;
    let refreshed = match rotated {
        Some(refreshed) => refreshed,
        None => match store::newest(&app.db.pool, parent.session_id, now, idle_since).await? {
            Some(newest) => again(&app, &parent, newest).await?,
            None => return Err(invalid()),
        },
    };
    attempt.succeeded();
    let tokens = session::tokens(&app, &child, refreshed.user, refreshed.expires_at)?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(tokens))
}

/// A token that is not the newest of its session: sent again in time, or an old one that must not be seen again.
async fn again(app: &App, token: &RefreshToken, newest: Newest) -> Result<store::Refreshable> {
    let Newest { refresh_hash, generation, rotated_at, live } = newest;
    if !token.is_ancestor_of(&refresh_hash, generation, &app.auth.refresh_key) {
        return Err(invalid());
    }
    let now = app.clock.now();
    let in_time = token.generation + 1 == generation && rotated_at.is_some_and(|at| now - at <= RETRY);
    if in_time {
        return live.ok_or_else(invalid);
    }
    store::revoke(&app.db.pool, token.session_id, None, now).await?;
    session::ended(app, &[token.session_id]);
    tracing::warn!(session = %token.session_id, "an old refresh token came back: its session was ended");
    Err(invalid())
}

fn invalid() -> Problem {
    Problem::new(
        Code::InvalidToken,
        "The refresh token does not count: it was used, has expired, or was never issued here",
    )
    .with_hint("Sign in again")
}

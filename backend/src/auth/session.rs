//! Begins sessions and issues their tokens.

use annex_openapi::auth::{Impersonation, TokenResponse, User};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::refresh_token::RefreshToken;
use super::store::sessions::{self as store, NewImpersonation, NewSession};
use super::token::{self, Actor, Claims};
use crate::app::App;
use crate::extract::{Client, Identity};
use crate::problem::Result;

/// How long an admin may act as another account.
const IMPERSONATION: Duration = Duration::minutes(15);

/// Begins a session of that account.
pub(super) async fn begin(
    app: &App,
    connection: &mut PgConnection,
    client: &Client,
    user: User,
) -> Result<TokenResponse> {
    let now = app.clock.now();
    let first = RefreshToken::first(app.clock.uuid_v7(), app.random);
    let expires_at = now + app.config.auth.session_lifetime;
    let session = NewSession {
        id: first.session_id,
        user_id: user.id,
        refresh_hash: &first.hash(),
        user_agent: client.user_agent.as_deref(),
        address: &client.address.to_string(),
        now,
        expires_at,
    };
    store::insert(connection, &session).await?;
    tokens(app, &first, user, expires_at)
}

/// The answer that carries the tokens of a session.
pub(super) fn tokens(
    app: &App,
    refresh: &RefreshToken,
    user: User,
    session_ends: OffsetDateTime,
) -> Result<TokenResponse> {
    let now = app.clock.now();
    let ends = (now + app.config.auth.access_token_lifetime).min(session_ends);
    Ok(TokenResponse {
        access_token: access_token(app, user.id, refresh.session_id, None, now, ends)?,
        refresh_token: refresh.text(),
        token_type: "Bearer".to_owned(),
        expires_in: (ends - now).whole_seconds(),
        user,
    })
}

/// Begins a session in which an admin acts as that account, and issues its token.
pub(super) async fn impersonate(
    app: &App,
    client: &Client,
    user: User,
    admin: &Identity,
) -> Result<Impersonation> {
    let ended = || token::invalid("its session has ended");
    let now = app.clock.now();
    let actor = Actor { sub: admin.user_id, sid: admin.session_id.ok_or_else(ended)? };
    let session = NewImpersonation {
        id: app.clock.uuid_v7(),
        user_id: user.id,
        impersonator_id: actor.sub,
        parent_id: actor.sid,
        user_agent: client.user_agent.as_deref(),
        address: &client.address.to_string(),
        now,
        expires_at: now + IMPERSONATION,
    };
    let ends = store::impersonate(&app.db.pool, &session).await?.ok_or_else(ended)?;
    Ok(Impersonation {
        access_token: access_token(app, user.id, session.id, Some(actor), now, ends)?,
        token_type: "Bearer".to_owned(),
        expires_in: ends.unix_timestamp() - now.unix_timestamp(),
        session_id: session.id,
        user,
    })
}

fn access_token(
    app: &App,
    user_id: Uuid,
    session_id: Uuid,
    actor: Option<Actor>,
    now: OffsetDateTime,
    ends: OffsetDateTime,
) -> Result<String> {
    let issuer = &app.config.server.public_url;
    let claims = Claims {
        iss: issuer.clone(),
        aud: issuer.clone(),
        sub: user_id,
        sid: session_id,
        exp: ends.unix_timestamp(),
        iat: now.unix_timestamp(),
        nbf: None,
        jti: app.clock.uuid_v7(),
        act: actor,
    };
    token::sign(&*app.auth.keys.signing(now)?, &claims)
}

/// Since when a session must have been used to be alive.
pub(super) fn idle_since(app: &App) -> OffsetDateTime {
    app.clock.now() - app.config.auth.session_idle
}

/// Ends the sessions of an account but one, in the transaction that changes its password. Which ended: to be
/// told to [`ended`] once that is done.
pub(super) async fn end_others(
    app: &App,
    connection: &mut PgConnection,
    user_id: Uuid,
    but: Option<Uuid>,
) -> Result<Vec<Uuid>> {
    Ok(store::revoke_others(connection, user_id, but, app.clock.now()).await?)
}

/// Makes the end of sessions count on this server before the answer is sent.
pub(super) fn ended(app: &App, sessions: &[Uuid]) {
    sessions.iter().for_each(|id| app.auth.identities.changes.of(*id));
}

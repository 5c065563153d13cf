//! Finds out who is calling, before any route: `Authorization: Bearer` becomes the request's `Caller`.

use std::sync::Arc;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use time::OffsetDateTime;

use super::identities::{Identities, Remembered};
use super::store::sessions;
use super::{Auth, token};
use crate::app::App;
use crate::extract::{Caller, Identity};
use crate::problem::{Code, Problem, Result};

/// Where the header says nothing about the caller. Machines that watch the server need no account, and `/metrics` has a
/// token of its own; whoever signs in or renews a token brings the credentials in the body, often with an expired
/// token still in the header.
const UNAUTHENTICATED: [&str; 7] = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/v1/auth/login",
    "/v1/auth/refresh",
    "/v1/auth/register",
    "/v1/auth/bootstrap",
];

/// The methods that routes have; another is refused by all of them, whoever asks.
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PATCH, Method::PUT, Method::DELETE];

/// Wraps the routes; see the module. A token that does not count is told on every route, so that nobody works on
/// as a stranger without knowing it.
///
/// # Errors
/// Never: a refusal is an answer.
pub async fn authenticate<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let is_unheard = !request.headers().contains_key(AUTHORIZATION)
        || UNAUTHENTICATED.contains(&request.path())
        || !METHODS.contains(request.method());
    if is_unheard {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    let app = request.app_data::<Data<App>>().expect("the application has its state").clone();
    let identity = match bearer(&request) {
        Ok(token) => app.auth.identify(token, &app).await,
        Err(problem) => Err(problem),
    };
    match identity {
        Ok(identity) => {
            request.extensions_mut().insert(Caller::new(identity));
            next.call(request).await.map(ServiceResponse::map_into_left_body)
        }
        Err(problem) => Ok(request.error_response(problem).map_into_right_body()),
    }
}

fn bearer(request: &ServiceRequest) -> Result<&str> {
    let mut values = request.headers().get_all(AUTHORIZATION);
    let value = values.next();
    if values.next().is_some() {
        return Err(Problem::new(Code::BadRequest, "The header `Authorization` is there twice"));
    }
    value
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token)
        .ok_or_else(|| token::invalid("the header must be `Authorization: Bearer …`"))
}

impl Auth {
    /// Whose an access token is.
    ///
    /// # Errors
    /// `invalid_token`, or the database's problems.
    pub async fn identify(&self, token: &str, app: &App) -> Result<Arc<Identity>> {
        let now = app.clock.now();
        let hash = Identities::hash(token);
        let read = match self.identities.recall(&hash, now) {
            Remembered::Identity(identity) => return Ok(identity),
            Remembered::Ended => None,
            Remembered::Stale(known) => self.identities.read(&known, &app.db.pool, now).await?,
            Remembered::Unknown => {
                let issuer = &app.config.server.public_url;
                let checked = token::check(token, issuer, &self.keys, &app.db.pool, now).await?;
                let known = self.identities.remember(hash, &checked);
                self.identities.read(&known, &app.db.pool, now).await?
            }
        };
        read.ok_or_else(|| token::invalid("its session has ended"))
    }

    /// Whose an access token is, and until when it counts.
    ///
    /// # Errors
    /// `invalid_token`, or the database's problems.
    pub async fn identify_until(&self, token: &str, app: &App) -> Result<(Arc<Identity>, OffsetDateTime)> {
        let identity = self.identify(token, app).await?;
        let until = self.identities.good_until(&Identities::hash(token));
        let until = until.and_then(|until| OffsetDateTime::from_unix_timestamp(until).ok());
        // What is forgotten at once was not to be remembered: it ends now.
        Ok((identity, until.unwrap_or_else(|| app.clock.now())))
    }

    /// Whoever has called before as they stand now; nothing where their session has ended.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn again(&self, identity: &Identity, app: &App) -> Result<Option<Identity>> {
        // Without a session it is the server itself.
        let Some(session) = identity.session_id else { return Ok(Some(identity.clone())) };
        let standing = sessions::standing(&app.db.pool, session, identity.user_id, app.clock.now()).await?;
        Ok(standing.map(|standing| standing.identity(identity.user_id, Some(session))))
    }
}

//! Access tokens: JWTs (RFC 9068) that say which session calls. What the account may do is not in them: that is
//! read where it stands, so that a change counts at once.

use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use super::keys::{Keys, SigningKey};
use crate::problem::{Code, Problem, Result};

/// Longer ones are not ours.
const MAX_LENGTH: usize = 4096;

/// How far another server's clock may be ahead, in seconds.
const LEEWAY: i64 = 5;

const TYPE: &str = "at+jwt";

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The server that issued it.
    pub iss: String,
    /// Whom it is for: the same server.
    pub aud: String,
    /// The account.
    pub sub: Uuid,
    /// The session.
    pub sid: Uuid,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// Before when it does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// Its own name.
    pub jti: Uuid,
    /// Who acts as the account, where it is not the account itself (RFC 8693).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
}

/// An admin who acts as another account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The admin.
    pub sub: Uuid,
    /// The admin's own session.
    pub sid: Uuid,
}

/// What the header of a token of ours has, and nothing else: no member that would bring a key along (`jku`, `jwk`,
/// `x5u`, `x5c`) and none that would have to be understood (`crit`).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// A token that counts, and until when it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What it says.
    pub claims: Claims,
    /// When it ends: with its time or with the key that signed it, in seconds since 1970.
    pub good_until: i64,
}

/// A signed token.
///
/// # Errors
/// Never in practice: the claims are plain data.
pub fn sign(key: &SigningKey, claims: &Claims) -> Result<String> {
    let header =
        Header { typ: Some(TYPE.to_owned()), kid: Some(key.kid.clone()), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, claims, &key.private).map_err(Problem::internal)
}

/// Checks a token that `issuer` should have issued.
///
/// # Errors
/// `invalid_token`; the database's problems where a new key has to be looked for.
pub async fn check(
    token: &str,
    issuer: &str,
    keys: &Keys,
    pool: &PgPool,
    now: OffsetDateTime,
) -> Result<Checked> {
    let header = header(token)?;
    let key =
        keys.find(&header.kid, pool, now).await?.ok_or_else(|| invalid("no key of its name counts here"))?;
    let claims = claims(token, issuer, &key, now)?;
    let retired = key.retired_at.map_or(i64::MAX, OffsetDateTime::unix_timestamp);
    Ok(Checked { good_until: claims.exp.min(retired), claims })
}

/// The problem of a token that does not count.
pub fn invalid(why: &str) -> Problem {
    Problem::new(Code::InvalidToken, format!("The access token does not count: {why}"))
        .with_hint("Get a new one from POST /v1/auth/refresh, or sign in again; requests that need no account may send none")
}

fn header(token: &str) -> Result<StrictHeader> {
    if token.len() > MAX_LENGTH {
        return Err(invalid("it is longer than any that is issued here"));
    }
    let encoded = token.split('.').next().unwrap_or_default();
    let header: StrictHeader =
        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, encoded)
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .ok_or_else(|| invalid("it is not one that is issued here"))?;
    if header.alg != "EdDSA" || header.typ != TYPE {
        return Err(invalid("it is of another kind"));
    }
    Ok(header)
}

fn claims(token: &str, issuer: &str, key: &SigningKey, now: OffsetDateTime) -> Result<Claims> {
    // The times are checked below, by the clock of the application.
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[issuer]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let data = jsonwebtoken::decode::<Claims>(token, &key.public, &validation)
        .map_err(|_| invalid("it was not signed here, or not for this"))?;
    let claims = data.claims;
    let now = now.unix_timestamp();
    if claims.exp <= now {
        return Err(invalid("it has expired"));
    }
    if claims.iat > now + LEEWAY || claims.nbf.is_some_and(|nbf| nbf > now + LEEWAY) {
        return Err(invalid("its time has not come"));
    }
    Ok(claims)
}

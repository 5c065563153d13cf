//! Which requests have a key, and what tells them apart.

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, IF_MATCH};
use actix_web::web::{Bytes, Data};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::extract::{Caller, Client, read_body};
use crate::problem::{Code, Problem, Result};

/// The header with the key.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest key.
const MAX_LENGTH: usize = 255;

/// A request's key, ready to be looked for.
#[derive(Debug)]
pub struct Key {
    /// The caller, the route and the key.
    pub id: [u8; 32],
    /// Whatever else makes it the same request.
    pub fingerprint: [u8; 32],
}

/// Whether the header is there and counts.
pub fn applies(request: &ServiceRequest) -> bool {
    request.headers().contains_key(IDEMPOTENCY_KEY) && has_keys(request.method(), routed_path(request))
}

/// The path as the router reads it: what is escaped without need is no other route.
fn routed_path(request: &ServiceRequest) -> &str {
    request.match_info().as_str()
}

/// Whether requests like that may have a key: a POST or a PATCH, but not where one signs in, and not where a stream comes
/// or goes.
pub fn has_keys(method: &Method, path: &str) -> bool {
    (method == Method::POST || method == Method::PATCH)
        && path.starts_with("/v1/")
        && !is_sign_in(path)
        && !(method == Method::POST && is_stream(path))
}

/// What answers with tokens, which are not kept.
fn is_sign_in(path: &str) -> bool {
    path.starts_with("/v1/auth/") || (path.starts_with("/v1/users/") && path.ends_with("/impersonate"))
}

/// `/v1/records/{collection}/import` and `…/export`
fn is_stream(path: &str) -> bool {
    let mut segments = path.split('/').skip(2);
    let (records, _, last, end) = (segments.next(), segments.next(), segments.next(), segments.next());
    records == Some("records") && matches!(last, Some("import" | "export")) && end.is_none()
}

impl Key {
    /// The key of a request, whose body is read for it and put back.
    ///
    /// # Errors
    /// `bad_request` for a key that is not valid, or the body's problems.
    pub async fn of(request: &mut ServiceRequest, app: &Data<App>) -> Result<Self> {
        let key = header(request)?;
        let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
        let caller = match caller.identity() {
            Some(identity) => identity.user_id.to_string(),
            None => Client::of(request.request(), &app.config.server.trusted_proxies).address.to_string(),
        };
        let route = [request.method().as_str(), routed_path(request)];
        let id = digest([caller.as_bytes(), route[0].as_bytes(), route[1].as_bytes(), key.as_bytes()]);

        let mut payload = request.take_payload();
        let body: Bytes = read_body(request.request(), &mut payload).await?;
        let said = |name: HeaderName| request.headers().get(name).map_or(&[][..], |value| value.as_bytes());
        let prefer = HeaderName::from_static("prefer");
        let query = request.query_string().as_bytes();
        let fingerprint = digest([query, said(CONTENT_TYPE), said(IF_MATCH), said(prefer), &body]);
        request.set_payload(Payload::from(body));
        Ok(Self { id, fingerprint })
    }
}

fn header(request: &ServiceRequest) -> Result<String> {
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let value = values.next().map_or(&[][..], |value| value.as_bytes());
    let valid = (1..=MAX_LENGTH).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
    match std::str::from_utf8(value) {
        Ok(key) if valid && values.next().is_none() => Ok(key.to_owned()),
        _ => Err(Problem::new(
            Code::BadRequest,
            format!("`Idempotency-Key` must be one key of 1 to {MAX_LENGTH} visible ASCII characters"),
        )
        .with_hint("A random UUID will do")),
    }
}

/// A digest of parts that stay apart.
fn digest<const N: usize>(parts: [&[u8]; N]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_records_have_no_keys() {
        assert!(is_stream("/v1/records/posts/import") && is_stream("/v1/records/posts/export"));
        for path in ["/v1/records/import", "/v1/records/posts", "/v1/records/posts/import/1", "/v1/batch"] {
            assert!(!is_stream(path), "{path}");
        }
    }

    #[test]
    fn what_answers_with_tokens_has_no_keys() {
        assert!(
            !has_keys(&Method::POST, "/v1/auth/login") && !has_keys(&Method::POST, "/v1/users/7/impersonate")
        );
        assert!(has_keys(&Method::POST, "/v1/users") && has_keys(&Method::PATCH, "/v1/users/7"));
    }

    #[test]
    fn parts_stay_apart() {
        assert_ne!(digest([b"ab", b"c"]), digest([b"a", b"bc"]));
    }
}

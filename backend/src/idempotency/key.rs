//! Which requests have a key, and what tells them apart.

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, IF_MATCH};
use actix_web::web::{Bytes, Data};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::extract::{Caller, Client, Prefer, read_body};
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
    /// Whether the body was left to who reads it: there may be more than memory has.
    pub is_stream: bool,
}

/// Whether the header is there and counts.
pub fn applies(request: &ServiceRequest) -> bool {
    let path = routed_path(request);
    request.headers().contains_key(IDEMPOTENCY_KEY)
        && has_keys(request.method(), path)
        && (stream(path) != Some("export") || is_kept_export(request))
}

/// An export has its effect in the background; one that is answered at once changes nothing.
fn is_kept_export(request: &ServiceRequest) -> bool {
    let extensions = request.extensions();
    let caller = extensions.get::<Caller>();
    Prefer::of(request.headers()).in_background && caller.is_some_and(|caller| caller.identity().is_some())
}

/// The path as the router reads it: what is escaped without need is no other route.
fn routed_path(request: &ServiceRequest) -> &str {
    request.match_info().as_str()
}

/// Whether requests like that may have a key: a POST or a PATCH, but not where one signs in.
pub fn has_keys(method: &Method, path: &str) -> bool {
    (method == Method::POST || method == Method::PATCH) && path.starts_with("/v1/") && !is_sign_in(path)
}

/// What answers with tokens, which are not kept.
fn is_sign_in(path: &str) -> bool {
    path.starts_with("/v1/auth/") || (path.starts_with("/v1/users/") && path.ends_with("/impersonate"))
}

/// What streams: `/v1/records/{collection}/import` and `…/export`.
fn stream(path: &str) -> Option<&str> {
    let mut segments = path.split('/').skip(2);
    let (records, _, last, end) = (segments.next(), segments.next(), segments.next(), segments.next());
    last.filter(|last| records == Some("records") && matches!(*last, "import" | "export") && end.is_none())
}

impl Key {
    /// The key of a request, whose body is read for it and put back. The rows of an import are not: their type and their length tell
    /// one from another.
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

        let is_stream = stream(routed_path(request)) == Some("import") && request.method() == Method::POST;
        let mut body = Bytes::new();
        if !is_stream {
            let mut payload = request.take_payload();
            body = read_body(request.request(), &mut payload).await?;
            request.set_payload(Payload::from(body.clone()));
        }
        let said = |name: HeaderName| request.headers().get(name).map_or(&[][..], |value| value.as_bytes());
        let prefer = HeaderName::from_static("prefer");
        let query = request.query_string().as_bytes();
        let length = if is_stream { said(CONTENT_LENGTH) } else { &body };
        let fingerprint = digest([query, said(CONTENT_TYPE), said(IF_MATCH), said(prefer), length]);
        Ok(Self { id, fingerprint, is_stream })
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
    fn streams_of_records_are_known() {
        assert_eq!(stream("/v1/records/posts/import"), Some("import"));
        assert_eq!(stream("/v1/records/posts/export"), Some("export"));
        for path in ["/v1/records/import", "/v1/records/posts", "/v1/records/posts/import/1", "/v1/batch"] {
            assert_eq!(stream(path), None, "{path}");
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

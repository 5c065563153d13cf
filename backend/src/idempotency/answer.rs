//! Answers as they are kept and given again.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName};
use actix_web::web::Bytes;
use annex_openapi::problem::Problem as ProblemBody;

use crate::problem::{Code, MEDIA_TYPE, Problem};

/// The header of an answer that was kept.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The largest body that is kept.
const MAX_BODY: usize = 1 << 20;

/// The headers that are kept.
const HEADERS: [&str; 4] = ["content-type", "etag", "location", "preference-applied"];

/// An answer that is kept.
#[derive(Debug)]
pub struct Kept {
    /// The status.
    pub status: u16,
    /// Some of the headers, by name.
    pub headers: BTreeMap<String, String>,
    /// The body; none where it is too large.
    pub body: Option<Bytes>,
}

/// Whether a request came to nothing before anybody looked at what it asks for: with other credentials, or another
/// method, it is another request.
fn is_refusal(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::METHOD_NOT_ALLOWED)
}

impl Kept {
    /// What is kept of an answer: nothing of one that says to try again, that is the server's own fault, or that
    /// nobody is to store.
    pub fn of(response: ServiceResponse<BoxBody>) -> (ServiceResponse<BoxBody>, Option<Self>) {
        let status = response.status();
        if let Some(error) = response.response().error() {
            let kept = error.as_error::<Problem>().and_then(Self::of_problem);
            return (response, kept);
        }
        if status.is_server_error() || is_refusal(status) || is_secret(response.headers()) {
            return (response, None);
        }
        let headers = HEADERS.iter().filter_map(|name| {
            let value = response.headers().get(*name)?.to_str().ok()?;
            Some(((*name).to_owned(), value.to_owned()))
        });
        let mut kept = Self { status: status.as_u16(), headers: headers.collect(), body: None };
        let (request, response) = response.into_parts();
        let (head, body) = response.into_parts();
        let body = match body.try_into_bytes() {
            Ok(bytes) => {
                kept.body = (bytes.len() <= MAX_BODY).then(|| bytes.clone());
                BoxBody::new(bytes)
            }
            Err(stream) => stream,
        };
        (ServiceResponse::new(request, head.set_body(body)), Some(kept))
    }

    /// A problem is kept as what it says, and told anew under the id of the request that asks again.
    fn of_problem(problem: &Problem) -> Option<Self> {
        let status = problem.code.status();
        if status.is_server_error() || is_refusal(status) || problem.retry_after.is_some() {
            return None;
        }
        let headers = BTreeMap::from([(CONTENT_TYPE.to_string(), MEDIA_TYPE.to_owned())]);
        let body = serde_json::to_vec(&problem.body("")).ok()?;
        Some(Self { status: status.as_u16(), headers, body: Some(body.into()) })
    }

    /// The answer again.
    pub fn replay(self, request: ServiceRequest) -> ServiceResponse<BoxBody> {
        let Some(body) = self.body else {
            return request.error_response(
                Problem::new(
                    Code::Conflict,
                    "The request with this `Idempotency-Key` was carried out, but its answer was too large to be kept",
                )
                .with_hint("Read what it has made; `Prefer: return=minimal` makes answers small"),
            );
        };
        let mut response = match problem(&self.headers, &body) {
            Some(problem) => request.error_response(problem),
            None => {
                let mut response = HttpResponse::build(StatusCode::from_u16(self.status).unwrap_or_default());
                for (name, value) in &self.headers {
                    response.insert_header((name.as_str(), value.as_str()));
                }
                request.into_response(response.body(body))
            }
        };
        response.headers_mut().insert(REPLAYED, actix_web::http::header::HeaderValue::from_static("true"));
        response
    }
}

fn is_secret(headers: &HeaderMap) -> bool {
    headers
        .get_all(CACHE_CONTROL)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|directive| directive.trim().eq_ignore_ascii_case("no-store"))
}

fn problem(headers: &BTreeMap<String, String>, body: &[u8]) -> Option<Problem> {
    if headers.get(CONTENT_TYPE.as_str()).is_none_or(|value| value != MEDIA_TYPE) {
        return None;
    }
    let kept: ProblemBody = serde_json::from_slice(body).ok()?;
    let code = Code::ALL.iter().copied().find(|code| code.as_str() == kept.code)?;
    let mut problem = Problem::new(code, kept.detail).with_errors(kept.errors);
    problem.hint = kept.hint;
    Some(problem)
}

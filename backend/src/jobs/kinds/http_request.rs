//! `http.request`: calls another host.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::jobs::{Completed, Context, Job, JobError};
use crate::outbound::{Answer, Call, Target, header_map, readable, retry_after};

const DEFAULT_TIMEOUT: u16 = 30;
const MAX_TIMEOUT: u16 = 3600;
/// Who asks to be left alone for longer is asked again all the same.
const LONGEST_DELAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How much of an answer that says no is kept with the error, in characters.
const EXCERPT: usize = 2000;

/// The arguments.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpRequest {
    #[serde(default)]
    method: Verb,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    text: Option<String>,
    timeout_seconds: Option<u16>,
    expect_status: Option<Vec<Expected>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Verb {
    #[default]
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

/// A status, or all of a class.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Expected {
    Status(u16),
    Class(String),
}

impl Expected {
    fn is(&self, status: StatusCode) -> bool {
        match self {
            Self::Status(expected) => *expected == status.as_u16(),
            Self::Class(class) => {
                class.strip_suffix("xx").and_then(|class| class.parse().ok()) == Some(status.as_u16() / 100)
            }
        }
    }
}

impl Job for HttpRequest {
    const KIND: &'static str = "http.request";
    const DESCRIPTION: &'static str = "Calls another host over HTTP, and keeps what it answers.";

    fn schema() -> Option<Value> {
        Some(json!({
            "type": "object",
            "properties": {
                "method": {"enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], "default": "GET"},
                "url": {
                    "type": "string", "pattern": "^https?://", "maxLength": 8192,
                    "description": "A host of the public internet, or one that the server's ANNEX_OUTBOUND_ALLOW names",
                },
                "headers": {"type": "object", "maxProperties": 100, "additionalProperties": {"type": "string"}},
                "body": {"description": "Sent as JSON; not with `text`"},
                "text": {"type": "string", "description": "Sent as it is"},
                "timeout_seconds": {
                    "type": "integer", "minimum": 1, "maximum": MAX_TIMEOUT, "default": DEFAULT_TIMEOUT,
                    "description": "How long the whole call may take",
                },
                "expect_status": {
                    "type": "array", "minItems": 1, "maxItems": 100, "default": ["2xx"],
                    "items": {"anyOf": [
                        {"type": "integer", "minimum": 100, "maximum": 599},
                        {"type": "string", "pattern": "^[1-5]xx$"},
                    ]},
                    "description": "What counts as a success. Of the rest 408, 425, 429 and 5xx are tried again, after as long as `Retry-After` says; others fail for good",
                },
            },
            "required": ["url"],
            "not": {"required": ["body", "text"]},
            "additionalProperties": false,
        }))
    }

    async fn run(self, context: Context) -> Result<Completed, JobError> {
        let expected = self.expect_status.clone().unwrap_or_else(|| vec![Expected::Class("2xx".to_owned())]);
        let call = self
            .into_call(&context.job_id().to_string())
            .map_err(|wrong| JobError::permanent("invalid_arguments", wrong))?;
        let answer = match context.app().outbound.call(call).await {
            Ok(answer) => answer,
            Err(error) if error.is_passing() => {
                return Err(JobError::retry(error.to_string()).code(error.code()));
            }
            Err(error) => return Err(JobError::permanent(error.code(), error.to_string())),
        };
        if expected.iter().any(|expected| expected.is(answer.status)) {
            return Ok(result(&answer).into());
        }
        Err(refused(&answer, context.app().clock.now()))
    }
}

impl HttpRequest {
    /// What is asked, with a key that is the same for all attempts, by which whoever answers can tell that they are one.
    fn into_call(self, key: &str) -> Result<Call, String> {
        let mut headers = header_map(&self.headers)?;
        let mut default = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.entry(name).or_insert(value);
            }
        };
        let body = match (self.body, self.text) {
            (Some(_), Some(_)) => return Err("`body` and `text` cannot both be sent".to_owned()),
            (Some(body), None) => {
                default(CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            (None, Some(text)) => {
                default(CONTENT_TYPE, "text/plain; charset=utf-8");
                Bytes::from(text)
            }
            (None, None) => Bytes::new(),
        };
        let method = match self.method {
            Verb::Get => Method::GET,
            Verb::Head => Method::HEAD,
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
            Verb::Patch => Method::PATCH,
            Verb::Delete => Method::DELETE,
            Verb::Options => Method::OPTIONS,
        };
        if matches!(method, Method::POST | Method::PATCH) {
            default(HeaderName::from_static("idempotency-key"), key);
        }
        let target: Target = self.url.parse().map_err(|wrong| format!("{wrong}"))?;
        let seconds = self.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT).clamp(1, MAX_TIMEOUT);
        Ok(Call { method, target, headers, body, timeout: Duration::from_secs(seconds.into()) })
    }
}

/// What is kept of an answer: a body that is JSON as a value, other text as text, all else as base64.
fn result(answer: &Answer) -> Value {
    let mut result = json!({"status": answer.status.as_u16(), "headers": readable(&answer.headers)});
    if answer.body.is_empty() {
        return result;
    }
    let text = std::str::from_utf8(&answer.body).ok().filter(|text| !text.contains('\0'));
    let body = text.filter(|text| is_json(&answer.headers) && !text.contains("\\u0000"));
    // Postgres's JSON has no NUL.
    let (name, value) = match (body.and_then(|text| serde_json::from_str(text).ok()), text) {
        (Some(value), _) => ("body", value),
        (None, Some(text)) => ("body", text.into()),
        (None, None) => ("body_base64", STANDARD.encode(&answer.body).into()),
    };
    result[name] = value;
    result
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// An answer that was not hoped for.
fn refused(answer: &Answer, now: OffsetDateTime) -> JobError {
    let status = answer.status;
    let text: String =
        String::from_utf8_lossy(&answer.body).replace('\0', "\u{fffd}").chars().take(EXCERPT).collect();
    let details = json!({"status": status.as_u16(), "body": text});
    let message = format!("The answer was {status}");
    let passing = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
    if !passing {
        return JobError::permanent("status_refused", message).details(details);
    }
    let error = JobError::retry(message).code("status_refused").details(details);
    match retry_after(&answer.headers, now) {
        Some(delay) => error.after(delay.min(LONGEST_DELAY)),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(args: Value) -> Result<Call, String> {
        serde_json::from_value::<HttpRequest>(args).map_err(|error| error.to_string())?.into_call("the key")
    }

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, headers, body: Bytes::copy_from_slice(body) }
    }

    #[test]
    fn a_call_is_what_the_arguments_say() {
        let json = call(json!({"method": "POST", "url": "https://example.com/a", "body": {"a": [1, null]}}))
            .unwrap();
        assert_eq!((json.method, json.body.as_ref()), (Method::POST, br#"{"a":[1,null]}"#.as_slice()));
        assert_eq!(json.headers["content-type"], "application/json");
        assert_eq!(json.headers["idempotency-key"], "the key");
        assert_eq!(json.timeout.as_secs(), 30);
        let text = call(json!({
            "method": "PUT", "url": "http://example.com", "text": "a=1", "timeout_seconds": 5,
            "headers": {"Content-Type": "application/x-www-form-urlencoded", "X-A": "ä"},
        }));
        let text = text.unwrap();
        assert_eq!((text.body.as_ref(), text.timeout.as_secs()), (b"a=1".as_slice(), 5));
        assert_eq!(text.headers["content-type"], "application/x-www-form-urlencoded");
        assert!(!text.headers.contains_key("idempotency-key"));
        let plain = call(json!({"url": "http://example.com"})).unwrap();
        assert!(plain.method == Method::GET && plain.body.is_empty() && plain.headers.is_empty());
    }

    #[test]
    fn what_no_call_can_be_is_told() {
        for (args, expected) in [
            (json!({}), "missing field `url`"),
            (json!({"url": "http://a.example", "uri": 1}), "unknown field `uri`"),
            (json!({"url": "http://a.example", "method": "CONNECT"}), "unknown variant `CONNECT`"),
            (json!({"url": "http://a.example", "method": "TRACE"}), "unknown variant `TRACE`"),
            (json!({"url": "ftp://a.example"}), "must begin with http"),
            (json!({"url": "http://a.example", "body": 1, "text": "1"}), "cannot both be sent"),
            (json!({"url": "http://a.example", "headers": {"Host": "b.example"}}), "`host` cannot be set"),
            (
                json!({"url": "http://a.example", "headers": {"content-length": "1"}}),
                "`content-length` cannot be set",
            ),
            (json!({"url": "http://a.example", "headers": {"a b": "1"}}), "not the name of a header"),
            (json!({"url": "http://a.example", "headers": {"a": "1\r\nb: 2"}}), "no header can have"),
            (json!({"url": "http://a.example", "headers": {"A": "1", "a": "2"}}), "is there twice"),
        ] {
            let error = call(args).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_status_is_expected_by_number_or_class() {
        let is = |text: &str, status| {
            serde_json::from_str::<Expected>(text).unwrap().is(StatusCode::from_u16(status).unwrap())
        };
        assert!(is("404", 404) && is("\"2xx\"", 299) && is("\"4xx\"", 400));
        assert!(!is("404", 405) && !is("\"2xx\"", 300) && !is("\"xx\"", 200) && !is("\"200\"", 200));
    }

    #[test]
    fn what_is_kept_of_a_body_can_be_kept_by_postgres() {
        let kept = |headers: &[(&'static str, &str)], body: &[u8]| result(&answer(200, headers, body));
        let json = [("content-type", "application/problem+json; charset=utf-8")];
        assert_eq!(kept(&json, b"{\"a\": 1}")["body"], json!({"a": 1}));
        assert_eq!(kept(&json, b"{\"a\": ")["body"], "{\"a\": ");
        assert_eq!(kept(&json, br#"{"a": "\u0000"}"#)["body"], r#"{"a": "\u0000"}"#);
        assert_eq!(kept(&json, b"1e999999")["body"], "1e999999");
        assert_eq!(kept(&[], b"{}")["body"], "{}");
        assert_eq!(kept(&[], b"a\0b")["body_base64"], "YQBi");
        assert_eq!(kept(&[], b"\xff")["body_base64"], "/w==");
        assert_eq!(kept(&[], b""), json!({"status": 200, "headers": {}}));
        let twice = kept(&[("set-cookie", "a=1"), ("set-cookie", "b=2")], b"");
        assert_eq!(twice["headers"], json!({"set-cookie": "a=1, b=2"}));
    }

    #[test]
    fn a_host_says_when_to_come_again() {
        let now = time::macros::datetime!(2026-01-31 12:00:00 UTC);
        let after = |text: &str| retry_after(&answer(503, &[("retry-after", text)], b"").headers, now);
        assert_eq!(after("120"), Some(Duration::from_secs(120)));
        assert_eq!(after("Sat, 31 Jan 2026 12:01:00 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(after("Sat, 31 Jan 2026 11:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(after("soon"), None);
        assert_eq!(after("-1"), None);
    }
}

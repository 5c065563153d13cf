//! One attempt to tell a webhook something.

use std::time::{Duration, Instant};

use annex_openapi::webhooks::{DeliveryError, DeliveryResponse};
use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::deliveries::store::{Attempt, Due};
use super::input;
use crate::app::App;
use crate::outbound::{self, Answer, Call, CallError, Target};

/// How long an attempt may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// How much of an answer is kept, in bytes.
const KEPT: usize = 64 << 10;

/// What came of it, and when the webhook wants to be told again.
pub async fn send(app: &App, due: &Due) -> (Attempt, Option<Duration>) {
    let at = app.clock.now();
    let previous = due.previous_secret.as_deref();
    let previous =
        previous.filter(|_| due.previous_secret_expires_at.is_some_and(|expires_at| expires_at > at));
    let secrets: Vec<&[u8]> = [due.secret.as_slice()].into_iter().chain(previous).collect();
    let mut headers = outbound::sign(&secrets, &due.id.to_string(), at, due.body.as_bytes());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // They were checked when they were set.
    headers.extend(input::headers(&due.headers.0).unwrap_or_default());
    let request_headers = outbound::readable(&headers);
    let began = Instant::now();
    let answered = call(app, due, headers).await;
    let duration_ms = i32::try_from(began.elapsed().as_millis()).unwrap_or(i32::MAX);
    let retry_after =
        answered.as_ref().ok().and_then(|answer| outbound::retry_after(&answer.headers, app.clock.now()));
    let outcome = answered.map(|answer| response(&answer));
    (Attempt { at, duration_ms, url: due.url.clone(), request_headers, outcome }, retry_after)
}

async fn call(app: &App, due: &Due, headers: HeaderMap) -> Result<Answer, DeliveryError> {
    let target = due
        .url
        .parse::<Target>()
        .map_err(|error| DeliveryError { code: "invalid_url".to_owned(), message: error.to_string() })?;
    let body = Bytes::copy_from_slice(due.body.as_bytes());
    let call = Call { method: Method::POST, target, headers, body, timeout: TIMEOUT };
    app.outbound.call(call).await.map_err(|error: CallError| DeliveryError {
        code: error.code().to_owned(),
        message: error.to_string(),
    })
}

fn response(answer: &Answer) -> DeliveryResponse {
    let kept = &answer.body[..answer.body.len().min(KEPT)];
    DeliveryResponse {
        status: answer.status.as_u16(),
        headers: outbound::readable(&answer.headers),
        // Postgres keeps no NUL.
        body: String::from_utf8_lossy(kept).replace('\0', "\u{fffd}"),
        truncated: kept.len() < answer.body.len(),
    }
}

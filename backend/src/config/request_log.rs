//! What is kept of requests.

use std::time::Duration;

use super::source::{AtLeast, Seconds, Source};

/// What is kept of requests, for `GET /v1/requests`.
#[derive(Debug, Clone)]
pub struct RequestLog {
    /// Whether they are kept at all.
    pub enabled: bool,
    /// For how long.
    pub keep: Duration,
    /// How many at the most.
    pub rows: usize,
}

impl RequestLog {
    pub(super) fn from_source(source: &mut Source) -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            enabled: source.get("ANNEX_REQUEST_LOG", "request_log.enabled", "true or false", true),
            keep: source
                .get("ANNEX_REQUEST_LOG_KEEP", "request_log.keep", Seconds::ALLOWED, Seconds::of(7 * DAY))
                .0,
            rows: source
                .get(
                    "ANNEX_REQUEST_LOG_ROWS",
                    "request_log.rows",
                    "a number of requests, at least 1",
                    AtLeast::<1>(1_000_000),
                )
                .0,
        }
    }
}

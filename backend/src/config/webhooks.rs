//! Webhooks.

use std::time::Duration;

use super::source::{Seconds, Source};

/// Webhooks.
#[derive(Debug, Clone)]
pub struct Webhooks {
    /// For how long it is kept what a webhook was told.
    pub keep: Duration,
    /// How long after an attempt that failed the next one is; each further one twice as long, up to an hour.
    pub first_retry: Duration,
}

impl Webhooks {
    pub(super) fn from_source(source: &mut Source) -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            keep: source
                .get("ANNEX_WEBHOOKS_KEEP", "webhooks.keep", Seconds::ALLOWED, Seconds::of(14 * DAY))
                .0,
            first_retry: source
                .get("ANNEX_WEBHOOKS_FIRST_RETRY", "webhooks.first_retry", Seconds::ALLOWED, Seconds::of(5))
                .0,
        }
    }
}

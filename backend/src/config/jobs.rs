//! Durable jobs.

use std::time::Duration;

use super::source::{AtLeast, Seconds, Source};

/// Durable jobs.
#[derive(Debug, Clone)]
pub struct Jobs {
    /// Whether this server runs jobs itself; where not, `annex worker` does.
    pub run: bool,
    /// How many jobs one worker runs at once.
    pub concurrency: usize,
    /// For how long a job that succeeded is kept.
    pub keep_succeeded: Duration,
    /// For how long a job that failed or was cancelled is kept.
    pub keep_failed: Duration,
}

impl Jobs {
    pub(super) fn from_source(source: &mut Source) -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            run: source.get("ANNEX_JOBS_RUN", "jobs.run", "true or false", true),
            concurrency: source
                .get(
                    "ANNEX_JOBS_CONCURRENCY",
                    "jobs.concurrency",
                    "a number of jobs, at least 1",
                    AtLeast::<1>(50),
                )
                .0,
            keep_succeeded: source
                .get(
                    "ANNEX_JOBS_KEEP_SUCCEEDED",
                    "jobs.keep_succeeded",
                    Seconds::ALLOWED,
                    Seconds::of(2 * DAY),
                )
                .0,
            keep_failed: source
                .get("ANNEX_JOBS_KEEP_FAILED", "jobs.keep_failed", Seconds::ALLOWED, Seconds::of(30 * DAY))
                .0,
        }
    }
}

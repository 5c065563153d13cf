//! Durable jobs.

use std::time::Duration;

use super::source::{AtLeast, Bytes, Seconds, Source};

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
    /// For how long the file of a job is kept.
    pub keep_files: Duration,
    /// The largest file of a job, in bytes.
    pub max_file: usize,
    /// How much room all files of jobs may take, in bytes; those of one account half of it.
    pub max_files: usize,
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
            keep_files: source
                .get("ANNEX_JOBS_KEEP_FILES", "jobs.keep_files", Seconds::ALLOWED, Seconds::of(DAY))
                .0,
            max_file: source.get("ANNEX_JOBS_MAX_FILE", "jobs.max_file", Bytes::ALLOWED, Bytes(4 << 30)).0,
            max_files: source
                .get("ANNEX_JOBS_MAX_FILES", "jobs.max_files", Bytes::ALLOWED, Bytes(16 << 30))
                .0,
        }
    }
}

//! What became of jobs lately, for charts.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// What became of jobs, minute by minute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobStats {
    /// Every minute, the oldest first. The last one is not over.
    pub minutes: Vec<JobMinute>,
}

/// The attempts that ended in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobMinute {
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// They did what they should.
    #[schema(example = 240)]
    pub succeeded: i64,
    /// They failed, or their worker was lost; another one may follow.
    #[schema(example = 3)]
    pub failed: i64,
    /// They, or jobs before their first one, were cancelled.
    #[schema(example = 0)]
    pub cancelled: i64,
    /// Whether there were so many that they are not counted one by one.
    pub estimated: bool,
    /// How long jobs that were due waited for their first attempt; null where there were none.
    pub wait: Option<JobDurations>,
    /// How long attempts took; null where there were none.
    pub run: Option<JobDurations>,
}

/// How long something took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobDurations {
    /// Half took no longer.
    #[schema(example = 3.1)]
    pub p50: f64,
    /// 95 % took no longer.
    #[schema(example = 18.4)]
    pub p95: f64,
    /// 99 % took no longer.
    #[schema(example = 42.0)]
    pub p99: f64,
}

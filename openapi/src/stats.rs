//! How busy a server has been, for live charts.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long a bucket is, and how far the buckets go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub enum Resolution {
    /// Buckets of 10 seconds, for an hour.
    #[default]
    #[serde(rename = "10s")]
    TenSeconds,
    /// Buckets of a minute, for a day.
    #[serde(rename = "1m")]
    Minute,
}

impl Resolution {
    /// The length of a bucket.
    pub const fn seconds(self) -> u32 {
        match self {
            Self::TenSeconds => 10,
            Self::Minute => 60,
        }
    }

    /// How many buckets are kept.
    pub const fn buckets(self) -> usize {
        match self {
            Self::TenSeconds => 360,
            Self::Minute => 1440,
        }
    }
}

/// How busy the server that answers has been. Each server counts for itself, from its start: where `instance` is another
/// than before, what came before was another server's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// Which server: another one at each start.
    pub instance: Uuid,
    /// When it started.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    /// How long each bucket is.
    pub resolution: Resolution,
    /// The buckets that have ended, the oldest first; after `since`, where it is given.
    pub buckets: Vec<StatsBucket>,
    /// How large the collections are, by name.
    pub collections: Vec<CollectionSize>,
}

/// What happened in a span of time. Health checks and requests for these very numbers are not counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StatsBucket {
    /// When it began; give the last one back as `since=` for those after it.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Requests answered.
    #[schema(example = 1200)]
    pub requests: u64,
    /// Answers with a status of 400 to 499.
    #[schema(example = 7)]
    pub client_errors: u64,
    /// Answers with a status of 500 and above.
    #[schema(example = 0)]
    pub server_errors: u64,
    /// How long answers took; null where there were none.
    pub latency: Option<Latency>,
    /// Requests under way when it ended.
    #[schema(example = 3)]
    pub in_flight: u64,
    /// Requests that `GET /v1/requests` leaves out, since there were too many.
    #[schema(example = 0)]
    pub unlogged: u64,
    /// What the database took on disk; null where it did not say.
    #[schema(example = 12_582_912)]
    pub database_bytes: Option<i64>,
    /// Connections of the database in use, by whomever; null where it did not say.
    #[schema(example = 14)]
    pub connections: Option<i64>,
}

/// How long answers took, up to their head, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Latency {
    /// Half took no longer.
    #[schema(example = 0.42)]
    pub p50: f64,
    /// 95 % took no longer.
    #[schema(example = 2.1)]
    pub p95: f64,
    /// 99 % took no longer.
    #[schema(example = 8.7)]
    pub p99: f64,
}

/// How large a collection is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CollectionSize {
    /// The collection.
    #[schema(example = "posts")]
    pub name: String,
    /// About how many rows it has, as Postgres last counted; null where it never did, as for views.
    #[schema(example = 1200)]
    pub estimated_rows: Option<i64>,
    /// What it and its indexes take on disk; null for what keeps no rows, and while somebody has it locked.
    #[schema(example = 262_144)]
    pub size_bytes: Option<i64>,
}

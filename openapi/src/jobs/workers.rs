//! Who works on jobs.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A worker: one of a server, or one over HTTP that has jobs now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Worker {
    /// Of a server's worker.
    pub id: Option<Uuid>,
    /// What it is called.
    #[schema(example = "worker-1")]
    pub name: String,
    /// Whether it works over HTTP.
    pub remote: bool,
    /// The queues that it takes jobs from; of one over HTTP those that it has jobs of.
    #[schema(example = json!(["default"]))]
    pub queues: Vec<String>,
    /// How many jobs it runs at once; null over HTTP, where only it knows.
    #[schema(example = 8)]
    pub concurrency: Option<u32>,
    /// When it began; over HTTP, when it took the oldest of its leases.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    /// When it counts as gone unless it is heard of; over HTTP, when the first of its leases ends.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// How many leases it has.
    #[schema(example = 1)]
    pub leases: i64,
    /// How many jobs it has under them.
    #[schema(example = 3)]
    pub jobs: i64,
}

/// The workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkerPage {
    /// All of them, by name.
    pub items: Vec<Worker>,
    /// Always null: there is one page.
    pub next_cursor: Option<String>,
}

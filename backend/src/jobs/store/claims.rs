//! Jobs on their way through a worker: claimed under a lease, finished or given back.

use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;
use sqlx::types::Json;
use sqlx::{PgExecutor, Result};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::jobs::registry::WORKERS;

/// A job that a worker has taken.
#[derive(Debug)]
pub struct Claimed {
    /// The lease, which fences.
    pub lease: i64,
    /// Its place under the lease, from 1.
    pub position: i32,
    /// The job.
    pub id: Uuid,
    /// Which attempt this is, from 1.
    pub attempt: i16,
    /// What is to be done.
    pub kind: String,
    /// With what.
    pub args: Json<Box<RawValue>>,
    /// How many attempts there may be.
    pub max_attempts: i16,
    /// No attempt starts after that.
    pub deadline: Option<OffsetDateTime>,
    /// How long the attempt may run, in seconds.
    pub timeout_seconds: Option<i32>,
    /// Its batch.
    pub batch_id: Option<Uuid>,
}

/// Who claims.
#[derive(Debug, Clone, Copy)]
pub enum Claimant<'a> {
    /// A server's worker, whose life is the lease's, and as whom it runs jobs.
    Server(Uuid, &'a str, &'a [String]),
    /// A worker over HTTP, and for how many seconds.
    Remote(&'a str, f64),
}

/// Takes up to `wanted` jobs of the queue under one lease, at most 400: the most urgent, the oldest first. Of a server that runs jobs as
/// several, those of one.
///
/// # Errors
/// The database does not answer.
pub async fn claim(
    executor: impl PgExecutor<'_>,
    queue: &str,
    wanted: i32,
    claimant: Claimant<'_>,
) -> Result<Vec<Claimed>> {
    let workers = [WORKERS.to_owned()];
    let (worker_id, worker, runners, seconds) = match claimant {
        Claimant::Server(id, name, runners) => (Some(id), name, runners, 0.0),
        Claimant::Remote(name, seconds) => (None, name, &workers[..], seconds),
    };
    sqlx::query_as!(
        Claimed,
        r#"select lease as "lease!", position as "position!", attempt as "attempt!", id as "id!", kind as "kind!",
            args as "args!: Json<Box<RawValue>>", max_attempts as "max_attempts!", deadline, timeout_seconds, batch_id
        from annex.claim_jobs($1, $2, $3, $4, $5, $6)"#,
        queue,
        runners,
        wanted,
        worker_id,
        worker,
        seconds,
    )
    .fetch_all(executor)
    .await
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Well, with a result.
    Succeeded(Option<Value>),
    /// Badly.
    Failed {
        /// `{message, code?, details?}`.
        error: Value,
        /// Whether another attempt may help.
        retry: bool,
        /// After how many seconds; `None` as the job's backoff says.
        delay: Option<f64>,
    },
    /// Because somebody wanted it to stop.
    Cancelled,
}

/// The end of an attempt.
#[derive(Debug, Clone)]
pub struct Finish {
    /// As in [`Claimed`].
    pub lease: i64,
    /// As in [`Claimed`].
    pub position: i32,
    /// How it ended.
    pub outcome: Outcome,
}

/// Ends attempts, all in one statement. Returns the places in `finishes` of those that were not held any more: of them nothing is written.
///
/// # Errors
/// The database does not answer; with SQLSTATE 40001 or 40P01, it is to be called again.
pub async fn finish(executor: impl PgExecutor<'_>, finishes: &[Finish]) -> Result<Vec<usize>> {
    finish_within(executor, finishes, None).await
}

/// The same, in a transaction of its own that waits no longer than `patience` for what others have locked.
///
/// # Errors
/// As for [`finish`]; SQLSTATE 55P03 where it would have to wait for longer.
pub async fn finish_within(
    executor: impl PgExecutor<'_>,
    finishes: &[Finish],
    patience: Option<Duration>,
) -> Result<Vec<usize>> {
    let mut leases = Vec::with_capacity(finishes.len());
    let mut positions = Vec::with_capacity(finishes.len());
    let mut outcomes = Vec::with_capacity(finishes.len());
    let mut results = Vec::with_capacity(finishes.len());
    let mut errors = Vec::with_capacity(finishes.len());
    let mut retries = Vec::with_capacity(finishes.len());
    let mut delays = Vec::with_capacity(finishes.len());
    for finish in finishes {
        leases.push(finish.lease);
        positions.push(finish.position);
        let (outcome, result, error, retry, delay) = match &finish.outcome {
            Outcome::Succeeded(result) => ("succeeded", result.as_ref(), None, false, None),
            Outcome::Failed { error, retry, delay } => ("failed", None, Some(error), *retry, *delay),
            Outcome::Cancelled => ("cancelled", None, None, false, None),
        };
        outcomes.push(outcome);
        results.push(result.map(Json));
        errors.push(error.map(Json));
        retries.push(retry);
        delays.push(delay);
    }
    // What a function is given is worked out before it runs.
    let refused = sqlx::query_scalar!(
        r#"select refused as "refused!" from annex.finish_jobs(
            case when $8::text is null or set_config('lock_timeout', $8, true) is not null then $1::bigint[] end, $2, $3, $4, $5, $6, $7)"#,
        &leases,
        &positions,
        &outcomes as &[&str],
        &results as &[Option<Json<&Value>>],
        &errors as &[Option<Json<&Value>>],
        &retries,
        &delays as &[Option<f64>],
        patience.map(|patience| format!("{}ms", patience.as_millis())),
    )
    .fetch_all(executor)
    .await?;
    Ok(refused.into_iter().map(|ordinal| ordinal as usize - 1).collect())
}

/// Gives jobs back as if they had not been claimed, by lease and position. Returns how many were still held.
///
/// # Errors
/// The database does not answer.
pub async fn release(executor: impl PgExecutor<'_>, held: &[(i64, i32)]) -> Result<i32> {
    let (leases, positions): (Vec<i64>, Vec<i32>) = held.iter().copied().unzip();
    sqlx::query_scalar!(r#"select annex.release_jobs($1, $2) as "count!""#, &leases, &positions)
        .fetch_one(executor)
        .await
}

/// Gives back the jobs of a worker's leases that it does not know. Returns how many.
///
/// # Errors
/// The database does not answer.
pub async fn release_unknown(executor: impl PgExecutor<'_>, worker: Uuid, known: &[i64]) -> Result<i32> {
    sqlx::query_scalar!(r#"select coalesce(annex.release_unknown($1, $2), 0) as "count!""#, worker, known)
        .fetch_one(executor)
        .await
}

/// Those of the leases that a worker still holds.
///
/// # Errors
/// The database does not answer.
pub async fn leases_of(executor: impl PgExecutor<'_>, worker: Uuid, leases: &[i64]) -> Result<Vec<i64>> {
    sqlx::query_scalar!("select id from annex.leases where worker_id = $1 and id = any($2)", worker, leases)
        .fetch_all(executor)
        .await
}

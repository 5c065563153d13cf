//! Schedules.

use serde_json::Value;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor, Result};
use time::OffsetDateTime;

/// A schedule that is due.
#[derive(Debug)]
pub struct Due {
    /// Its name.
    pub name: String,
    /// What it enqueues, as `annex.enqueue_jobs` takes it.
    pub job: Value,
    /// By cron.
    pub cron: Option<String>,
    /// Where cron's clocks hang.
    pub time_zone: String,
    /// By a period.
    pub every_seconds: Option<i32>,
    /// Once.
    pub run_at: Option<OffsetDateTime>,
    /// `none`, `last` or `all`.
    pub catch_up: String,
    /// When it is due.
    pub next_at: OffsetDateTime,
    /// When it began.
    pub created_at: OffsetDateTime,
}

/// When the first schedule is due.
///
/// # Errors
/// The database does not answer.
pub async fn first(executor: impl PgExecutor<'_>) -> Result<Option<OffsetDateTime>> {
    sqlx::query_scalar!("select min(next_at) from annex.schedules where not paused").fetch_one(executor).await
}

/// The schedules that are due, locked; those that another server has locked are left out.
///
/// # Errors
/// The database does not answer.
pub async fn due(executor: impl PgExecutor<'_>, now: OffsetDateTime) -> Result<Vec<Due>> {
    sqlx::query_as!(
        Due,
        r#"select name, job, cron, time_zone, every_seconds, run_at, catch_up, next_at as "next_at!", created_at
        from annex.schedules where not paused and next_at <= $1 order by next_at limit 100 for update skip locked"#,
        now,
    )
    .fetch_all(executor)
    .await
}

/// Enqueues a job of the schedule for each of these times, and says when it is due next.
///
/// # Errors
/// The database does not answer.
pub async fn enqueue(
    connection: &mut PgConnection,
    schedule: &Due,
    times: &[OffsetDateTime],
    next_at: Option<OffsetDateTime>,
) -> Result<()> {
    let jobs: Vec<Value> = times
        .iter()
        .map(|_| {
            let mut job = schedule.job.clone();
            job["schedule"] = schedule.name.as_str().into();
            job
        })
        .collect();
    sqlx::query!(
        "with enqueued as (select id from annex.enqueue_jobs($2) order by ordinal)
        update annex.schedules set next_at = $3, last_at = coalesce($4, last_at),
            last_job_id = coalesce((select id from enqueued order by id desc limit 1), last_job_id)
        where name = $1",
        schedule.name,
        Json(jobs) as Json<Vec<Value>>,
        next_at,
        times.last().copied(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

//! Jobs as the API shows them.

use annex_openapi::jobs::{
    AttemptOutcome, Backoff, Job, JobAttempt, JobError, JobLogLine, JobState, LogLevel,
};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor, PgPool, Result};
use time::OffsetDateTime;
use uuid::Uuid;

/// Enqueues jobs, each as `annex.enqueue_jobs` takes it. For each its id, and whether it is new.
///
/// # Errors
/// The database does not answer.
pub async fn enqueue(executor: impl PgExecutor<'_>, jobs: &Value) -> Result<Vec<(Uuid, bool)>> {
    let rows = sqlx::query!(
        r#"select id as "id!", created as "created!" from annex.enqueue_jobs($1) order by ordinal"#,
        jobs
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.created)).collect())
}

/// Frees what a job that is gone has of unique keys.
///
/// # Errors
/// The database does not answer.
pub async fn free_unique_keys(executor: impl PgExecutor<'_>, gone: Uuid) -> Result<()> {
    sqlx::query!(
        "delete from annex.unique_jobs u where u.job_id = $1 and not exists (select from annex.jobs j where j.id = u.job_id)",
        gone
    )
    .execute(executor)
    .await?;
    Ok(())
}

struct Row {
    id: Uuid,
    kind: String,
    state: String,
    args: Option<Value>,
    queue: String,
    priority: i16,
    key: Option<String>,
    unique_key: Option<String>,
    tags: Vec<String>,
    attempt: i16,
    max_attempts: i16,
    backoff: Option<Value>,
    run_at: Option<OffsetDateTime>,
    deadline: Option<OffsetDateTime>,
    timeout_seconds: Option<i32>,
    batch_id: Option<Uuid>,
    step: Option<String>,
    schedule: Option<String>,
    created_by: Option<Uuid>,
    created_at: OffsetDateTime,
    started_at: Option<OffsetDateTime>,
    finished_at: Option<OffsetDateTime>,
    worker: Option<String>,
    progress: Option<f64>,
    message: Option<String>,
    cancel_requested: bool,
    blocked_by_limit: bool,
    result: Option<Value>,
    error: Option<Value>,
}

impl From<Row> for Job {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            state: state(&row.state),
            args: row.args,
            queue: row.queue,
            priority: row.priority,
            key: row.key,
            unique_key: row.unique_key,
            tags: row.tags,
            attempt: row.attempt.unsigned_abs(),
            max_attempts: row.max_attempts.unsigned_abs(),
            backoff: backoff(row.backoff),
            run_at: row.run_at,
            deadline: row.deadline,
            timeout_seconds: row.timeout_seconds.map(i32::unsigned_abs),
            batch_id: row.batch_id,
            step: row.step,
            schedule: row.schedule,
            created_by: row.created_by,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            worker: row.worker,
            progress: row.progress,
            message: row.message,
            cancel_requested: row.cancel_requested,
            blocked_by_limit: row.blocked_by_limit,
            result: row.result,
            error: row.error.map(error),
            waiting_for: None,
            attempts: None,
        }
    }
}

/// A state as `annex.job_states` names it.
pub fn state(name: &str) -> JobState {
    JobState::ALL.into_iter().find(|state| state.as_str() == name).unwrap_or(JobState::Ready)
}

/// How long to wait after a failure; none where another program has written what cannot be read.
pub fn backoff(value: Option<Value>) -> Option<Backoff> {
    value.and_then(|value| serde_json::from_value(value).ok())
}

/// Other programs may write errors of any form.
fn error(value: Value) -> JobError {
    serde_json::from_value(value.clone()).unwrap_or_else(|_| JobError {
        message: value["message"].as_str().unwrap_or("It failed").to_owned(),
        code: None,
        details: Some(value),
    })
}

/// The jobs of those ids that there are, the newest first. Brief ones come without what is large.
///
/// # Errors
/// The database does not answer.
pub async fn read(executor: impl PgExecutor<'_>, ids: &[Uuid], brief: bool) -> Result<Vec<Job>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select j.id, j.kind, s.state as "state!", j.queue, j.priority, j.key, j.unique_key, j.tags, s.attempt as "attempt!",
            j.max_attempts, j.backoff, s.run_at, j.deadline, j.timeout_seconds, j.batch_id, j.step, j.schedule, j.created_by,
            j.created_at, s.started_at, s.finished_at, s.worker, p.progress as "progress?", p.message,
            s.cancel_requested as "cancel_requested!", s.blocked_by_limit as "blocked_by_limit!",
            case when not $2 or pg_column_size(j.args) <= 4096 and octet_length(j.args::text) <= 4096 then j.args end as args,
            case when not $2 or pg_column_size(s.result) <= 4096 and octet_length(s.result::text) <= 4096 then s.result end as result,
            case when not $2 or pg_column_size(s.error) <= 4096 and octet_length(s.error::text) <= 4096 then s.error end as error
        from annex.job_states($1) s
        join annex.jobs j on j.id = s.id
        left join annex.job_progress p on p.job_id = j.id and p.attempt = s.attempt
        order by j.id desc"#,
        ids,
        brief,
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(Job::from).collect())
}

/// Who enqueued a job, and the schedule that did.
#[derive(Debug, Default)]
pub struct Origin {
    /// The account.
    pub created_by: Option<Uuid>,
    /// The schedule.
    pub schedule: Option<String>,
}

/// Where a job comes from.
///
/// # Errors
/// The database does not answer.
pub async fn origin(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Option<Origin>> {
    sqlx::query_as!(Origin, "select created_by, schedule from annex.jobs where id = $1", id)
        .fetch_optional(executor)
        .await
}

/// One job with all that there is.
///
/// # Errors
/// The database does not answer.
pub async fn get(pool: &PgPool, id: Uuid) -> Result<Option<Job>> {
    let mut transaction = pool.begin_with("begin isolation level repeatable read read only").await?;
    let Some(mut job) = read(&mut *transaction, &[id], false).await?.pop() else { return Ok(None) };
    job.attempts = Some(attempts(&mut transaction, id).await?);
    let waiting_for = sqlx::query_scalar!(
        "select d.needs from annex.dependencies d
        where d.job_id = $1 and exists (select from annex.waiting w where w.job_id = $1) and not exists (
            select from annex.attempts t where t.job_id = d.needs and t.final and t.outcome = 'succeeded')
        order by d.needs",
        id
    );
    job.waiting_for = Some(waiting_for.fetch_all(&mut *transaction).await?);
    transaction.rollback().await?;
    Ok(Some(job))
}

async fn attempts(connection: &mut PgConnection, id: Uuid) -> Result<Vec<JobAttempt>> {
    let rows = sqlx::query!(
        r#"select attempt as "attempt!", outcome as "outcome!", worker, started_at as "started_at!", finished_at as "finished_at?", result,
            error
        from (
            select t.attempt, t.outcome, t.worker, t.started_at, t.finished_at, t.result, t.error from annex.attempts t
            where t.job_id = $1 and t.attempt > 0
            union all
            select s.attempt, 'running', s.worker, s.started_at, null, null, null from annex.job_states(array[$1]) s
            where s.state = 'running'
        ) a
        order by attempt"#,
        id
    )
    .fetch_all(connection)
    .await?;
    let attempts = rows.into_iter().map(|row| JobAttempt {
        attempt: row.attempt.unsigned_abs(),
        outcome: match row.outcome.as_str() {
            "succeeded" => AttemptOutcome::Succeeded,
            "failed" => AttemptOutcome::Failed,
            "lost" => AttemptOutcome::Lost,
            "cancelled" => AttemptOutcome::Cancelled,
            _ => AttemptOutcome::Running,
        },
        worker: row.worker,
        started_at: row.started_at,
        finished_at: row.finished_at,
        result: row.result,
        error: row.error.map(error),
    });
    Ok(attempts.collect())
}

/// Lets the statements of this transaction take long: to find the few of many does.
///
/// # Errors
/// The database does not answer.
pub async fn take_time(connection: &mut PgConnection) -> Result<()> {
    sqlx::query!("set local statement_timeout = '10min'").execute(connection).await?;
    Ok(())
}

/// Cancels jobs; how many that concerned.
///
/// # Errors
/// The database does not answer.
pub async fn cancel(executor: impl PgExecutor<'_>, ids: &[Uuid]) -> Result<i32> {
    sqlx::query_scalar!(r#"select annex.cancel_jobs($1) as "count!""#, ids).fetch_one(executor).await
}

/// Tries jobs again; how many.
///
/// # Errors
/// The database does not answer.
pub async fn retry(executor: impl PgExecutor<'_>, ids: &[Uuid]) -> Result<i32> {
    sqlx::query_scalar!(r#"select annex.retry_jobs($1) as "count!""#, ids).fetch_one(executor).await
}

/// Forgets jobs that have ended, and are not of a batch that runs; how many.
///
/// # Errors
/// The database does not answer.
pub async fn discard(executor: impl PgExecutor<'_>, ids: &[Uuid]) -> Result<i64> {
    sqlx::query_scalar!(
        // A retry that comes first has made the attempt one that is not final, or waits and finds nothing.
        r#"with ended as materialized (
            select j.id as job_id from annex.jobs j join annex.attempts t on t.job_id = j.id
            where j.id = any($1) and t.final
                and not exists (select from annex.batches b where b.id = j.batch_id and b.finished_at is null)
            for update of t
        ),
        progress as (delete from annex.job_progress where job_id in (select job_id from ended)),
        logs as (delete from annex.job_logs where job_id in (select job_id from ended)),
        needed as (delete from annex.dependencies where needs in (select job_id from ended)),
        needing as (delete from annex.dependencies where job_id in (select job_id from ended) and needs not in (select job_id from ended)),
        tries as (delete from annex.attempts where job_id in (select job_id from ended)),
        named as (delete from annex.unique_jobs where job_id in (select job_id from ended)),
        gone as (delete from annex.jobs where id in (select job_id from ended) returning id)
        select count(*) as "count!" from gone"#,
        ids
    )
    .fetch_one(executor)
    .await
}

/// Lines of a job's log after that one, the oldest first.
///
/// # Errors
/// The database does not answer.
pub async fn log(executor: impl PgExecutor<'_>, id: Uuid, after: i64, limit: i64) -> Result<Vec<JobLogLine>> {
    let lines = log_of_all(executor, &[id], &[after], limit).await?;
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

/// Lines of the logs of jobs, of each after that one, the oldest first, each with its job.
///
/// # Errors
/// The database does not answer.
pub async fn log_of_all(
    executor: impl PgExecutor<'_>,
    ids: &[Uuid],
    after: &[i64],
    limit: i64,
) -> Result<Vec<(Uuid, JobLogLine)>> {
    let rows = sqlx::query!(
        r#"select l.job_id, l.id, l.attempt, l.level, l.message, l.at
        from unnest($1::uuid[], $2::bigint[]) f (job_id, after)
        cross join lateral (
            select * from annex.job_logs l where l.job_id = f.job_id and l.id > f.after order by l.id limit $3
        ) l
        order by l.id"#,
        ids,
        after,
        limit
    )
    .fetch_all(executor)
    .await?;
    let lines = rows.into_iter().map(|row| {
        let line = JobLogLine {
            id: row.id,
            attempt: row.attempt.unsigned_abs(),
            level: match row.level.as_str() {
                "debug" => LogLevel::Debug,
                "warn" => LogLevel::Warn,
                "error" => LogLevel::Error,
                _ => LogLevel::Info,
            },
            message: row.message,
            at: row.at,
        };
        (row.job_id, line)
    });
    Ok(lines.collect())
}

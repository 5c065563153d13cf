//! What keeps the tables of jobs going.

use sqlx::{PgExecutor, PgPool, Result};
use time::OffsetDateTime;
use uuid::Uuid;

/// Puts what is due into the line. Returns when to look again; `None` where nothing is scheduled.
///
/// # Errors
/// The database does not answer.
pub async fn promote(executor: impl PgExecutor<'_>) -> Result<Option<f64>> {
    sqlx::query_scalar!(
        r#"select extract(epoch from annex.promote_jobs() - clock_timestamp())::double precision as "seconds""#
    )
    .fetch_one(executor)
    .await
}

/// Takes back some of what is held under leases that ended, or by workers that are gone. Returns how many jobs; 0 where that was all.
///
/// # Errors
/// The database does not answer.
pub async fn reclaim(executor: impl PgExecutor<'_>) -> Result<i32> {
    sqlx::query_scalar!(r#"select annex.reclaim_leases() as "count!""#).fetch_one(executor).await
}

/// Empties what has drained.
///
/// # Errors
/// The database does not answer.
pub async fn rotate(executor: impl PgExecutor<'_>) -> Result<()> {
    sqlx::query!("select annex.rotate_slots()").execute(executor).await?;
    Ok(())
}

/// Makes the queues that have jobs and no row: what would have made one was rolled back.
///
/// # Errors
/// The database does not answer.
pub async fn name_queues(executor: impl PgExecutor<'_>) -> Result<()> {
    sqlx::query!("select annex.name_queues(array(select annex.queues_with_work()))")
        .execute(executor)
        .await?;
    Ok(())
}

/// The queues in which jobs wait for a worker that runs them as one of those.
///
/// # Errors
/// The database does not answer.
pub async fn queues_with_work(executor: impl PgExecutor<'_>, runners: &[String]) -> Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"select n.name as "name!" from annex.queues_with_work() n (name)
        where not exists (select from annex.queues q where q.name = n.name and q.paused)
            and exists (select from unnest($1::text[]) u (runner) join annex.ready r on r.queue = n.name and r.runner = u.runner)"#,
        runners
    )
    .fetch_all(executor)
    .await
}

/// A server's worker, as others see it.
#[derive(Debug, Clone)]
pub struct WorkerRow {
    /// Of this life: one that was thought dead comes back as another.
    pub id: Uuid,
    /// For people.
    pub name: String,
    /// Its queues; empty for all.
    pub queues: Vec<String>,
    /// How many jobs it runs at once.
    pub concurrency: i32,
}

/// Begins a worker's life, which ends when it is not heard of for `seconds`. It may be said again: that it was heard is not always.
///
/// # Errors
/// The database does not answer.
pub async fn register(executor: impl PgExecutor<'_>, worker: &WorkerRow, seconds: f64) -> Result<()> {
    sqlx::query!(
        "insert into annex.workers (id, name, queues, concurrency, started_at, expires_at)
        values ($1, $2, $3, $4, clock_timestamp(), clock_timestamp() + make_interval(secs => $5))
        on conflict (id) do update set expires_at = excluded.expires_at",
        worker.id,
        worker.name,
        &worker.queues,
        worker.concurrency,
        seconds,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// What a worker is told when it says that it lives.
#[derive(Debug)]
pub struct Beat {
    /// Whether others still believed so; where not, its jobs are others' by now.
    pub alive: bool,
    /// Jobs that somebody wants to stop, whoever runs them.
    pub cancelled: Vec<Uuid>,
}

/// Says that a worker lives, for another `seconds`.
///
/// # Errors
/// The database does not answer.
pub async fn beat(executor: impl PgExecutor<'_>, worker: Uuid, seconds: f64) -> Result<Beat> {
    sqlx::query_as!(
        Beat,
        r#"with alive as (
            update annex.workers set expires_at = clock_timestamp() + make_interval(secs => $2)
            where id = $1 and expires_at > clock_timestamp() returning id
        )
        select exists (select from alive) as "alive!", array(select job_id from annex.cancellations) as "cancelled!""#,
        worker,
        seconds,
    )
    .fetch_one(executor)
    .await
}

/// Ends a worker's life.
///
/// # Errors
/// The database does not answer.
pub async fn unregister(executor: impl PgExecutor<'_>, worker: Uuid) -> Result<()> {
    sqlx::query!("delete from annex.workers where id = $1", worker).execute(executor).await?;
    Ok(())
}

/// Whether an old transaction keeps deleted rows from being cleaned up: to delete more would only make it worse.
///
/// # Errors
/// The database does not answer.
pub async fn is_held_back(executor: impl PgExecutor<'_>) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
            select from pg_stat_activity
            where backend_xmin is not null and datname = current_database() and pid <> pg_backend_pid()
                and xact_start < clock_timestamp() - interval '10 minutes'
        ) as "held!""#
    )
    .fetch_one(executor)
    .await
}

/// Forgets up to `limit` jobs that ended: those that succeeded before the one time, and the others that ended before the other. A batch
/// goes as a whole, and a job stays as long as its unique key stands for it. Returns how many.
///
/// # Errors
/// The database does not answer.
pub async fn delete_ended(
    pool: &PgPool,
    succeeded_before: OffsetDateTime,
    others_before: OffsetDateTime,
    now: OffsetDateTime,
    limit: i64,
) -> Result<u64> {
    let deleted = sqlx::query!(
        // A retry that comes first has made the attempt one that is not final, or waits and finds nothing.
        "with ended as materialized (
            select a.job_id from annex.attempts a
            join annex.jobs j on j.id = a.job_id
            left join annex.batches b on b.id = j.batch_id
            where a.final and a.finished_at < greatest($1::timestamptz, $2)
                -- A batch goes as one: what is retried needs the results of the others.
                and case when b.id is null then a.finished_at < case a.outcome when 'succeeded' then $1 else $2 end
                    else b.finished_at < case when b.succeeded = b.total then $1 else $2 end end
                and (j.unique_key is null or not exists (
                    select from annex.unique_jobs u
                    where u.kind = j.kind and u.key = j.unique_key and u.job_id = j.id and u.period_end > $4))
            limit $3
            for update of a skip locked
        ),
        progress as (delete from annex.job_progress where job_id in (select job_id from ended)),
        logs as (delete from annex.job_logs where job_id in (select job_id from ended)),
        needed as (delete from annex.dependencies where needs in (select job_id from ended) or job_id in (select job_id from ended)),
        tries as (delete from annex.attempts where job_id in (select job_id from ended))
        delete from annex.jobs where id in (select job_id from ended)",
        succeeded_before,
        others_before,
        limit,
        now,
    )
    .execute(pool)
    .await?;
    sqlx::query!("delete from annex.unique_jobs where period_end <> 'infinity' and period_end <= $1", now)
        .execute(pool)
        .await?;
    sqlx::query!("delete from annex.workers where expires_at < clock_timestamp() - interval '1 hour'")
        .execute(pool)
        .await?;
    sqlx::query!(
        "delete from annex.batches b where b.finished_at < $1 and not exists (select from annex.jobs j where j.batch_id = b.id)",
        others_before
    )
    .execute(pool)
    .await?;
    Ok(deleted.rows_affected())
}

//! Batches and their steps.

use annex_openapi::jobs::JobCreate;
use annex_openapi::jobs::batches::{JobBatch, JobBatchStep};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor, PgPool, Result};
use time::OffsetDateTime;
use uuid::Uuid;

use super::jobs::state;

/// The most steps that a batch shows.
const MOST_STEPS: i64 = 1000;

struct Row {
    id: Uuid,
    name: Option<String>,
    total: i32,
    pending: i32,
    succeeded: i32,
    failed: i32,
    cancelled: i32,
    callback: Option<Value>,
    callback_id: Option<Uuid>,
    created_by: Option<Uuid>,
    created_at: OffsetDateTime,
    finished_at: Option<OffsetDateTime>,
}

impl From<Row> for JobBatch {
    fn from(row: Row) -> Self {
        let callback = row.callback.and_then(|mut callback| {
            callback.as_object_mut()?.remove("created_by");
            serde_json::from_value::<JobCreate>(callback).ok()
        });
        Self {
            id: row.id,
            name: row.name,
            total: row.total.unsigned_abs(),
            pending: row.pending.unsigned_abs(),
            succeeded: row.succeeded.unsigned_abs(),
            failed: row.failed.unsigned_abs(),
            cancelled: row.cancelled.unsigned_abs(),
            callback,
            callback_id: row.callback_id,
            created_by: row.created_by,
            created_at: row.created_at,
            finished_at: row.finished_at,
            steps: None,
        }
    }
}

/// Begins a batch of so many jobs.
///
/// # Errors
/// The database does not answer.
pub async fn insert(
    executor: impl PgExecutor<'_>,
    id: Uuid,
    name: Option<&str>,
    jobs: i32,
    callback: Option<&Value>,
    created_by: Uuid,
) -> Result<()> {
    sqlx::query!(
        "insert into annex.batches (id, name, total, pending, callback, created_by, created_at)
        values ($1, $2, $3, $3, $4, $5, clock_timestamp())",
        id,
        name,
        jobs,
        callback,
        created_by
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Takes in so many more jobs, which nobody else does meanwhile. Whether the batch runs; nothing where there is none.
///
/// # Errors
/// The database does not answer.
pub async fn grow(connection: &mut PgConnection, id: Uuid, jobs: i32) -> Result<Option<bool>> {
    let finished = sqlx::query_scalar!(
        r#"select finished_at is not null as "finished!" from annex.batches where id = $1 for update"#,
        id
    );
    let Some(finished) = finished.fetch_optional(&mut *connection).await? else { return Ok(None) };
    if !finished {
        sqlx::query!(
            "update annex.batches set total = total + $2, pending = pending + $2 where id = $1",
            id,
            jobs
        )
        .execute(connection)
        .await?;
    }
    Ok(Some(!finished))
}

/// A step that is there.
#[derive(Debug)]
pub struct Step {
    /// The job.
    pub id: Uuid,
    /// Its name.
    pub step: String,
    /// How it ended, where it has.
    pub outcome: Option<String>,
}

/// Those of the named steps that the batch has.
///
/// # Errors
/// The database does not answer.
pub async fn steps_named(executor: impl PgExecutor<'_>, id: Uuid, names: &[&str]) -> Result<Vec<Step>> {
    sqlx::query_as!(
        Step,
        r#"select j.id, j.step as "step!", t.outcome as "outcome?"
        from annex.jobs j left join annex.attempts t on t.job_id = j.id and t.final
        where j.batch_id = $1 and j.step = any($2)"#,
        id,
        names as &[&str]
    )
    .fetch_all(executor)
    .await
}

/// Notes which jobs need which.
///
/// # Errors
/// The database does not answer.
pub async fn depend(executor: impl PgExecutor<'_>, needed: &[Uuid], needing: &[Uuid]) -> Result<()> {
    sqlx::query!(
        "insert into annex.dependencies (needs, job_id) select * from unnest($1::uuid[], $2::uuid[])",
        needed,
        needing
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Batches, the newest first, after that one.
///
/// # Errors
/// The database does not answer.
pub async fn list(pool: &PgPool, after: Option<Uuid>, limit: i64) -> Result<Vec<JobBatch>> {
    let rows = sqlx::query_as!(
        Row,
        "select id, name, total, pending, succeeded, failed, cancelled, callback, callback_id, created_by, created_at, finished_at
        from annex.batches where $1::uuid is null or id < $1 order by id desc limit $2",
        after,
        limit
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(JobBatch::from).collect())
}

/// A batch with its steps.
///
/// # Errors
/// The database does not answer.
pub async fn get(pool: &PgPool, id: Uuid) -> Result<Option<JobBatch>> {
    let mut transaction = pool.begin_with("begin isolation level repeatable read read only").await?;
    let row = sqlx::query_as!(
        Row,
        "select id, name, total, pending, succeeded, failed, cancelled, callback, callback_id, created_by, created_at, finished_at
        from annex.batches where id = $1",
        id
    );
    let Some(row) = row.fetch_optional(&mut *transaction).await? else { return Ok(None) };
    let mut batch = JobBatch::from(row);
    let steps = sqlx::query!(
        r#"with steps as materialized (
            select j.id, j.step, j.kind from annex.jobs j where j.batch_id = $1 and j.step is not null order by j.id limit $2
        )
        select t.id, t.step as "step!", t.kind, s.state as "state!", array(
            select n.step from annex.dependencies d join annex.jobs n on n.id = d.needs
            where d.job_id = t.id and n.step is not null order by n.id) as "needs!"
        from steps t join annex.job_states(array(select id from steps)) s on s.id = t.id
        order by t.id"#,
        id,
        MOST_STEPS
    )
    .fetch_all(&mut *transaction)
    .await?;
    batch.steps = Some(
        steps
            .into_iter()
            .map(|row| JobBatchStep {
                job_id: row.id,
                step: row.step,
                kind: row.kind,
                state: state(&row.state),
                needs: row.needs,
            })
            .collect(),
    );
    transaction.rollback().await?;
    Ok(Some(batch))
}

/// Whether there is such a batch.
///
/// # Errors
/// The database does not answer.
pub async fn exists(executor: impl PgExecutor<'_>, id: Uuid) -> Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from annex.batches where id = $1) as "exists!""#, id)
        .fetch_one(executor)
        .await
}

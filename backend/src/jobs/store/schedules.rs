//! Schedules.

use annex_openapi::jobs::JobCreate;
use annex_openapi::jobs::schedules::{CatchUp, Schedule};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor, Result};
use time::OffsetDateTime;
use uuid::Uuid;

/// A schedule as it is kept.
#[derive(Debug, Clone)]
pub struct ScheduleRow {
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
    /// Whether it rests.
    pub paused: bool,
    /// When it is due.
    pub next_at: Option<OffsetDateTime>,
    /// The time for which it enqueued last.
    pub last_at: Option<OffsetDateTime>,
    /// What it enqueued last.
    pub last_job_id: Option<Uuid>,
    /// Who made it.
    pub created_by: Option<Uuid>,
    /// When `every_seconds` was said.
    pub began_at: OffsetDateTime,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it was changed last.
    pub updated_at: OffsetDateTime,
}

impl ScheduleRow {
    /// What it enqueues, as the API has it. Of what another program has written and cannot be read, the kind alone.
    pub fn job(&self) -> JobCreate {
        let mut job = self.job.clone();
        if let Some(members) = job.as_object_mut() {
            members.remove("created_by");
        }
        let kind = job["kind"].as_str().unwrap_or_default().to_owned();
        serde_json::from_value(job).unwrap_or(JobCreate { kind, ..JobCreate::default() })
    }
}

/// Without its next runs, which are reckoned.
impl From<ScheduleRow> for Schedule {
    fn from(row: ScheduleRow) -> Self {
        Self {
            job: row.job(),
            name: row.name,
            cron: row.cron,
            time_zone: row.time_zone,
            every_seconds: row.every_seconds.map(i32::unsigned_abs),
            run_at: row.run_at,
            catch_up: CatchUp::ALL.into_iter().find(|way| way.as_str() == row.catch_up).unwrap_or_default(),
            paused: row.paused,
            next_at: row.next_at,
            next_runs: Vec::new(),
            last_at: row.last_at,
            last_job_id: row.last_job_id,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The schedule of that name, or up to `limit` after one, by name.
///
/// # Errors
/// The database does not answer.
pub async fn list(
    executor: impl PgExecutor<'_>,
    name: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<ScheduleRow>> {
    sqlx::query_as!(
        ScheduleRow,
        r#"select name, job, cron, time_zone, every_seconds, run_at, catch_up, paused, next_at, last_at, last_job_id, created_by, began_at,
            created_at, updated_at
        from annex.schedules
        where ($1::text is null or name = $1) and ($2::text is null or name collate "C" > $2)
        order by name collate "C" limit $3"#,
        name,
        after,
        limit,
    )
    .fetch_all(executor)
    .await
}

/// The schedule of that name, to be changed in this transaction: nobody else changes it or enqueues by it meanwhile.
///
/// # Errors
/// The database does not answer.
pub async fn hold(executor: impl PgExecutor<'_>, name: &str) -> Result<Option<ScheduleRow>> {
    sqlx::query_as!(
        ScheduleRow,
        "select name, job, cron, time_zone, every_seconds, run_at, catch_up, paused, next_at, last_at, last_job_id, created_by, began_at,
            created_at, updated_at
        from annex.schedules where name = $1 for update",
        name,
    )
    .fetch_optional(executor)
    .await
}

/// Makes the schedule so, and wakes who follows them. Whether it is new.
///
/// # Errors
/// The database does not answer.
pub async fn replace(connection: &mut PgConnection, schedule: &ScheduleRow) -> Result<bool> {
    let created = sqlx::query_scalar!(
        r#"insert into annex.schedules as s (name, job, cron, time_zone, every_seconds, run_at, catch_up, paused, next_at, created_by,
            began_at, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
        on conflict (name) do update set job = excluded.job, cron = excluded.cron, time_zone = excluded.time_zone,
            every_seconds = excluded.every_seconds, run_at = excluded.run_at, catch_up = excluded.catch_up, paused = excluded.paused,
            next_at = excluded.next_at, began_at = excluded.began_at, updated_at = excluded.updated_at
        returning xmax = 0 as "created!""#,
        schedule.name,
        schedule.job,
        schedule.cron,
        schedule.time_zone,
        schedule.every_seconds,
        schedule.run_at,
        schedule.catch_up,
        schedule.paused,
        schedule.next_at,
        schedule.created_by,
        schedule.began_at,
        schedule.updated_at,
    )
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query!("select pg_notify('annex_jobs', '')").execute(connection).await?;
    Ok(created)
}

/// Forgets the schedule.
///
/// # Errors
/// The database does not answer.
pub async fn delete(executor: impl PgExecutor<'_>, name: &str) -> Result<()> {
    sqlx::query!("delete from annex.schedules where name = $1", name).execute(executor).await?;
    Ok(())
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
pub async fn due(executor: impl PgExecutor<'_>, now: OffsetDateTime) -> Result<Vec<ScheduleRow>> {
    sqlx::query_as!(
        ScheduleRow,
        "select name, job, cron, time_zone, every_seconds, run_at, catch_up, paused, next_at, last_at, last_job_id, created_by, began_at,
            created_at, updated_at
        from annex.schedules where not paused and next_at <= $1 order by next_at limit 100 for update skip locked",
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
    schedule: &ScheduleRow,
    times: &[OffsetDateTime],
    next_at: Option<OffsetDateTime>,
) -> Result<()> {
    sqlx::query!(
        "with due as (
            select coalesce(jsonb_agg($2::jsonb || jsonb_build_object('schedule', $1::text, 'run_at', u.at) order by u.at), '[]') as jobs
            from unnest($4::timestamptz[]) u (at)
        ),
        enqueued as (select e.id from due, annex.enqueue_jobs(due.jobs) e)
        update annex.schedules set next_at = $3, last_at = coalesce((select max(u.at) from unnest($4::timestamptz[]) u (at)), last_at),
            last_job_id = coalesce((select id from enqueued order by id desc limit 1), last_job_id)
        where name = $1",
        schedule.name,
        schedule.job,
        next_at,
        times,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Enqueues a job of the schedule out of turn, for that account. The job's id, and whether it is new.
///
/// # Errors
/// The database does not answer.
pub async fn run(
    executor: impl PgExecutor<'_>,
    schedule: &ScheduleRow,
    by: Uuid,
    at: OffsetDateTime,
) -> Result<Option<(Uuid, bool)>> {
    let row = sqlx::query!(
        r#"with enqueued as materialized (
            select e.id, e.created
            from annex.enqueue_jobs(jsonb_build_array($2::jsonb || jsonb_build_object('schedule', $1::text, 'created_by', $3::uuid))) e
        )
        update annex.schedules s set last_at = $4, last_job_id = e.id from enqueued e where s.name = $1
        returning e.id as "id!", e.created as "created!""#,
        schedule.name,
        schedule.job,
        by,
        at,
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| (row.id, row.created)))
}

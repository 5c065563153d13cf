//! Kinds of jobs.

use annex_openapi::jobs::kinds::{JobKind, JobKindReplace};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{PgExecutor, Result};
use time::OffsetDateTime;

use super::jobs::backoff;

/// A kind that is not as it was known.
#[derive(Debug)]
pub struct Changed {
    /// Its name.
    pub name: String,
    /// When it was changed; none where there is no such kind.
    pub updated_at: Option<OffsetDateTime>,
    /// The JSON Schema of its arguments.
    pub schema: Option<Value>,
}

/// Those of the kinds that were changed at another time than is known.
///
/// # Errors
/// The database does not answer.
pub async fn changed(
    executor: impl PgExecutor<'_>,
    names: &[&str],
    known: &[Option<OffsetDateTime>],
) -> Result<Vec<Changed>> {
    sqlx::query_as!(
        Changed,
        r#"select n.name as "name!", k.updated_at as "updated_at?", k.schema as "schema?"
        from unnest($1::text[], $2::timestamptz[]) n (name, known)
        left join annex.job_kinds k on k.name = n.name
        where k.updated_at is distinct from n.known"#,
        names as &[&str],
        known as &[Option<OffsetDateTime>],
    )
    .fetch_all(executor)
    .await
}

/// Those of the kinds that servers run, with the servers' rights.
///
/// # Errors
/// The database does not answer.
pub async fn run_by_servers(executor: impl PgExecutor<'_>, names: &[&str]) -> Result<Vec<String>> {
    sqlx::query_scalar!(
        "select name from annex.job_kinds where name = any($1) and runner <> '@workers'",
        names as &[&str]
    )
    .fetch_all(executor)
    .await
}

struct Row {
    name: String,
    description: Option<String>,
    schema: Option<Value>,
    remote: bool,
    queue: String,
    priority: i16,
    max_attempts: i16,
    backoff: Option<Value>,
    timeout_seconds: Option<i32>,
    updated_at: OffsetDateTime,
}

impl From<Row> for JobKind {
    fn from(row: Row) -> Self {
        Self {
            name: row.name,
            description: row.description,
            schema: row.schema,
            remote: row.remote,
            queue: row.queue,
            priority: row.priority,
            max_attempts: row.max_attempts.unsigned_abs(),
            backoff: backoff(row.backoff),
            timeout_seconds: row.timeout_seconds.map(i32::unsigned_abs),
            updated_at: row.updated_at,
        }
    }
}

/// The kind of that name, or all, by name.
///
/// # Errors
/// The database does not answer.
pub async fn list(executor: impl PgExecutor<'_>, name: Option<&str>) -> Result<Vec<JobKind>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select name, description, schema, runner = '@workers' as "remote!", queue, priority, max_attempts, backoff, timeout_seconds, updated_at
        from annex.job_kinds where $1::text is null or name = $1 order by name"#,
        name
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(JobKind::from).collect())
}

/// The kind of that name, held until the transaction ends.
///
/// # Errors
/// The database does not answer.
pub async fn hold(executor: impl PgExecutor<'_>, name: &str) -> Result<Option<JobKind>> {
    let row = sqlx::query_as!(
        Row,
        r#"select name, description, schema, runner = '@workers' as "remote!", queue, priority, max_attempts, backoff, timeout_seconds, updated_at
        from annex.job_kinds where name = $1 for update"#,
        name
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(JobKind::from))
}

/// Makes the kind so; nothing comes of it where a server's program runs it. Whether it is new.
///
/// # Errors
/// The database does not answer.
pub async fn replace(
    executor: impl PgExecutor<'_>,
    name: &str,
    kind: &JobKindReplace,
) -> Result<Option<bool>> {
    sqlx::query_scalar!(
        r#"insert into annex.job_kinds as k
            (name, description, schema, queue, priority, max_attempts, backoff, timeout_seconds, updated_at)
        values ($1, $2, $3, coalesce($4, 'default'), coalesce($5, 0::smallint), coalesce($6, 20::smallint), $7, $8, clock_timestamp())
        on conflict (name) do update set description = excluded.description, schema = excluded.schema, queue = excluded.queue,
            priority = excluded.priority, max_attempts = excluded.max_attempts, backoff = excluded.backoff,
            timeout_seconds = excluded.timeout_seconds, updated_at = excluded.updated_at
            where k.runner = '@workers'
        returning xmax = 0 as "created!""#,
        name,
        kind.description,
        kind.schema,
        kind.queue,
        kind.priority,
        kind.max_attempts.map(|attempts| attempts as i16),
        kind.backoff.as_ref().map(Json) as _,
        kind.timeout_seconds.map(|seconds| seconds as i32),
    )
    .fetch_optional(executor)
    .await
}

/// Forgets the kind, where workers over HTTP run it. Whether it was there.
///
/// # Errors
/// The database does not answer.
pub async fn delete(executor: impl PgExecutor<'_>, name: &str) -> Result<bool> {
    let deleted = sqlx::query!("delete from annex.job_kinds where name = $1 and runner = '@workers'", name)
        .execute(executor)
        .await?;
    Ok(deleted.rows_affected() > 0)
}

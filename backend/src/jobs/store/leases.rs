//! What workers over HTTP hold.

use serde_json::{Map, Value};
use sqlx::{PgConnection, PgExecutor, Result};
use std::collections::HashMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// Until when a lease goes, and at which of its positions jobs stand whose deadline has passed.
///
/// # Errors
/// The database does not answer.
pub async fn claimed(executor: impl PgExecutor<'_>, lease: i64) -> Result<(OffsetDateTime, Vec<i32>)> {
    let row = sqlx::query!(
        r#"select l.expires_at, array(
            select u.position::integer from unnest(l.jobs) with ordinality as u (job_id, position) join annex.jobs j on j.id = u.job_id
            where j.deadline <= clock_timestamp()) as "late!"
        from annex.leases l where l.id = $1"#,
        lease
    )
    .fetch_one(executor)
    .await?;
    Ok((row.expires_at, row.late))
}

/// What the steps that jobs needed have come to, by their names.
///
/// # Errors
/// The database does not answer.
pub async fn inputs(
    executor: impl PgExecutor<'_>,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Map<String, Value>>> {
    let rows = sqlx::query!(
        r#"select d.job_id, n.step as "step!", t.result
        from annex.dependencies d
        join annex.jobs n on n.id = d.needs
        join annex.attempts t on t.job_id = n.id and t.final and t.outcome = 'succeeded'
        where d.job_id = any($1) and n.step is not null
        order by n.id"#,
        ids
    )
    .fetch_all(executor)
    .await?;
    let mut inputs: HashMap<Uuid, Map<String, Value>> = HashMap::new();
    for row in rows {
        inputs.entry(row.job_id).or_default().insert(row.step, row.result.unwrap_or(Value::Null));
    }
    Ok(inputs)
}

/// A job that is held.
#[derive(Debug)]
pub struct Held {
    /// Which attempt it is.
    pub attempt: i16,
    /// Whether somebody wants it to stop.
    pub cancel_requested: bool,
}

/// The job at that place of the lease, where it is that job, and is held.
///
/// # Errors
/// The database does not answer.
pub async fn held(
    executor: impl PgExecutor<'_>,
    lease: i64,
    position: i32,
    job: Uuid,
) -> Result<Option<Held>> {
    sqlx::query_as!(
        Held,
        r#"select l.attempts[$2] as "attempt!",
            exists (select from annex.cancellations c where c.job_id = $3) as "cancel_requested!"
        from annex.leases l
        where l.id = $1 and l.worker_id is null and l.jobs[$2] = $3
            and not exists (select from annex.attempts t where t.job_id = $3 and t.attempt = l.attempts[$2])"#,
        lease,
        position,
        job
    )
    .fetch_optional(executor)
    .await
}

/// Holds the lease for another while. Until when; nothing where it is gone.
///
/// # Errors
/// The database does not answer.
pub async fn extend(
    connection: &mut PgConnection,
    lease: i64,
    seconds: f64,
) -> Result<Option<OffsetDateTime>> {
    sqlx::query_scalar!(
        "update annex.leases set expires_at = clock_timestamp() + make_interval(secs => $2)
        where id = $1 and worker_id is null and expires_at > clock_timestamp()
        returning expires_at",
        lease,
        seconds
    )
    .fetch_optional(connection)
    .await
}

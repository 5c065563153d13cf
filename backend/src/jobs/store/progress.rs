//! What a running job says of itself.

use sqlx::{PgExecutor, Result};
use uuid::Uuid;

/// Keeps how far a job is: from 0 to 1 where that is known, and in words.
///
/// # Errors
/// The database does not answer.
pub async fn set_progress(
    executor: impl PgExecutor<'_>,
    job: Uuid,
    attempt: i16,
    progress: Option<f64>,
    message: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "insert into annex.job_progress as p (job_id, attempt, progress, message, updated_at) values ($1, $2, $3, $4, clock_timestamp())
        on conflict (job_id) do update set attempt = excluded.attempt, progress = coalesce(excluded.progress, p.progress),
            message = coalesce(excluded.message, p.message), updated_at = excluded.updated_at
        where p.attempt <= excluded.attempt",
        job,
        attempt,
        progress,
        message,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Appends lines to a job's log, each a level and a text.
///
/// # Errors
/// The database does not answer.
pub async fn append_log(
    executor: impl PgExecutor<'_>,
    job: Uuid,
    attempt: i16,
    lines: &[(&str, &str)],
) -> Result<()> {
    let (levels, messages): (Vec<&str>, Vec<&str>) = lines.iter().copied().unzip();
    sqlx::query!(
        "insert into annex.job_logs (job_id, attempt, level, message, at)
        select $1, $2, l.level, l.message, clock_timestamp()
        from unnest($3::text[], $4::text[]) with ordinality as l (level, message, place) order by l.place",
        job,
        attempt,
        &levels as &[&str],
        &messages as &[&str],
    )
    .execute(executor)
    .await?;
    Ok(())
}

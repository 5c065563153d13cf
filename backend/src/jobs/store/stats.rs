//! What became of jobs lately.

use annex_openapi::jobs::stats::{JobDurations, JobMinute};
use sqlx::{PgExecutor, Result};

/// How many attempts of a minute are looked at.
const LOOKED_AT: i64 = 2000;

/// The last minutes until now, the oldest first, of a queue and of a kind where they are named.
///
/// # Errors
/// The database does not answer.
pub async fn minutes(
    executor: impl PgExecutor<'_>,
    queue: Option<&str>,
    kind: Option<&str>,
    minutes: i32,
) -> Result<Vec<JobMinute>> {
    let rows = sqlx::query!(
        r#"select m.at as "at!", s.succeeded as "succeeded!", s.failed as "failed!", s.cancelled as "cancelled!", s.wait, s.run,
            -- How many times as many there are, by how much of the minute the ones took that were looked at.
            case when s.seen < $4 then 1
                else extract(epoch from least(clock_timestamp(), m.at + interval '1 min') - m.at)
                    / greatest(extract(epoch from s.until - m.at), 0.001) end::double precision as "factor!"
        from generate_series(
            date_trunc('minute', clock_timestamp()) - ($3 - 1) * interval '1 min', clock_timestamp(), interval '1 min') m (at)
        cross join lateral (
            select count(*) as seen, max(l.finished_at) as until,
                count(*) filter (where l.is_meant and l.outcome = 'succeeded') as succeeded,
                count(*) filter (where l.is_meant and l.outcome in ('failed', 'lost')) as failed,
                count(*) filter (where l.is_meant and l.outcome = 'cancelled') as cancelled,
                percentile_cont(array[0.5, 0.95, 0.99]) within group (order by l.waited) filter (where l.is_meant and l.attempt = 1) as wait,
                percentile_cont(array[0.5, 0.95, 0.99]) within group (order by l.ran) filter (where l.is_meant) as run
            from (
                select t.finished_at, t.outcome, t.attempt,
                    ($1::text is null or j.queue = $1) and ($2::text is null or j.kind = $2) as is_meant,
                    1000 * extract(epoch from t.started_at - greatest(j.created_at, j.run_at))::double precision as waited,
                    1000 * extract(epoch from t.finished_at - t.started_at)::double precision as ran
                from (
                    select * from annex.attempts a where a.finished_at >= m.at and a.finished_at < m.at + interval '1 min'
                    order by a.finished_at limit $4
                ) t
                join annex.jobs j on j.id = t.job_id
            ) l
        ) s
        order by m.at"#,
        queue,
        kind,
        minutes,
        LOOKED_AT
    )
    .fetch_all(executor)
    .await?;
    let minutes = rows.into_iter().map(|row| {
        let estimated = row.factor > 1.0;
        let about = |seen: i64| if estimated { (seen as f64 * row.factor).round() as i64 } else { seen };
        JobMinute {
            at: row.at,
            succeeded: about(row.succeeded),
            failed: about(row.failed),
            cancelled: about(row.cancelled),
            estimated,
            wait: durations(row.wait.as_deref()),
            run: durations(row.run.as_deref()),
        }
    });
    Ok(minutes.collect())
}

fn durations(percentiles: Option<&[f64]>) -> Option<JobDurations> {
    // Clocks of two machines may differ.
    let [p50, p95, p99] = *percentiles? else { return None };
    Some(JobDurations { p50: p50.max(0.0), p95: p95.max(0.0), p99: p99.max(0.0) })
}

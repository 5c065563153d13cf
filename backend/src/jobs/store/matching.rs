//! Which jobs a filter means.
//!
//! There is a statement for each place where a job may stand: each reads an index of that place in the order of the ids, the newest
//! first, and stops where it has enough.

use annex_openapi::jobs::{JobFilter, JobState};
use sqlx::types::Json;
use sqlx::{PgConnection, Result};
use uuid::Uuid;

/// Up to how many jobs an estimate counts one by one, and of how many it looks at beyond.
const COUNTED: i64 = 10_000;
const SAMPLED: f64 = 4000.0;

/// A statement over the jobs `j` that the filter means; `$from` ends in a condition.
macro_rules! of_filter {
    ($filter:ident, $select:literal, $from:literal, $end:literal, $($more:expr),*) => {
        sqlx::query_scalar!(
            $select + $from +
            " and ($1::uuid[] is null or j.id = any($1))
            and ($2::text is null or j.kind = $2)
            and ($3::text is null or j.queue = $3)
            and ($4::text is null or j.tags @> array[$4])
            and ($5::uuid is null or j.batch_id = $5)
            and ($6::jsonb is null or j.args @> $6)
            and ($7::timestamptz is null or j.created_at >= $7)
            and ($8::timestamptz is null or j.created_at < $8)
            and ($9::text is null or j.schedule = $9) " + $end,
            $filter.ids.as_deref(),
            $filter.kind,
            $filter.queue,
            $filter.tag,
            $filter.batch,
            $filter.args.as_ref().map(Json) as _,
            $filter.since,
            $filter.until,
            $filter.schedule,
            $($more),*
        )
    };
}

/// Up to `limit` jobs that the filter means and that stand in one of the states (none named: in any), the newest first, after that one.
///
/// # Errors
/// The database does not answer.
pub async fn matching(
    connection: &mut PgConnection,
    filter: &JobFilter,
    states: Option<&[JobState]>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Uuid>> {
    plan_for_what_is_asked(connection).await?;
    let mut found = Vec::new();
    macro_rules! find {
        ($from:literal) => {{
            let end = of_filter!(
                filter,
                "select j.id from ",
                $from,
                "and ($10::uuid is null or j.id < $10) order by j.id desc limit $11",
                after,
                limit
            );
            found.extend(end.fetch_all(&mut *connection).await?);
        }};
    }
    let Some(states) = states else {
        find!("annex.jobs j where true");
        return Ok(found);
    };
    for state in states {
        match state {
            JobState::Scheduled => {
                find!("annex.scheduled s join annex.jobs j on j.id = s.job_id where true");
                find!("annex.waiting w join annex.jobs j on j.id = w.job_id where true");
            }
            JobState::Ready => {
                find!("annex.ready r join annex.jobs j on j.id = r.job_id and j.queue = r.queue where true");
                find!("annex.parked p join annex.jobs j on j.id = p.job_id and j.queue = p.queue where true");
            }
            JobState::Running => find!(
                "annex.leases l cross join unnest(l.jobs, l.attempts) u (job_id, attempt) join annex.jobs j on j.id = u.job_id
                where not exists (select from annex.attempts t where t.job_id = u.job_id and t.attempt = u.attempt)"
            ),
            JobState::Succeeded => find!(
                "annex.attempts t join annex.jobs j on j.id = t.job_id where t.final and t.outcome = 'succeeded'"
            ),
            JobState::Failed => find!(
                "annex.attempts t join annex.jobs j on j.id = t.job_id where t.final and t.outcome in ('failed', 'lost')"
            ),
            JobState::Cancelled => find!(
                "annex.attempts t join annex.jobs j on j.id = t.job_id where t.final and t.outcome = 'cancelled'"
            ),
        }
    }
    // One that has moved on meanwhile may be in two places.
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.dedup();
    found.truncate(limit as usize);
    Ok(found)
}

/// How many jobs the filter means, in each place up to `most` (none: all).
///
/// # Errors
/// The database does not answer.
pub async fn count(
    connection: &mut PgConnection,
    filter: &JobFilter,
    state: Option<JobState>,
    most: Option<i64>,
) -> Result<i64> {
    plan_for_what_is_asked(connection).await?;
    let mut total = 0;
    // Where nothing is asked of the job itself it is not read: such a left join is none.
    macro_rules! count {
        ($from:literal) => {{
            let counted = of_filter!(
                filter,
                r#"select count(*) as "count!" from (select from "#,
                $from,
                "limit $10) c",
                most
            );
            total += counted.fetch_one(&mut *connection).await?;
        }};
    }
    match state {
        None => count!("annex.jobs j where true"),
        Some(JobState::Scheduled) => {
            count!("annex.scheduled s left join annex.jobs j on j.id = s.job_id where true");
            count!("annex.waiting w left join annex.jobs j on j.id = w.job_id where true");
        }
        Some(JobState::Ready) => {
            count!("annex.ready r left join annex.jobs j on j.id = r.job_id where true");
            count!("annex.parked p left join annex.jobs j on j.id = p.job_id where true");
        }
        Some(JobState::Running) => count!(
            "annex.leases l cross join unnest(l.jobs, l.attempts) u (job_id, attempt) left join annex.jobs j on j.id = u.job_id
            where u.job_id is not null and not exists (
                select from annex.attempts t where t.job_id = u.job_id and t.attempt = u.attempt)"
        ),
        Some(JobState::Succeeded) => count!(
            "annex.attempts t left join annex.jobs j on j.id = t.job_id where t.final and t.outcome = 'succeeded'"
        ),
        Some(JobState::Failed) => count!(
            "annex.attempts t left join annex.jobs j on j.id = t.job_id where t.final and t.outcome in ('failed', 'lost')"
        ),
        Some(JobState::Cancelled) => count!(
            "annex.attempts t left join annex.jobs j on j.id = t.job_id where t.final and t.outcome = 'cancelled'"
        ),
    }
    Ok(total)
}

/// About how many jobs the filter means: exactly where those are not many.
///
/// # Errors
/// The database does not answer.
pub async fn estimated_count(
    connection: &mut PgConnection,
    filter: &JobFilter,
    state: Option<JobState>,
) -> Result<i64> {
    let counted = count(connection, filter, state, Some(COUNTED)).await?;
    if counted < COUNTED {
        return Ok(counted);
    }
    let all = sqlx::query_scalar!(
        r#"select greatest(reltuples, 0)::double precision as "count!" from pg_class where oid = 'annex.jobs'::regclass"#
    );
    let all = all.fetch_one(&mut *connection).await?;
    let share = (SAMPLED / all.max(1.0)).min(1.0);
    let sampled = of_filter!(
        filter,
        r#"select count(*) as "count!" from annex.job_states(array(select j.id from "#,
        "annex.jobs j tablesample system ($10) where true",
        ")) s where $11::text is null or s.state = $11",
        (share * 100.0) as f32,
        state.map(JobState::as_str)
    );
    let sampled = sampled.fetch_one(&mut *connection).await?;
    Ok(((sampled as f64 / share) as i64).max(counted))
}

/// Which index serves best depends on what is asked for.
async fn plan_for_what_is_asked(connection: &mut PgConnection) -> Result<()> {
    sqlx::query!("set local plan_cache_mode = force_custom_plan").execute(connection).await?;
    Ok(())
}

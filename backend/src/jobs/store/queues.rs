//! Queues and who works on them.

use annex_openapi::jobs::queues::{Queue, QueueCounts, QueueReplace, Rate};
use annex_openapi::jobs::workers::Worker;
use sqlx::postgres::types::PgInterval;
use sqlx::{PgConnection, PgPool, Result};
use time::OffsetDateTime;

/// Up to so many jobs are counted one by one.
const COUNTED: i64 = 10_000;

struct Row {
    name: String,
    paused: bool,
    concurrency: Option<i32>,
    rate: Option<i32>,
    rate_seconds: Option<f64>,
    key_concurrency: Option<i32>,
    key_rate: Option<i32>,
    key_rate_seconds: Option<f64>,
    created_at: OffsetDateTime,
    ready: i64,
    parked: i64,
    running: i64,
    scheduled: i64,
    estimated: bool,
}

impl From<Row> for Queue {
    fn from(row: Row) -> Self {
        let rate = |limit: Option<i32>, seconds: Option<f64>| {
            limit
                .zip(seconds)
                .map(|(limit, period_seconds)| Rate { limit: limit.unsigned_abs(), period_seconds })
        };
        Self {
            rate: rate(row.rate, row.rate_seconds),
            key_rate: rate(row.key_rate, row.key_rate_seconds),
            name: row.name,
            paused: row.paused,
            concurrency: row.concurrency.map(i32::unsigned_abs),
            key_concurrency: row.key_concurrency.map(i32::unsigned_abs),
            counts: QueueCounts {
                ready: row.ready,
                parked: row.parked,
                running: row.running,
                scheduled: row.scheduled,
                estimated: row.estimated,
            },
            created_at: row.created_at,
        }
    }
}

/// The queue of that name, or all, by name. Where there are more jobs than are counted one by one, the table's own estimate is
/// shared out as the ones that were counted are.
///
/// # Errors
/// The database does not answer.
pub async fn list(pool: &PgPool, name: Option<&str>) -> Result<Vec<Queue>> {
    let rows = sqlx::query_as!(
        Row,
        r#"with
        sampled_ready as materialized (select r.queue from annex.ready r where $1::text is null or r.queue = $1 limit $2),
        sampled_parked as materialized (select p.queue from annex.parked p where $1::text is null or p.queue = $1 limit $2),
        sampled_scheduled as materialized (
            select j.queue from (select job_id from annex.scheduled union all select job_id from annex.waiting limit $2) s
            join annex.jobs j on j.id = s.job_id
        ),
        running as (
            select l.queue, sum(l.remaining) as n from annex.leases l where $1::text is null or l.queue = $1 group by l.queue
        ),
        sizes as (
            select
                (select sum(greatest(c.reltuples, 0)) from pg_class c
                    where c.oid in ('annex.ready_0'::regclass, 'annex.ready_1'::regclass, 'annex.ready_2'::regclass)) as ready,
                (select greatest(c.reltuples, 0) from pg_class c where c.oid = 'annex.parked'::regclass) as parked,
                (select sum(greatest(c.reltuples, 0)) from pg_class c
                    where c.oid in ('annex.scheduled'::regclass, 'annex.waiting'::regclass)) as scheduled,
                (select count(*) from sampled_ready) as ready_sampled, (select count(*) from sampled_parked) as parked_sampled,
                (select count(*) from sampled_scheduled) as scheduled_sampled
        ),
        factors as (
            select case when ready_sampled < $2 then 1 else greatest(ready / $2, 1) end as ready,
                case when parked_sampled < $2 then 1 else greatest(parked / $2, 1) end as parked,
                case when scheduled_sampled < $2 then 1 else greatest(scheduled / $2, 1) end as scheduled,
                greatest(ready_sampled, parked_sampled, scheduled_sampled) >= $2 as estimated
            from sizes
        )
        select q.name, q.paused, q.concurrency, q.rate, extract(epoch from q.rate_period)::double precision as rate_seconds,
            q.key_concurrency, q.key_rate, extract(epoch from q.key_rate_period)::double precision as key_rate_seconds, q.created_at,
            ((select count(*) from sampled_ready r where r.queue = q.name) * f.ready)::bigint as "ready!",
            ((select count(*) from sampled_parked p where p.queue = q.name) * f.parked)::bigint as "parked!",
            coalesce(r.n, 0)::bigint as "running!",
            ((select count(*) from sampled_scheduled s where s.queue = q.name) * f.scheduled)::bigint as "scheduled!",
            f.estimated as "estimated!"
        from annex.queues q cross join factors f left join running r on r.queue = q.name
        where $1::text is null or q.name = $1
        order by q.name"#,
        name,
        COUNTED
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Queue::from).collect())
}

/// How a queue is, to be changed in this transaction: nobody else changes it meanwhile.
///
/// # Errors
/// The database does not answer.
pub async fn hold(connection: &mut PgConnection, name: &str) -> Result<Option<QueueReplace>> {
    let row = sqlx::query!(
        r#"select paused, concurrency, rate, extract(epoch from rate_period)::double precision as rate_seconds, key_concurrency, key_rate,
            extract(epoch from key_rate_period)::double precision as key_rate_seconds
        from annex.queues where name = $1 for update"#,
        name
    )
    .fetch_optional(connection)
    .await?;
    let rate = |limit: Option<i32>, seconds: Option<f64>| {
        limit.zip(seconds).map(|(limit, period_seconds)| Rate { limit: limit.unsigned_abs(), period_seconds })
    };
    Ok(row.map(|row| QueueReplace {
        paused: row.paused,
        concurrency: row.concurrency.map(i32::unsigned_abs),
        rate: rate(row.rate, row.rate_seconds),
        key_concurrency: row.key_concurrency.map(i32::unsigned_abs),
        key_rate: rate(row.key_rate, row.key_rate_seconds),
    }))
}

/// Makes the queue so, in a transaction that commits at once. Whether it is new.
///
/// # Errors
/// The database does not answer.
pub async fn replace(connection: &mut PgConnection, name: &str, queue: &QueueReplace) -> Result<bool> {
    let limit = |rate: Option<Rate>| rate.map(|rate| rate.limit as i32);
    let period = |rate: Option<Rate>| {
        rate.map(|rate| PgInterval { months: 0, days: 0, microseconds: (rate.period_seconds * 1e6) as i64 })
    };
    let created = sqlx::query_scalar!(
        r#"insert into annex.queues as q (name, paused, concurrency, rate, rate_period, key_concurrency, key_rate, key_rate_period)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (name) do update set paused = excluded.paused, concurrency = excluded.concurrency, rate = excluded.rate,
            rate_period = excluded.rate_period, key_concurrency = excluded.key_concurrency, key_rate = excluded.key_rate,
            key_rate_period = excluded.key_rate_period
        returning xmax = 0 as "created!""#,
        name,
        queue.paused,
        queue.concurrency.map(|most| most as i32),
        limit(queue.rate),
        period(queue.rate),
        queue.key_concurrency.map(|most| most as i32),
        limit(queue.key_rate),
        period(queue.key_rate),
    )
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query!("select annex.apply_limits($1)", name).execute(connection).await?;
    Ok(created)
}

/// Who works: the workers of servers, and those over HTTP that have jobs.
///
/// # Errors
/// The database does not answer.
pub async fn workers(pool: &PgPool) -> Result<Vec<Worker>> {
    let rows = sqlx::query!(
        r#"select w.id as "id?", w.name as "name!", w.queues as "queues!", w.concurrency as "concurrency?", w.started_at as "started_at!",
            w.expires_at as "expires_at!", count(l.id) as "leases!", coalesce(sum(l.remaining), 0)::bigint as "jobs!"
        from annex.workers w left join annex.leases l on l.worker_id = w.id
        where w.expires_at > clock_timestamp()
        group by w.id
        union all
        select null, l.worker, array_agg(distinct l.queue), null, min(l.claimed_at), min(l.expires_at), count(*), sum(l.remaining)
        from annex.leases l where l.worker_id is null group by l.worker
        order by 2, 1"#
    )
    .fetch_all(pool)
    .await?;
    let workers = rows.into_iter().map(|row| Worker {
        id: row.id,
        name: row.name,
        remote: row.id.is_none(),
        queues: row.queues,
        concurrency: row.concurrency.map(i32::unsigned_abs),
        started_at: row.started_at,
        expires_at: row.expires_at,
        leases: row.leases,
        jobs: row.jobs,
    });
    Ok(workers.collect())
}

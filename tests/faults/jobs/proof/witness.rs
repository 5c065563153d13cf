//! The jobs of the proof, and what their witnesses say in the end.

use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection};

use crate::cluster::Cluster;

/// Jobs that one transaction enqueues, and how many of those have a key in a queue with limits, or are steps of batches.
const PORTION: i64 = 1000;
const KEYED: i64 = 100;
const BATCHES: i64 = 5;

/// Makes what the jobs need.
pub(super) async fn prepare(cluster: &Cluster) {
    let mut connection = cluster.connect().await.expect("it runs");
    connection.execute(include_str!("witness.sql")).await.expect("it can be made");
}

/// How many transactions enqueue about so many jobs.
pub(super) fn portions(jobs: i64) -> i64 {
    (jobs / PORTION).max(1)
}

/// Connects for as long as Postgres is there, and begins again where it is not.
pub(super) async fn enqueue_all(url: String, portions: i64) {
    let mut portion = 0;
    while portion < portions {
        let Ok(mut connection) = PgConnection::connect(&url).await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // What was committed although nobody was told is not done again.
        let known = "select coalesce(max(portion) + 1, 0) from public.enqueued";
        let Ok(next) = sqlx::query_scalar::<_, i64>(known).fetch_one(&mut connection).await else { continue };
        portion = next;
        while portion < portions {
            let enqueued = sqlx::query("call public.enqueue($1, $2, $3, $4)")
                .bind(portion)
                .bind(PORTION)
                .bind(KEYED)
                .bind(BATCHES)
                .execute(&mut connection)
                .await;
            if enqueued.is_err() {
                break;
            }
            portion += 1;
        }
    }
}

/// About how many jobs have ended: those that ran twice count twice.
pub(super) async fn progress(cluster: &Cluster) -> Option<i64> {
    cluster.value("select last_value / 2 from public.ticks").await
}

/// Whether no job is on its way any more.
pub(super) async fn is_over(cluster: &Cluster) -> bool {
    cluster.value(LEFT_OVER).await == Some(0)
}

/// What is left of jobs that run, wait or are counted. Nobody runs the callbacks.
const LEFT_OVER: &str = "
    select (select count(*) from annex.ready where queue <> 'after') + (select count(*) from annex.parked)
        + (select count(*) from annex.scheduled) + (select count(*) from annex.waiting) + (select count(*) from annex.leases)
        + (select count(*) from annex.cancellations) + (select coalesce(sum(running), 0)::bigint from annex.limiters)
        + (select count(*) from annex.unique_jobs)";

/// Looks at the witnesses.
pub(super) async fn expect_nothing_lost(cluster: &Cluster, portions: i64) {
    let unique = "select count(*) from public.asked where created";
    let unique = cluster.value(unique).await.expect("it runs");
    assert!(unique >= 5, "each unique key was free at first");
    let (jobs, batches) = (portions * PORTION + unique, portions * BATCHES);
    for (what, expected, query) in [
        ("jobs", jobs, "select count(*) from annex.jobs where kind = 'sql.function'"),
        ("ends", jobs, "select count(*) from annex.attempts where final"),
        (
            "successes",
            jobs,
            "select count(*) from annex.attempts where final and outcome = 'succeeded'",
        ),
        ("jobs with an end", jobs, "select count(distinct job_id) from annex.attempts where final"),
        ("witnesses", jobs, "select count(*) from public.witness"),
        ("different witnesses", jobs, "select count(distinct n) from public.witness"),
        ("what is left over", 0, LEFT_OVER),
        (
            "moments with more of the narrow queue than it allows",
            0,
            "select count(*) from (
                select sum(d) over (order by tick) as n
                from public.witness w, lateral (values (w.began, 1), (w.ended, -1)) t (tick, d)
                where w.key is not null
            ) r where r.n > 4",
        ),
        (
            "two of a key at once",
            0,
            "select count(*) from (
                select w.began, lag(w.ended) over (partition by w.key order by w.began) as before
                from public.witness w where w.key is not null
            ) r where r.before > r.began",
        ),
        (
            "jobs with a unique key that were made before the last one had ended",
            0,
            "select count(*) from (
                select a.tick, lag(w.ended) over (partition by a.key order by a.tick) as before
                from public.asked a join public.witness w using (n) where a.created
            ) r where r.before > r.tick",
        ),
        (
            "answers with a job that is not there",
            0,
            "select count(*) from public.asked a where not exists (select from annex.jobs j where j.id = a.job)",
        ),
        (
            "steps before what they need",
            0,
            "select count(*) from public.witness w join public.witness n on n.batch = w.batch
            where (n.step = '1' and w.step <> '1' or n.step not in ('1', '10') and w.step = '10') and n.ended > w.began",
        ),
        (
            "batches that ended",
            batches,
            "select count(*) from annex.batches where finished_at is not null and succeeded = total",
        ),
        ("callbacks", batches, "select count(*) from annex.jobs where kind = 'test.after'"),
        ("callbacks that wait", batches, "select count(*) from annex.ready where queue = 'after'"),
    ] {
        assert_eq!(cluster.value(query).await, Some(expected), "{what}");
    }
}

/// How many attempts were lost with their workers.
pub(super) async fn lost(cluster: &Cluster) -> i64 {
    let lost = "select count(*) from annex.attempts where outcome = 'lost'";
    cluster.value(lost).await.expect("it runs")
}

/// The jobs that did not succeed, some of them.
pub(super) async fn unsuccessful(cluster: &Cluster) -> Vec<String> {
    let mut connection = cluster.connect().await.expect("it runs");
    let query =
        "select to_jsonb(a)::text from annex.attempts a where a.final and a.outcome <> 'succeeded' limit 5";
    sqlx::query_scalar(query).fetch_all(&mut connection).await.expect("it runs")
}

//! Durable jobs, and what goes wrong with them.

mod killed;
mod model;
mod pinned;
mod proof;
mod schedule;
mod transfers;
mod worker;

use std::time::Duration;

use annex_tests::TestApp;
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

/// Enqueues one job the way any program may.
async fn enqueue(pool: &PgPool, kind: &str, args: Value, options: Value) -> Uuid {
    sqlx::query_scalar("select annex.enqueue($1, $2, $3)")
        .bind(kind)
        .bind(Json(args))
        .bind(Json(options))
        .fetch_one(pool)
        .await
        .expect("a job can be enqueued")
}

/// Enqueues many jobs of one kind, with the arguments `{"n": 1}` and so on.
async fn enqueue_many(pool: &PgPool, kind: &str, count: i32, options: Value) {
    sqlx::query(
        "select count(*) from annex.enqueue_jobs((
            select jsonb_agg($3 || jsonb_build_object('kind', $1::text, 'args', jsonb_build_object('n', n)))
            from generate_series(1, $2) n))",
    )
    .bind(kind)
    .bind(count)
    .bind(Json(options))
    .execute(pool)
    .await
    .expect("jobs can be enqueued");
}

/// The attempts of a job: outcome, final, and the code of the error.
async fn attempts(pool: &PgPool, job: Uuid) -> Vec<(String, bool, Option<String>)> {
    sqlx::query_as(
        "select outcome, final, error ->> 'code' from annex.attempts where job_id = $1 order by attempt",
    )
    .bind(job)
    .fetch_all(pool)
    .await
    .expect("attempts can be read")
}

/// Waits until the statement, a condition, is true.
async fn until(pool: &PgPool, condition: &'static str) {
    for _ in 0..600 {
        if sqlx::query_scalar::<_, bool>(condition).fetch_one(pool).await.is_ok_and(|is| is) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let tables: Value = sqlx::query_scalar(
        "select jsonb_build_object('ready', (select count(*) from annex.ready), 'parked', (select count(*) from annex.parked),
            'leases', (select jsonb_agg(to_jsonb(l)) from annex.leases l), 'limiters', (select jsonb_agg(to_jsonb(l)) from annex.limiters l),
            'attempts', (select count(*) from annex.attempts), 'workers', (select jsonb_agg(to_jsonb(w)) from annex.workers w))",
    )
    .fetch_one(pool)
    .await
    .expect("the tables can be read");
    panic!("it did not come true: {condition}: {tables}");
}

/// Waits until the job has ended.
async fn ended(pool: &PgPool, job: Uuid) {
    for _ in 0..600 {
        let query = "select exists (select from annex.attempts where job_id = $1 and final)";
        if sqlx::query_scalar::<_, bool>(query).bind(job).fetch_one(pool).await.is_ok_and(|is| is) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the job {job} did not end");
}

/// Nothing is left on its way, and nothing is counted that does not run.
async fn expect_all_over(app: &TestApp) {
    let left: Value = sqlx::query_scalar(
        "select jsonb_build_object(
            'ready', (select count(*) from annex.ready), 'parked', (select count(*) from annex.parked),
            'leases', (select count(*) from annex.leases), 'scheduled', (select count(*) from annex.scheduled),
            'waiting', (select count(*) from annex.waiting), 'counted', (select coalesce(sum(running), 0) from annex.limiters),
            'cancellations', (select count(*) from annex.cancellations),
            'without_end', (select count(*) from annex.jobs j
                where not exists (select from annex.attempts a where a.job_id = j.id and a.final)),
            'two_ends', (select count(*) from (select from annex.attempts where final group by job_id having count(*) > 1) t))",
    )
    .fetch_one(&app.inside().db.pool)
    .await
    .expect("the tables can be read");
    let nothing = json!({
        "ready": 0, "parked": 0, "leases": 0, "scheduled": 0, "waiting": 0, "counted": 0, "cancellations": 0,
        "without_end": 0, "two_ends": 0,
    });
    assert_eq!(left, nothing);
}

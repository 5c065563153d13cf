//! Full load while a transaction stays open that sees all that was: what is deleted on the way of a job is not cleaned up, and must not pile up.

use annex_tests::TestApp;
use sqlx::PgPool;

/// How much room the tables take that jobs only pass through, in bytes, with their indexes.
async fn passing(pool: &PgPool) -> i64 {
    sqlx::query_scalar(
        "select sum(pg_total_relation_size(c.oid))::int8 from pg_class c
        where c.relnamespace = 'annex'::regnamespace and c.relkind = 'r'
            and c.relname ~ '^(ready_|leases_|scheduled|parked|waiting|limiters|job_slots|queues)'",
    )
    .fetch_one(pool)
    .await
    .expect("sizes can be read")
}

/// Lets so many jobs go through, and says how much room that takes at the most.
async fn pass(pool: &PgPool, rounds: i32, rotate: bool) -> i64 {
    let mut largest = 0;
    for _ in 0..rounds {
        super::enqueue_many(pool, "test.passing", 500, serde_json::json!({})).await;
        sqlx::query(
            "do $$ declare claimed record; begin
                loop
                    select array_agg(lease) as leases, array_agg(position) as positions, count(*)::int as n into claimed
                        from annex.claim_jobs('default', '{@workers}', 200, null, 'w', 60);
                    exit when claimed.n = 0;
                    assert not exists (select from annex.finish_jobs(claimed.leases, claimed.positions, array_fill('succeeded'::text, array[claimed.n]),
                        array_fill(null::jsonb, array[claimed.n]), array_fill(null::jsonb, array[claimed.n]),
                        array_fill(false, array[claimed.n]), array_fill(null::float8, array[claimed.n])));
                end loop;
            end $$",
        )
        .execute(pool)
        .await
        .expect("jobs go through");
        if rotate {
            // 64 kB are to these what the server's 4 MB are to sixty times as many.
            sqlx::query("select annex.rotate_slots(65536)").execute(pool).await.expect("slots rotate");
        }
        largest = largest.max(passing(pool).await);
    }
    largest
}

#[tokio::test]
async fn a_transaction_that_stays_open_leaves_no_heap_of_dead_rows() {
    let app = TestApp::start().await;
    let pool = &app.inside().db.pool;
    let mut pinned = app.database.connect().await;
    sqlx::query("begin isolation level repeatable read").execute(&mut pinned).await.expect("it begins");
    sqlx::query("select count(*) from annex.users").execute(&mut pinned).await.expect("it sees what is");
    let early = pass(pool, 10, true).await;
    let later = pass(pool, 60, true).await;
    let heap = pass(pool, 30, false).await;
    println!("{early} bytes for 5,000 jobs, {later} for 30,000, {heap} where nothing is emptied for 15,000");
    assert!(later <= early * 3 / 2, "{early} bytes for 5,000 jobs, {later} for 30,000");
    // Or else this would say nothing.
    assert!(heap > later * 2, "{later} bytes with slots that are emptied, {heap} without");
    sqlx::query("commit").execute(&mut pinned).await.expect("it ends");
}

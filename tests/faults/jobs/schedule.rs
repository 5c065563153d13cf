//! Schedules, with more than one server to follow them.

use std::time::Duration;

use annex_tests::TestApp;

use super::until;

#[tokio::test]
async fn servers_that_look_at_the_same_time_enqueue_once() {
    let first = TestApp::start().await;
    let second = TestApp::builder().database(first.database.clone()).start().await;
    let pool = &first.inside().db.pool;
    sqlx::query(
        "insert into annex.schedules (name, job, cron, every_seconds, time_zone, catch_up, next_at, began_at, created_at, updated_at)
        select 'every_' || n, '{\"kind\": \"test.nothing\", \"queue\": \"nobody\"}'::jsonb, null, 3600, 'UTC', 'last', now() + interval '1 s', now(), now(), now()
        from generate_series(1, 20) n
        union all select 'broken', '{\"kind\": \"test.nothing\", \"priority\": 5000}'::jsonb, '* * * * *', null, 'UTC', 'last', now(), now(), now(), now()",
    )
    .execute(pool)
    .await
    .expect("schedules can be made");
    until(pool, "select count(*) >= 20 from annex.jobs").await;
    until(pool, "select bool_and(next_at > now()) from annex.schedules").await;
    for app in [&first, &second] {
        app.clock.advance(Duration::from_secs(3600));
    }
    until(pool, "select count(*) >= 40 from annex.jobs").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let jobs: Vec<i64> = sqlx::query_scalar("select count(*) from annex.jobs group by schedule")
        .fetch_all(pool)
        .await
        .expect("jobs can be counted");
    assert_eq!(jobs, [2; 20]);
}

//! The functions of the database that move jobs, asked by several transactions at once and at their limits.

use annex_tests::TestApp;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

/// Enqueues by SQL.
async fn enqueue(app: &TestApp, kind: &str, options: Value) -> Uuid {
    sqlx::query_scalar("select annex.enqueue($1, '{}', $2)")
        .bind(kind)
        .bind(options)
        .fetch_one(&app.inside().db.pool)
        .await
        .unwrap()
}

/// A job that was claimed: it, its lease, and its place under that.
type Claimed = (Uuid, i64, i32);

async fn claim(app: &TestApp, queue: &str, most: i32) -> Vec<Claimed> {
    sqlx::query_as("select id, lease, position from annex.claim_jobs($1, '{@workers}', $2, null, 'w', 60)")
        .bind(queue)
        .bind(most)
        .fetch_all(&app.inside().db.pool)
        .await
        .unwrap()
}

const FINISH: &str = "select refused from annex.finish_jobs(array[$1], array[$2], array[$3], array[null::jsonb],
    array[case when $3 = 'failed' then '{\"message\": \"no\"}'::jsonb end], array[false], array[null::float8])";

/// Ends an attempt; whether it counts.
async fn finish(connection: &mut PgConnection, claimed: &Claimed, outcome: &str) -> bool {
    let refused: Vec<i64> = sqlx::query_scalar(FINISH)
        .bind(claimed.1)
        .bind(claimed.2)
        .bind(outcome)
        .fetch_all(connection)
        .await
        .unwrap();
    refused.is_empty()
}

async fn queue(app: &TestApp, name: &str, limits: Value) {
    let path = format!("/v1/queues/{name}");
    let answer = app.admin().await.request("PUT", &path).json(&limits).await;
    assert!(matches!(answer.status, 200 | 201), "{answer}");
}

async fn value(app: &TestApp, query: &str) -> String {
    app.sql_value(query).await.unwrap_or_default()
}

async fn run(connection: &mut PgConnection, statement: &str) {
    connection.execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
}

/// Waits until somebody waits for a lock.
async fn somebody_waits(app: &TestApp) {
    app.eventually("somebody waits", || async {
        value(app, "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()").await != "0"
    })
    .await;
}

#[tokio::test]
async fn a_long_chain_of_steps_ends_with_its_first() {
    let app = TestApp::start().await;
    let mut jobs = vec![json!({"step": "s0", "job": {"kind": "x", "max_attempts": 1}})];
    for at in 1..1000 {
        jobs.push(json!({"step": format!("s{at}"), "needs": [format!("s{}", at - 1)], "job": {"kind": "x"}}));
    }
    let batch = app.admin().await.post("/v1/batches", json!({"jobs": jobs})).await.expect_status(201).json();
    let claimed = claim(&app, "default", 10).await;
    assert_eq!(claimed.len(), 1);
    let mut connection = app.database.connect().await;
    assert!(finish(&mut connection, &claimed[0], "failed").await);
    let ended = app.admin().await.get(&format!("/v1/batches/{}", batch["id"].as_str().unwrap())).await.json();
    assert_eq!(json!([ended["pending"], ended["failed"], ended["cancelled"]]), json!([0, 1, 999]));
    assert_eq!(value(&app, "select count(*) from annex.waiting").await, "0");
}

#[tokio::test]
async fn a_period_that_is_another_now_counts_what_has_started() {
    let app = TestApp::start().await;
    queue(&app, "slow", json!({"rate": {"limit": 2, "period_seconds": 0.2}})).await;
    for _ in 0..9 {
        enqueue(&app, "x", json!({"queue": "slow"})).await;
    }
    assert_eq!(claim(&app, "slow", 9).await.len(), 2);
    queue(&app, "slow", json!({"rate": {"limit": 3, "period_seconds": 3600}})).await;
    assert_eq!(claim(&app, "slow", 9).await.len(), 1, "two have started within the hour");
    assert_eq!(claim(&app, "slow", 9).await.len(), 0);
    queue(&app, "slow", json!({"rate": {"limit": 3, "period_seconds": 0.2}})).await;
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    assert_eq!(claim(&app, "slow", 9).await.len(), 3, "and then as many as the period says");
}

#[tokio::test]
async fn who_was_let_in_and_is_cancelled_makes_room() {
    let app = TestApp::start().await;
    queue(&app, "keyed", json!({"key_concurrency": 1})).await;
    for _ in 0..4 {
        enqueue(&app, "x", json!({"queue": "keyed", "key": "k"})).await;
    }
    let running = claim(&app, "keyed", 9).await;
    assert_eq!((running.len(), value(&app, "select count(*) from annex.parked").await.as_str()), (1, "3"));
    let mut connection = app.database.connect().await;
    assert!(finish(&mut connection, &running[0], "succeeded").await);
    let next = value(&app, "select job_id from annex.ready").await;
    app.admin().await.post(&format!("/v1/jobs/{next}/cancel"), json!({})).await.expect_status(200);
    assert_eq!(claim(&app, "keyed", 9).await.len(), 1);
}

#[tokio::test]
async fn the_most_urgent_key_comes_first() {
    let app = TestApp::start().await;
    queue(&app, "keyed", json!({"key_concurrency": 1})).await;
    let with = |key: &str, priority: i32| json!({"queue": "keyed", "key": key, "priority": priority});
    enqueue(&app, "x", with("a", 0)).await;
    assert_eq!(claim(&app, "keyed", 1).await.len(), 1);
    enqueue(&app, "x", with("a", -100)).await;
    enqueue(&app, "x", with("c", 50)).await;
    let urgent = enqueue(&app, "x", with("b", -50)).await;
    let claimed = claim(&app, "keyed", 1).await;
    assert_eq!(claimed.iter().map(|job| job.0).collect::<Vec<_>>(), [urgent]);
}

#[tokio::test]
async fn changed_limits_let_in_what_may_start_and_nothing_more() {
    let app = TestApp::start().await;
    queue(&app, "keyed", json!({"key_concurrency": 1})).await;
    app.sql("select annex.enqueue('x', '{}', '{\"queue\": \"keyed\", \"key\": \"k\"}') from generate_series(1, 12000)").await;
    let free = enqueue(&app, "x", json!({"queue": "keyed", "key": "other"})).await;
    let mut listener = sqlx::postgres::PgListener::connect_with(&app.inside().db.pool).await.unwrap();
    listener.listen("annex_jobs").await.unwrap();
    let mut claimed = claim(&app, "keyed", 9).await;
    assert_eq!(claimed.len(), 1, "the other stands too far behind to be found at once");
    assert_eq!(listener.recv().await.unwrap().payload(), "keyed", "whoever claims is told to go on");
    claimed = claim(&app, "keyed", 9).await;
    assert_eq!(claimed.iter().map(|job| job.0).collect::<Vec<_>>(), [free]);
    queue(&app, "keyed", json!({"key_concurrency": 3})).await;
    assert_eq!(value(&app, "select count(*) from annex.ready").await, "2");
    queue(&app, "keyed", json!({})).await;
    assert_eq!(value(&app, "select count(*) from annex.parked").await, "0", "without limits nobody waits");
}

#[tokio::test]
async fn what_nobody_could_read_is_not_enqueued() {
    let app = TestApp::start().await;
    let mut connection = app.database.connect().await;
    for wrong in [
        r#"{"deadline": "infinity"}"#,
        r#"{"run_at": "infinity"}"#,
        r#"{"run_at": "-infinity"}"#,
        r#"{"deadline": "9999-12-31T23:59:59.9999999Z"}"#,
        r#"{"backoff": [1, "x"]}"#,
        r#"{"backoff": []}"#,
        r#"{"backoff": {"base": 1}}"#,
        r#"{"backoff": {"base_seconds": -1}}"#,
    ] {
        let enqueue = format!("select annex.enqueue('x', '{{}}', '{wrong}')");
        let refused = connection.execute(AssertSqlSafe(enqueue)).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("23514"), "{wrong}");
    }
    enqueue(&app, "x", json!({"backoff": {"base_seconds": 1, "max_seconds": 60}})).await;
    enqueue(&app, "x", json!({"backoff": [0, 1.5]})).await;
}

#[tokio::test]
async fn a_cancellation_and_an_end_at_one_time_leave_nothing_behind() {
    let app = TestApp::start().await;
    let job = enqueue(&app, "x", json!({})).await;
    let claimed = claim(&app, "default", 1).await;
    let (mut first, mut second) = (app.database.connect().await, app.database.connect().await);
    // The end waits for the cancellation, and is one then.
    run(&mut first, "begin").await;
    run(&mut first, &format!("select annex.cancel_jobs(array['{job}'::uuid])")).await;
    let ending = tokio::spawn(async move { finish(&mut second, &claimed[0], "succeeded").await });
    somebody_waits(&app).await;
    run(&mut first, "commit").await;
    assert!(ending.await.unwrap());
    assert_eq!(value(&app, "select count(*) from annex.cancellations").await, "0");

    // The cancellation waits for the end, and comes too late then.
    let job = enqueue(&app, "x", json!({})).await;
    let claimed = claim(&app, "default", 1).await;
    let mut second = app.database.connect().await;
    run(&mut first, "begin").await;
    assert!(finish(&mut first, &claimed[0], "succeeded").await);
    let cancelling = tokio::spawn(async move {
        run(&mut second, &format!("select annex.cancel_jobs(array['{job}'::uuid])")).await;
    });
    somebody_waits(&app).await;
    run(&mut first, "commit").await;
    cancelling.await.unwrap();
    assert_eq!(value(&app, "select count(*) from annex.cancellations").await, "0");
}

#[tokio::test]
async fn a_job_on_its_way_is_cancelled_where_it_arrives() {
    let app = TestApp::start().await;
    let job = enqueue(&app, "x", json!({"delay_seconds": 0.01})).await;
    app.eventually("it is due and in the line", || async {
        value(&app, "select count(*) from annex.ready").await == "1"
    })
    .await;
    let (mut first, mut second) = (app.database.connect().await, app.database.connect().await);
    run(&mut first, "begin").await;
    // As a promotion moves it, seen from the other side.
    run(&mut first, "with gone as (delete from annex.ready returning *) insert into annex.scheduled select job_id, now() + interval '1 h', attempt from gone").await;
    let cancelling = tokio::spawn(async move {
        let count: i32 = sqlx::query_scalar("select annex.cancel_jobs(array[$1])")
            .bind(job)
            .fetch_one(&mut second)
            .await
            .unwrap();
        count
    });
    somebody_waits(&app).await;
    run(&mut first, "commit").await;
    assert_eq!(cancelling.await.unwrap(), 1);
    assert_eq!(value(&app, "select outcome from annex.attempts where final").await, "cancelled");
}

#[tokio::test]
async fn who_asks_for_a_unique_key_holds_nobody_up() {
    let app = TestApp::start().await;
    let job = enqueue(&app, "x", json!({"unique_key": "u"})).await;
    let claimed = claim(&app, "default", 1).await;
    let (mut first, mut second) = (app.database.connect().await, app.database.connect().await);
    let mut open = first.begin().await.unwrap();
    let same: Uuid = sqlx::query_scalar("select annex.enqueue('x', '{}', '{\"unique_key\": \"u\"}')")
        .fetch_one(&mut *open)
        .await
        .unwrap();
    assert_eq!(same, job);
    run(&mut second, "set lock_timeout = '5s'").await;
    assert!(finish(&mut second, &claimed[0], "succeeded").await, "the end waits for nobody");
    open.commit().await.unwrap();
    assert_ne!(enqueue(&app, "x", json!({"unique_key": "u"})).await, job, "the key is free");

    // Two who want a key that nobody has get one job.
    let mut open = first.begin().await.unwrap();
    let ask = "select annex.enqueue('x', '{}', '{\"unique_key\": \"v\"}')";
    let one: Uuid = sqlx::query_scalar(ask).fetch_one(&mut *open).await.unwrap();
    let other = tokio::spawn(async move {
        let other: Uuid = sqlx::query_scalar(ask).fetch_one(&mut second).await.unwrap();
        other
    });
    somebody_waits(&app).await;
    open.commit().await.unwrap();
    assert_eq!(other.await.unwrap(), one);
}

#[tokio::test]
async fn a_step_is_tried_again_with_what_it_needs() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let jobs = json!([
        {"step": "a", "job": {"kind": "x", "max_attempts": 1}},
        {"step": "b", "needs": ["a"], "job": {"kind": "x"}},
    ]);
    let batch = admin.post("/v1/batches", json!({"jobs": jobs})).await.expect_status(201).json();
    let mut connection = app.database.connect().await;
    let claimed = claim(&app, "default", 1).await;
    assert!(finish(&mut connection, &claimed[0], "failed").await);
    let second = value(&app, "select id from annex.jobs where step = 'b'").await;
    admin.post(&format!("/v1/jobs/{second}/retry"), json!({})).await.expect_status(200);
    for _ in 0..2 {
        let claimed = claim(&app, "default", 2).await;
        assert_eq!(claimed.len(), 1);
        assert!(finish(&mut connection, &claimed[0], "succeeded").await);
    }
    let ended = admin.get(&format!("/v1/batches/{}", batch["id"].as_str().unwrap())).await.json();
    assert_eq!(json!([ended["pending"], ended["succeeded"]]), json!([0, 2]));
}

#[tokio::test]
async fn a_lease_that_cannot_be_taken_back_holds_no_other_up() {
    let app = TestApp::start().await;
    enqueue(&app, "x", json!({})).await;
    claim(&app, "default", 1).await;
    let other = enqueue(&app, "x", json!({"queue": "other"})).await;
    claim(&app, "other", 1).await;
    app.sql(
        "create function public.fails() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
         create trigger fails before insert on annex.ready_0 for each row when (new.queue = 'default') execute function public.fails();
         create trigger fails before insert on annex.ready_1 for each row when (new.queue = 'default') execute function public.fails();
         create trigger fails before insert on annex.ready_2 for each row when (new.queue = 'default') execute function public.fails();
         update annex.leases set expires_at = now() - interval '1 s'",
    )
    .await;
    app.eventually("the other is back", || async {
        value(&app, &format!("select count(*) from annex.ready where job_id = '{other}'")).await == "1"
    })
    .await;
    assert_eq!(value(&app, "select count(*) from annex.leases").await, "1", "and the one stays");
}

#[tokio::test]
async fn what_a_worker_holds_without_knowing_it_is_in_the_line_again() {
    let app = TestApp::start().await;
    let worker = app.inside().clock.uuid_v7();
    let hold = async || -> i64 {
        enqueue(&app, "x", json!({})).await;
        sqlx::query_scalar("select lease from annex.claim_jobs('default', '{@workers}', 1, $1, 'w', 0)")
            .bind(worker)
            .fetch_one(&app.inside().db.pool)
            .await
            .unwrap()
    };
    // Its life must be known of, or it is taken for gone.
    app.sql(&format!(
        "insert into annex.workers values ('{worker}', 'w', '{{}}', 1, now(), now() + interval '1 h')"
    ))
    .await;
    let (known, _) = (hold().await, hold().await);
    let back: i32 = sqlx::query_scalar("select annex.release_unknown($1, array[$2])")
        .bind(worker)
        .bind(known)
        .fetch_one(&app.inside().db.pool)
        .await
        .unwrap();
    assert_eq!((back, value(&app, "select id from annex.leases").await), (1, known.to_string()));
    assert_eq!(value(&app, "select attempt from annex.ready").await, "1", "as if it had not been claimed");
}

#[tokio::test]
async fn a_job_whose_unique_key_another_has_is_not_tried_again() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut connection = app.database.connect().await;
    let first = enqueue(&app, "x", json!({"unique_key": "u", "max_attempts": 1})).await;
    let claimed = claim(&app, "default", 1).await;
    assert!(finish(&mut connection, &claimed[0], "failed").await);
    let second = enqueue(&app, "x", json!({"unique_key": "u"})).await;
    assert_ne!(first, second);
    let retry = format!("/v1/jobs/{first}/retry");
    admin.post(&retry, json!({})).await.expect_problem("job_state_conflict");
    let claimed = claim(&app, "default", 9).await;
    assert_eq!(claimed.iter().map(|job| job.0).collect::<Vec<_>>(), [second]);
    assert!(finish(&mut connection, &claimed[0], "succeeded").await);
    admin.post(&retry, json!({})).await.expect_status(200);
    assert_eq!(claim(&app, "default", 9).await.len(), 1);
}

#[tokio::test]
async fn what_keys_counted_is_forgotten_when_it_is_over() {
    let app = TestApp::start().await;
    queue(&app, "keyed", json!({"key_concurrency": 1, "key_rate": {"limit": 5, "period_seconds": 0.1}}))
        .await;
    enqueue(&app, "x", json!({"queue": "keyed", "key": "k"})).await;
    let claimed = claim(&app, "keyed", 1).await;
    let limiters = "select count(*) from annex.limiters where key = 'k'";
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    app.sql("select annex.rotate_slots()").await;
    assert_eq!(value(&app, limiters).await, "1", "it runs");
    assert!(finish(&mut app.database.connect().await, &claimed[0], "succeeded").await);
    app.sql("select annex.rotate_slots()").await;
    assert_eq!(value(&app, limiters).await, "0");
}

#[tokio::test]
async fn a_backlog_stays_where_it_is_and_a_few_are_moved_on() {
    let app = TestApp::start().await;
    app.admin()
        .await
        .request("PUT", "/v1/queues/default")
        .json(&json!({"paused": true}))
        .await
        .expect_status(200);
    let fill = async |count: i32| {
        app.sql(&format!("select annex.enqueue('x') from generate_series(1, {count})")).await
    };
    let turn = "select annex.rotate_slots(1); update annex.job_slots set rotated_at = now() - interval '1 h'; select annex.rotate_slots(1000000000)";
    fill(3).await;
    app.sql(turn).await;
    let current = "select count(*) from annex.ready r, annex.job_slots s where r.slot = s.current";
    assert_eq!(value(&app, current).await, "3");
    fill(2500).await;
    app.sql(turn).await;
    assert_eq!(value(&app, current).await, "0");
}

#[tokio::test]
async fn who_runs_jobs_as_several_takes_the_most_urgent_first() {
    let app = TestApp::start().await;
    app.sql("insert into annex.job_kinds (name, runner) values ('of.all', '@annex'), ('x', 'x'), ('y', 'y')")
        .await;
    let claim = async |runners: &str, most: i32| -> Vec<String> {
        sqlx::query_scalar(
            "select j.kind || j.priority from annex.claim_jobs('default', $1::text[], $2, null, 'w', 60) c
            join annex.jobs j using (id) order by position",
        )
        .bind(runners)
        .bind(most)
        .fetch_all(&app.inside().db.pool)
        .await
        .unwrap()
    };
    for (kind, priority) in
        [("of.all", 5), ("x", 0), ("y", -9), ("x", 7), ("of.all", 1), ("x", 1), ("unknown", -50)]
    {
        enqueue(&app, kind, json!({"priority": priority})).await;
    }
    // What another runs is left alone, however urgent.
    for taken in [&["x0", "x1"][..], &["of.all1", "of.all5"], &["x7"], &[]] {
        assert_eq!(claim("{@annex,x}", 10).await, taken);
    }
    assert_eq!(claim("{y}", 10).await, ["y-9"]);
    assert_eq!(claim("{@workers}", 10).await, ["unknown-50"]);
    queue(&app, "default", json!({"key_concurrency": 1})).await;
    for key in ["a", "a", "b"] {
        enqueue(&app, "x", json!({"key": key})).await;
    }
    assert_eq!(claim("{@annex,x}", 10).await, ["x0", "x0"]);
    assert_eq!(value(&app, "select runner from annex.parked").await, "x");
}

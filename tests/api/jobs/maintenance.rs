//! What goes on beside the work: old jobs are forgotten, and nothing ends it.

use annex::jobs::store::delete_ended;
use annex_tests::{TestApp, TestDatabase};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor};
use time::Duration;

use super::{claim, enqueue, id, say};

/// Forgets what ended more than two days ago, and what ended badly more than thirty days ago. How many jobs.
async fn forget(app: &TestApp) -> u64 {
    let now = app.inside().clock.now();
    delete_ended(&app.inside().db.pool, now - Duration::days(2), now - Duration::days(30), now, 1000)
        .await
        .unwrap()
}

async fn days_go_by(app: &TestApp, days: u8) {
    app.sql(&format!(
        "update annex.attempts set finished_at = finished_at - interval '{days} days', started_at = started_at - interval '{days} days';
        update annex.batches set finished_at = finished_at - interval '{days} days'"
    ))
    .await;
}

async fn done(app: &TestApp, job: Value) -> Value {
    let job = enqueue(app, job).await;
    let admin = app.admin().await;
    say(&admin, &claim(&admin, "default", 1).await[0], "complete", json!({})).await.expect_status(200);
    job
}

async fn failed(app: &TestApp) -> Value {
    let job = enqueue(app, json!({"kind": "a", "max_attempts": 1})).await;
    let admin = app.admin().await;
    let claimed = claim(&admin, "default", 1).await.remove(0);
    say(&admin, &claimed, "fail", json!({"error": {"message": "no"}})).await.expect_status(200);
    job
}

#[tokio::test]
async fn jobs_are_forgotten_in_time() {
    let app = TestApp::start().await;
    let (succeeded, failed) = (done(&app, json!({"kind": "a"})).await, failed(&app).await);
    assert_eq!(forget(&app).await, 0);
    days_go_by(&app, 3).await;
    assert_eq!(forget(&app).await, 1);
    let admin = app.admin().await;
    admin.get(&format!("/v1/jobs/{}", id(&succeeded))).await.expect_problem("not_found");
    admin.get(&format!("/v1/jobs/{}", id(&failed))).await.expect_status(200);
    days_go_by(&app, 28).await;
    assert_eq!(forget(&app).await, 1);
    assert_eq!(app.sql_value("select count(*) from annex.attempts").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn the_results_of_a_batch_stay_as_long_as_one_of_its_steps_can_be_retried() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let jobs = json!([{"step": "a", "job": {"kind": "a"}}, {"step": "b", "needs": ["a"], "job": {"kind": "b", "max_attempts": 1}}]);
    let batch = admin.post("/v1/batches", json!({"jobs": jobs})).await.expect_status(201).json();
    let a = claim(&admin, "default", 1).await.remove(0);
    say(&admin, &a, "complete", json!({"result": {"x": 1}})).await.expect_status(200);
    let b = claim(&admin, "default", 1).await.remove(0);
    say(&admin, &b, "fail", json!({"error": {"message": "no"}})).await.expect_status(200);
    days_go_by(&app, 3).await;
    assert_eq!(forget(&app).await, 0);
    admin.request("POST", &format!("/v1/batches/{}/retry", id(&batch))).await.expect_status(200);
    let again = claim(&admin, "default", 1).await.remove(0);
    assert_eq!(again["inputs"], json!({"a": {"x": 1}}));
    say(&admin, &again, "complete", json!({})).await.expect_status(200);
    days_go_by(&app, 3).await;
    assert_eq!(forget(&app).await, 2, "all have succeeded now");
}

#[tokio::test]
async fn a_job_stays_while_its_unique_key_stands_for_it() {
    let app = TestApp::start().await;
    let job = json!({"kind": "a", "unique_key": "yearly", "unique_seconds": 31_536_000});
    let first = done(&app, job.clone()).await;
    days_go_by(&app, 3).await;
    assert_eq!(forget(&app).await, 0);
    let same = app.admin().await.post("/v1/jobs", job).await.expect_status(200).json();
    assert_eq!(same["id"], first["id"]);
    app.sql("update annex.unique_jobs set period_end = now() - interval '1 s'").await;
    assert_eq!(forget(&app).await, 1);
    assert_eq!(app.sql_value("select count(*) from annex.unique_jobs").await.as_deref(), Some("0"));
}

/// Retries the job, and lets others go on before it counts.
async fn retried_meanwhile(app: &TestApp, job: &Value, others: impl Future) {
    let mut connection = app.database.connect().await;
    let mut retrying = connection.begin().await.unwrap();
    let retry = format!("select annex.retry_jobs(array['{}'::uuid])", id(job));
    retrying.execute(AssertSqlSafe(retry)).await.unwrap();
    let retried = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        retrying.commit().await.unwrap();
    };
    tokio::join!(others, retried);
}

#[tokio::test]
async fn a_job_that_is_retried_meanwhile_is_neither_discarded_nor_forgotten() {
    let app = TestApp::start().await;
    let (admin, job) = (app.admin().await, failed(&app).await);
    retried_meanwhile(&app, &job, async {
        let discarded =
            admin.post("/v1/jobs/discard", json!({"state": "failed"})).await.expect_status(200).json();
        assert_eq!(discarded["count"], 0);
    })
    .await;
    let again = claim(&admin, "default", 1).await.remove(0);
    assert_eq!((id(&again), &again["attempt"]), (id(&job), &json!(2)));
    say(&admin, &again, "fail", json!({"error": {"message": "no"}, "retry": false})).await.expect_status(200);
    days_go_by(&app, 40).await;
    retried_meanwhile(&app, &job, async { assert_eq!(forget(&app).await, 0) }).await;
    assert_eq!(claim(&admin, "default", 1).await.len(), 1);
}

#[tokio::test]
async fn what_many_dead_workers_held_is_taken_back_without_a_rest() {
    let app = TestApp::start().await;
    app.sql(
        "select annex.enqueue('a') from generate_series(1, 1000);
        select count(*) from generate_series(1, 1000) n, lateral annex.claim_jobs('default', '{@workers}', 1, null, 'w' || n, 60);
        update annex.leases set expires_at = now()",
    )
    .await;
    app.eventually("all are back", || async {
        app.sql_value("select count(*) from annex.leases").await.as_deref() == Some("0")
    })
    .await;
    // It takes at least five calls.
    let rests = app
        .sql_value(
            "select count(*) from (select finished_at - lag(finished_at) over (order by finished_at) as gap from annex.attempts) g
            where gap > '700 ms'",
        )
        .await;
    assert!(rests.as_deref() < Some("4"), "{rests:?}");
    assert_eq!(
        app.sql_value("select count(*) from annex.attempts where outcome = 'lost'").await.as_deref(),
        Some("1000")
    );
}

#[tokio::test]
async fn a_row_that_cannot_be_read_does_not_end_the_rest() {
    let app = TestApp::start().await;
    // What no check of the database lets in.
    app.sql(
        "do $$ declare name text; begin
            for name in select conname from pg_constraint where conrelid = 'annex.schedules'::regclass and contype = 'c' loop
                execute format('alter table annex.schedules drop constraint %I', name);
            end loop;
        end $$;
        insert into annex.schedules (name, job, time_zone, every_seconds, catch_up, next_at, began_at, created_at, updated_at)
            values ('never', '[]', 'UTC', 1, 'all', '-infinity', now(), now(), now());
        select pg_notify('annex_jobs', '')",
    )
    .await;
    let panics =
        || app.inside().metrics.text().contains("annex_background_panics_total{work=\"jobs_promote\"}");
    app.eventually("it has panicked", || async { panics() }).await;
    let admin = app.admin().await;
    enqueue(&app, json!({"kind": "a", "delay_seconds": 0.1})).await;
    app.eventually("what is due is in the line", || async { !claim(&admin, "default", 1).await.is_empty() })
        .await;
}

#[tokio::test]
async fn transactions_are_as_the_engine_relies_on_whatever_the_database_says() {
    let database = TestDatabase::create().await;
    let mut connection = database.connect().await;
    let name: String =
        sqlx::query_scalar("select current_database()").fetch_one(&mut connection).await.unwrap();
    let statement = format!("alter database {name} set default_transaction_isolation = 'serializable'");
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
    drop(connection);
    let app = TestApp::builder().database(database).start().await;
    let db = &app.inside().db;
    let of_pool: String = sqlx::query_scalar("show transaction_isolation").fetch_one(&db.pool).await.unwrap();
    let spawn = |driver: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>| drop(tokio::spawn(driver));
    let client = db.target.connect(spawn).await.unwrap();
    let of_lanes: String = client.query_one("show transaction_isolation", &[]).await.unwrap().get(0);
    assert_eq!([of_pool, of_lanes], ["read committed", "read committed"]);
}

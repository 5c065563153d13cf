//! What a worker writes of attempts that ended, where something is in the way of one of them.

use std::time::Duration;

use annex::App;
use annex::jobs::{Completed, Context, Job, JobError, Options, Worker};
use annex_tests::TestApp;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor};

use super::{enqueue, id, read};

/// Ends well after a while.
#[derive(Deserialize)]
struct Nap {
    #[serde(default)]
    seconds: f64,
}

impl Job for Nap {
    const KIND: &'static str = "test.nap";

    async fn run(self, _: Context) -> Result<Completed, JobError> {
        tokio::time::sleep(Duration::from_secs_f64(self.seconds)).await;
        Ok(().into())
    }
}

/// A server that runs no jobs by itself.
async fn start() -> TestApp {
    TestApp::builder().program(App::builder().job::<Nap>()).start().await
}

fn work(app: &TestApp) -> Worker {
    Worker::start(app.shared(), Options { queues: Vec::new(), concurrency: 10 })
}

async fn ended(app: &TestApp, jobs: &[Value]) {
    for job in jobs {
        app.eventually("the job has succeeded", || async { read(app, job).await["state"] == "succeeded" })
            .await;
    }
}

#[tokio::test]
async fn an_end_that_cannot_be_kept_holds_no_other_up_and_is_given_back() {
    let app = start().await;
    let bad = enqueue(&app, json!({"kind": "test.nap"})).await;
    app.sql(&format!("alter table annex.attempts add constraint never check (job_id <> '{}')", id(&bad)))
        .await;
    let worker = work(&app);
    app.eventually("the job is taken", || async { read(&app, &bad).await["state"] == "running" }).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(enqueue(&app, json!({"kind": "test.nap"})).await);
    }
    ended(&app, &others).await;
    worker.stop(Duration::from_secs(3)).await;
    assert_eq!(read(&app, &bad).await["state"], "ready");
    assert_eq!(app.sql_value("select count(*) from annex.leases").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn an_end_that_waits_for_a_lock_holds_no_other_up() {
    let app = start().await;
    let held = enqueue(&app, json!({"kind": "test.nap", "unique_key": "a"})).await;
    // Another program that would have the key, and stays open.
    let mut program = app.database.connect().await;
    let mut open = program.begin().await.unwrap();
    open.execute(AssertSqlSafe("select * from annex.unique_jobs for update")).await.unwrap();
    let worker = work(&app);
    app.eventually("the job is taken", || async { read(&app, &held).await["state"] == "running" }).await;
    let mut others = Vec::new();
    for place in 0..20 {
        others.push(enqueue(&app, json!({"kind": "test.nap", "unique_key": place.to_string()})).await);
    }
    ended(&app, &others).await;
    assert_eq!(read(&app, &held).await["state"], "running");
    open.rollback().await.unwrap();
    ended(&app, &[held]).await;
    worker.stop(Duration::from_secs(3)).await;
}

#[tokio::test]
async fn a_worker_whose_beginning_was_heard_but_not_answered_begins_all_the_same() {
    let app = start().await;
    let row = annex::jobs::store::WorkerRow {
        id: app.inside().clock.uuid_v7(),
        name: "w".to_owned(),
        queues: Vec::new(),
        concurrency: 1,
    };
    for _ in 0..2 {
        annex::jobs::store::register(&app.inside().db.pool, &row, 4.0).await.unwrap();
    }
}

#[tokio::test]
async fn a_worker_is_heard_of_while_the_server_is_busy() {
    let app = start().await;
    let job = enqueue(&app, json!({"kind": "test.nap", "args": {"seconds": 8}, "max_attempts": 1})).await;
    let worker = work(&app);
    app.eventually("the job is taken", || async { read(&app, &job).await["state"] == "running" }).await;
    let pool = &app.inside().db.pool;
    let mut busy = Vec::new();
    while busy.len() < pool.options().get_max_connections() as usize {
        busy.extend(pool.acquire().await);
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(app.sql_value("select annex.reclaim_leases()").await.as_deref(), Some("0"));
    drop(busy);
    ended(&app, &[job]).await;
    worker.stop(Duration::from_secs(3)).await;
}

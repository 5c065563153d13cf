//! Imports and exports whose workers are killed in the middle.

use annex_tests::{Client, TestApp};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::killed::WorkerProcess;
use super::until;

const ROWS: usize = 20_000;

/// A worker is at work, and held up.
const HELD_UP: &str = "select exists (select from pg_stat_activity
    where datname = current_database() and application_name = 'annex records' and wait_event_type = 'Lock')";
const BEGUN: &str = "select exists (select from annex.leases)";

#[tokio::test]
async fn what_was_accepted_is_done_once_although_workers_are_killed() {
    let app = TestApp::start().await;
    let fields = json!([{"name": "title", "type": "text"}]);
    app.collection(json!({"name": "notes", "fields": fields, "rules": {"list": "", "create": ""}})).await;
    app.sql("create view public.held as select id, title, (select pg_advisory_xact_lock_shared(7))::text as held from public.notes")
        .await;
    let view = json!({"table": "held", "primary_key": ["id"], "rules": {"list": ""}});
    app.admin().await.post("/v1/collections/adopt", view).await.expect_status(201);
    let uma = app.user("uma").await;
    let rows: String = (0..ROWS).map(|n| format!("{n:0>100}\n")).collect();

    let other = begin(&app, "lock table public.notes in share mode").await;
    let import = uma.request("POST", "/v1/records/notes/import").header("prefer", "respond-async");
    let import = import.body("text/csv", format!("title\n{rows}")).await.expect_status(202).json();
    let import = done_although_killed(&app, &uma, &import, other).await;
    assert_eq!(import["result"]["inserted"], ROWS);

    let other = begin(&app, "select pg_advisory_xact_lock(7)").await;
    let asked = json!({"fields": ["title", "held"], "sort": ["title"]});
    let export = uma.post("/v1/records/held/export", asked).header("prefer", "respond-async");
    let export = export.await.expect_status(202).json();
    let export = done_although_killed(&app, &uma, &export, other).await;
    let link =
        export["result"]["file"]["url"].as_str().expect("it has a file").strip_prefix("http://annex.test");
    let file = app.anonymous().get(link.expect("it is the server's")).await.expect_status(200).text();
    let expected = format!("title,held\r\n{}", rows.replace('\n', ",\"\"\r\n"));
    assert!(file == expected, "{} bytes came back", file.len());
    annex::jobs::files::sweep(app.inside()).await.expect("files can go");
    let files = app.sql_value("select count(*) from annex.job_files").await;
    assert_eq!(files.as_deref(), Some("1"), "what was not finished has gone");
}

/// A transaction that has done that, and is open until it is dropped.
async fn begin(app: &TestApp, statement: &'static str) -> PgConnection {
    let mut connection = app.database.connect().await;
    for statement in ["begin", statement] {
        sqlx::query(statement).execute(&mut connection).await.expect("nobody is in the way");
    }
    connection
}

/// The job as it stands in the end: one worker is killed in the middle, and one as soon as it has begun.
async fn done_although_killed(app: &TestApp, client: &Client, job: &Value, other: PgConnection) -> Value {
    let pool = &app.inside().db.pool;
    for moment in [HELD_UP, BEGUN] {
        let worker = WorkerProcess::start(app);
        until(pool, moment).await;
        worker.signal(Signal::SIGKILL);
        drop(worker);
        until(pool, "select not exists (select from annex.leases)").await;
    }
    drop(other);
    let worker = WorkerProcess::start(app);
    let path = format!("/v1/jobs/{}?wait_seconds=30", job["id"].as_str().expect("a job has an id"));
    let mut job = client.get(&path).await.expect_status(200).json();
    while job["state"] != "succeeded" {
        assert_ne!(job["state"], "failed", "{job}");
        job = client.get(&path).await.expect_status(200).json();
    }
    drop(worker);
    let attempts = job["attempts"].as_array().expect("attempts").iter();
    let outcomes: Vec<&Value> = attempts.map(|attempt| &attempt["outcome"]).collect();
    assert_eq!(outcomes, ["lost", "lost", "succeeded"]);
    job
}

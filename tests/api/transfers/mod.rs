//! Imports and exports in the background.

mod export;
mod file;
mod import;

use annex_tests::{Answer, Builder, Client, Request, TestApp};
use serde_json::{Value, json};

fn builder() -> Builder {
    TestApp::builder().set("ANNEX_JOBS_RUN", "true")
}

/// Asks for an export in the background.
fn ask(client: &Client, collection: &str, body: Value) -> Request {
    client.post(&format!("/v1/records/{collection}/export"), body).header("prefer", "respond-async")
}

/// The job that was started.
fn accepted(answer: Answer) -> Value {
    let answer = answer.expect_status(202).expect_header("preference-applied", "respond-async");
    let job = answer.json();
    assert_eq!(answer.header("location"), Some(format!("/v1/jobs/{}", id(&job)).as_str()));
    job
}

fn id(job: &Value) -> &str {
    job["id"].as_str().unwrap()
}

/// The job as it stands, for that client.
async fn read(client: &Client, job: &Value) -> Value {
    client.get(&format!("/v1/jobs/{}", id(job))).await.expect_status(200).json()
}

/// The job when it has ended.
async fn ended(client: &Client, job: &Value) -> Value {
    for _ in 0..40 {
        let path = format!("/v1/jobs/{}?wait_seconds=5", id(job));
        let job = client.get(&path).await.expect_status(200).json();
        if matches!(job["state"].as_str(), Some("succeeded" | "failed" | "cancelled")) {
            return job;
        }
    }
    panic!("the job {job} did not end");
}

/// The job, which succeeded.
async fn succeeded(client: &Client, job: &Value) -> Value {
    let job = ended(client, job).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    job
}

/// The job, which failed for good with that code.
async fn failed(client: &Client, job: &Value, code: &str) -> Value {
    let job = ended(client, job).await;
    assert_eq!(json!([job["state"], job["error"]["code"]]), json!(["failed", code]), "{job}");
    job
}

/// The path and the query of the link to a job's file.
fn link(job: &Value) -> String {
    let url = job["result"]["file"]["url"].as_str().unwrap_or_else(|| panic!("there is no link in {job}"));
    url.strip_prefix("http://annex.test").unwrap_or_else(|| panic!("{url}")).to_owned()
}

/// The file of a job, for whoever has the link.
async fn fetch(app: &TestApp, job: &Value) -> Answer {
    app.anonymous().get(&link(job)).await.expect_status(200)
}

/// Notes, each of an account.
async fn notes(app: &TestApp, rules: Value) {
    app.collection(json!({
        "name": "notes",
        "fields": [
            {"name": "title", "type": "text"},
            {"name": "slug", "type": "text", "unique": true},
            {"name": "secret", "type": "text"},
            {"name": "owner", "type": "relation", "collection": "users"}
        ],
        "rules": rules
    }))
    .await;
    app.sql("update annex.collections set hidden_fields = '{secret}' where name = 'notes'").await;
    app.schema_seen(|snapshot| {
        let table = snapshot.table("notes");
        table.and_then(|table| table.collection.field("secret")).is_some_and(|field| field.hidden)
    })
    .await;
}

async fn pause(app: &TestApp, paused: bool) {
    let admin = app.admin().await;
    admin.patch("/v1/queues/transfers", json!({"paused": paused})).await.expect_status(200);
}

/// How many files there are, and how many chunks.
async fn kept(app: &TestApp) -> (String, String) {
    let count = async |table| app.sql_value(&format!("select count(*) from annex.{table}")).await.unwrap();
    (count("job_files").await, count("job_file_chunks").await)
}

//! `/v1/jobs`, `/v1/queues`, `/v1/job-kinds`, `/v1/batches`, `/v1/schedules`, `/v1/workers`

mod batches;
mod create;
mod ends;
mod engine;
mod followers;
mod kinds;
mod leases;
mod list;
mod maintenance;
mod queues;
mod schedules;
mod stats;
mod stop;
mod transactions;

use annex_tests::{Client, TestApp};
use serde_json::{Value, json};

/// Enqueues a job, as an admin.
async fn enqueue(app: &TestApp, job: Value) -> Value {
    app.admin().await.post("/v1/jobs", job).await.expect_status(201).json()
}

/// Claims up to so many jobs.
async fn claim(client: &Client, queue: &str, max: usize) -> Vec<Value> {
    let answer =
        client.post(&format!("/v1/queues/{queue}/claim"), json!({"max": max})).await.expect_status(200);
    answer.json()["jobs"].as_array().unwrap().clone()
}

/// Says something under the lease of a job that was claimed.
async fn say(client: &Client, job: &Value, what: &str, mut body: Value) -> annex_tests::Answer {
    body["lease_token"] = job["lease_token"].clone();
    client.post(&format!("/v1/jobs/{}/{what}", id(job)), body).await
}

async fn read(app: &TestApp, job: &Value) -> Value {
    app.admin().await.get(&format!("/v1/jobs/{}", id(job))).await.expect_status(200).json()
}

fn id(job: &Value) -> &str {
    job["id"].as_str().unwrap()
}

fn ids(jobs: &[Value]) -> Vec<&str> {
    jobs.iter().map(id).collect()
}

/// Every operation that is not for everyone.
#[tokio::test]
async fn only_admins_and_workers_are_let_in() {
    let app = TestApp::start().await;
    let job = enqueue(&app, json!({"kind": "mail"})).await;
    let batch = app.admin().await.post("/v1/batches", json!({"jobs": [{"job": {"kind": "mail"}}]})).await;
    let (job, batch) =
        (id(&job).to_owned(), batch.expect_status(201).json()["id"].as_str().unwrap().to_owned());
    let worker = app.user("worker").await;
    app.sql("update annex.users set roles = '{worker}' where email = 'worker@example.com'").await;
    let schedule = json!({"job": {"kind": "mail"}, "every_seconds": 86400});
    let kept =
        app.admin().await.put("/v1/schedules/nightly", schedule.clone()).await.expect_status(201).json();
    let token = json!({"lease_token": "999-1"});
    let failed = json!({"lease_token": "999-1", "error": {"message": "no"}});
    let of_admins = [
        ("GET", "/v1/jobs".to_owned(), None),
        ("POST", "/v1/jobs".to_owned(), Some(json!({"kind": "mail"}))),
        ("GET", "/v1/jobs/stats".to_owned(), None),
        ("POST", "/v1/jobs/cancel".to_owned(), Some(json!({}))),
        ("POST", "/v1/jobs/retry".to_owned(), Some(json!({}))),
        ("POST", "/v1/jobs/discard".to_owned(), Some(json!({}))),
        ("GET", format!("/v1/jobs/{job}/logs"), None),
        ("GET", format!("/v1/jobs/{job}/events"), None),
        ("POST", format!("/v1/jobs/{job}/cancel"), None),
        ("POST", format!("/v1/jobs/{job}/retry"), None),
        ("GET", "/v1/queues".to_owned(), None),
        ("GET", "/v1/queues/default".to_owned(), None),
        ("PUT", "/v1/queues/default".to_owned(), Some(json!({}))),
        ("PATCH", "/v1/queues/default".to_owned(), Some(json!({"paused": true}))),
        ("GET", "/v1/job-kinds".to_owned(), None),
        ("PUT", "/v1/job-kinds/mail".to_owned(), Some(json!({}))),
        ("GET", "/v1/job-kinds/mail".to_owned(), None),
        ("DELETE", "/v1/job-kinds/mail".to_owned(), None),
        ("GET", "/v1/schedules".to_owned(), None),
        ("GET", "/v1/schedules/nightly".to_owned(), None),
        ("PUT", "/v1/schedules/nightly".to_owned(), Some(schedule.clone())),
        ("PATCH", "/v1/schedules/nightly".to_owned(), Some(json!({"paused": true}))),
        ("DELETE", "/v1/schedules/nightly".to_owned(), None),
        ("POST", "/v1/schedules/nightly/run".to_owned(), None),
        ("GET", "/v1/workers".to_owned(), None),
        ("GET", "/v1/batches".to_owned(), None),
        ("POST", "/v1/batches".to_owned(), Some(json!({"jobs": [{"job": {"kind": "mail"}}]}))),
        ("GET", format!("/v1/batches/{batch}"), None),
        ("POST", format!("/v1/batches/{batch}/jobs"), Some(json!({"jobs": [{"job": {"kind": "mail"}}]}))),
        ("POST", format!("/v1/batches/{batch}/cancel"), None),
        ("POST", format!("/v1/batches/{batch}/retry"), None),
    ];
    let of_workers = [
        ("POST", "/v1/queues/default/claim".to_owned(), Some(json!({}))),
        ("POST", format!("/v1/jobs/{job}/heartbeat"), Some(token.clone())),
        ("POST", format!("/v1/jobs/{job}/progress"), Some(token.clone())),
        ("POST", format!("/v1/jobs/{job}/complete"), Some(token)),
        ("POST", format!("/v1/jobs/{job}/fail"), Some(failed)),
    ];
    let ask = |client: &Client, (method, path, body): &(&str, String, Option<Value>)| {
        let request = client.request(method, path);
        match body {
            Some(body) => request.json(body),
            None => request,
        }
    };
    // A job that is somebody else's looks as though it were not there.
    let one = ("GET", format!("/v1/jobs/{job}"), None);
    ask(&app.anonymous(), &one).await.expect_problem("unauthenticated");
    ask(&worker, &one).await.expect_problem("not_found");
    let (ada, before) = (app.user("ada").await, app.sql_value("select count(*) from annex.jobs").await);
    for operation in of_admins.iter().chain(&of_workers) {
        ask(&app.anonymous(), operation).await.expect_problem("unauthenticated");
        ask(&ada, operation).await.expect_problem("forbidden");
    }
    for operation in &of_admins {
        ask(&worker, operation).await.expect_problem("forbidden");
    }
    ask(&worker, &of_workers[0]).await.expect_status(200);
    for operation in &of_workers[1..] {
        ask(&worker, operation).await.expect_problem("stale_lease");
    }
    assert_eq!(app.sql_value("select count(*) from annex.jobs").await, before);
    assert_eq!(app.admin().await.get("/v1/schedules/nightly").await.expect_status(200).json(), kept);
}

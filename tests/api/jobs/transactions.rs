//! Jobs and records in one transaction.

use annex_tests::{Client, TestApp};
use serde_json::{Value, json};

use super::{claim, enqueue, id, read, say};

/// Orders, which anybody may place.
async fn shop() -> TestApp {
    let app = TestApp::start().await;
    app.collection(json!({
        "name": "orders",
        "fields": [
            {"name": "number", "type": "int", "required": true, "unique": true},
            {"name": "job", "type": "uuid"}
        ],
        "rules": {"list": "", "view": "", "create": "", "update": "", "delete": ""}
    }))
    .await;
    app
}

async fn batch(client: &Client, operations: Value) -> annex_tests::Answer {
    client.post("/v1/batch", json!({"operations": operations})).await
}

fn order(number: i32) -> Value {
    json!({"method": "create", "collection": "orders", "body": {"number": number}})
}

async fn count(app: &TestApp, table: &str) -> String {
    app.sql_value(&format!("select count(*) from {table}")).await.unwrap()
}

#[tokio::test]
async fn a_job_is_enqueued_with_the_rows_that_need_it() {
    let app = shop().await;
    let admin = app.admin().await;
    let operations = json!([
        order(1),
        {"method": "enqueue", "job": {"kind": "mail", "queue": "slow", "unique_key": "1", "args": {
            "order": {"$result": "0.id"}, "number": {"$result": "0.number"}, "plain": {"$result": "0.id", "more": 1}}}},
        {"method": "update", "collection": "orders", "id": {"$result": "0.id"}, "body": {"job": {"$result": "1.id"}}},
        {"method": "enqueue", "job": {"kind": "mail", "unique_key": "1", "queue": "slow"}},
    ]);
    let results = batch(&admin, operations).await.expect_status(200).json()["results"].clone();
    assert_eq!(results[1], json!({"status": 201, "id": results[1]["id"]}));
    assert_eq!(results[3], json!({"status": 200, "id": results[1]["id"]}), "the unique key is taken");
    assert_eq!(results[2]["record"]["job"], results[1]["id"]);
    let job = read(&app, &results[1]).await;
    let args = json!({"order": results[0]["id"], "number": 1, "plain": {"$result": "0.id", "more": 1}});
    assert_eq!((&job["args"], &job["queue"], &job["state"]), (&args, &json!("slow"), &json!("ready")));
    let me = admin.get("/v1/auth/me").await.json();
    assert_eq!(job["created_by"], me["id"]);
    assert_eq!(count(&app, "annex.jobs").await, "1");
}

#[tokio::test]
async fn nothing_is_enqueued_where_anything_fails() {
    let app = shop().await;
    let admin = app.admin().await;
    let kind = json!({"schema": {"type": "object", "required": ["to"]}});
    admin.request("PUT", "/v1/job-kinds/strict").json(&kind).await.expect_status(201);
    let enqueued = json!({"method": "enqueue", "job": {"kind": "mail"}});
    let wrong = json!([
        [json!([order(1), enqueued, order(1)]), "not_unique", "/operations/2/body/number"],
        [
            json!([order(1), {"method": "enqueue", "job": {"kind": "strict", "args": {"from": 1}}}]),
            "validation_failed",
            "/operations/1/job/args"
        ],
        [
            json!([enqueued, {"method": "enqueue", "job": {"kind": "Mail"}}]),
            "validation_failed",
            "/operations/1/job/kind"
        ],
        [
            json!([enqueued, {"method": "enqueue", "job": {"kind": "mail", "args": {"a": {"$result": "1.id"}}}}]),
            "validation_failed",
            "/operations/1/job/args/a"
        ],
        [
            json!([enqueued, {"method": "enqueue", "job": {"kind": "mail", "args": {"a": {"$result": "0.state"}}}}]),
            "validation_failed",
            "/operations/1/job/args/a"
        ],
        [
            json!([{"method": "enqueue", "collection": "orders", "job": {"kind": "mail"}}]),
            "validation_failed",
            "/operations/0/collection"
        ],
        [
            json!([{"method": "enqueue", "job": {"kind": "mail", "arguments": {}}}]),
            "validation_failed",
            "/operations/0/job"
        ],
        [json!([{"method": "enqueue"}]), "validation_failed", "/operations/0/job"],
        [json!([{"method": "create", "body": {}}]), "validation_failed", "/operations/0/collection"],
        [
            json!([{"method": "create", "collection": "orders", "body": {"number": 1}, "job": {"kind": "mail"}}]),
            "validation_failed",
            "/operations/0/job"
        ],
    ]);
    for case in wrong.as_array().unwrap() {
        let problem = batch(&admin, case[0].clone()).await.expect_problem(case[1].as_str().unwrap());
        let pointers: Vec<&str> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        let expected = case[2].as_str().unwrap();
        assert!(pointers.iter().any(|pointer| pointer.starts_with(expected)), "{case}: {pointers:?}");
    }
    let ada = app.user("ada").await;
    let both = json!([order(1), enqueued]);
    let problem = batch(&ada, both.clone()).await.expect_problem("forbidden");
    assert!(problem.detail.starts_with("Operation 1, enqueue `mail`"), "{problem:?}");
    batch(&app.anonymous(), both).await.expect_problem("unauthenticated");
    assert_eq!(
        (count(&app, "annex.jobs").await, count(&app, "orders").await),
        ("0".to_owned(), "0".to_owned())
    );
}

#[tokio::test]
async fn what_a_worker_writes_with_the_end_of_a_job_is_there_once() {
    let app = shop().await;
    let admin = app.admin().await;
    let job = enqueue(&app, json!({"kind": "mail"})).await;
    let first = admin
        .post("/v1/queues/default/claim", json!({"lease_seconds": 1}))
        .await
        .expect_status(200)
        .json()["jobs"][0]
        .clone();
    app.eventually("the lease runs out", || async { read(&app, &job).await["state"] == "ready" }).await;
    let second = claim(&admin, "default", 1).await.remove(0);
    let end = json!({"result": {"total": 1.50}, "operations": [order(1), {"method": "enqueue", "job": {"kind": "next"}}]});
    say(&admin, &first, "complete", end.clone()).await.expect_problem("stale_lease");
    assert_eq!(count(&app, "orders").await, "0", "the stale worker has written nothing");

    let twice = json!({"operations": [order(1), order(1)]});
    let problem = say(&admin, &second, "complete", twice).await.expect_problem("not_unique");
    assert_eq!(problem.errors[0].pointer, "/operations/1/body/number");
    assert_eq!(read(&app, &job).await["state"], "running", "the job goes on where its writes are refused");
    assert_eq!(count(&app, "orders").await, "0");

    let done = say(&admin, &second, "complete", end.clone()).await.expect_status(200).json();
    assert_eq!((&done["state"], &done["results"][0]["status"]), (&json!("succeeded"), &json!(201)));
    assert_eq!(read(&app, &done["results"][1]).await["kind"], "next");
    let ended = read(&app, &job).await;
    assert_eq!((&ended["state"], &ended["result"]), (&json!("succeeded"), &json!({"total": 1.5})));
    say(&admin, &second, "complete", end).await.expect_problem("stale_lease");
    assert_eq!(
        (count(&app, "orders").await, count(&app, "annex.jobs").await),
        ("1".to_owned(), "2".to_owned())
    );
}

#[tokio::test]
async fn a_worker_writes_what_the_rules_let_it_write() {
    let app = shop().await;
    app.collection(json!({"name": "ledger", "fields": [{"name": "n", "type": "int"}]})).await;
    let worker = app.user("worker").await;
    app.sql("update annex.users set roles = '{worker}' where email = 'worker@example.com'").await;
    let job = enqueue(&app, json!({"kind": "mail"})).await;
    let claimed = claim(&worker, "default", 1).await.remove(0);
    assert_eq!(id(&claimed), id(&job));
    let closed =
        json!({"operations": [order(1), {"method": "create", "collection": "ledger", "body": {"n": 1}}]});
    say(&worker, &claimed, "complete", closed).await.expect_problem("forbidden");
    assert_eq!(count(&app, "orders").await, "0");
    // What servers run they run with rights of their own.
    let function = json!({"kind": "sql.function", "args": {"function": "public.anything"}});
    let servers = json!({"operations": [{"method": "enqueue", "job": function}]});
    let problem = say(&worker, &claimed, "complete", servers).await.expect_problem("forbidden");
    assert_eq!(problem.errors[0].pointer, "/operations/0");
    let open = json!({"operations": [order(1), {"method": "enqueue", "job": {"kind": "next"}}]});
    say(&worker, &claimed, "complete", open).await.expect_status(200);
    assert_eq!(
        (count(&app, "orders").await, count(&app, "annex.jobs").await),
        ("1".to_owned(), "2".to_owned())
    );
}

//! `GET /v1/jobs`

use annex_tests::TestApp;
use serde_json::{Value, json};

use super::{claim, enqueue, id, ids, say};

#[tokio::test]
async fn jobs_are_found_by_what_they_are_and_where_they_stand() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.put("/v1/queues/tight", json!({"key_concurrency": 1})).await.expect_status(201);
    let done = enqueue(&app, json!({"kind": "a", "args": {"n": 1, "deep": {"x": [1, 2]}}})).await;
    say(&admin, &claim(&admin, "default", 1).await[0], "complete", json!({})).await.expect_status(200);
    let failed = enqueue(&app, json!({"kind": "b", "max_attempts": 1})).await;
    say(&admin, &claim(&admin, "default", 1).await[0], "fail", json!({"error": {"message": "no"}})).await;
    let running = enqueue(&app, json!({"kind": "a", "tags": ["red", "blue"]})).await;
    claim(&admin, "default", 1).await;
    let ready = enqueue(&app, json!({"kind": "b", "tags": ["red"], "args": {"n": 2}})).await;
    let later = enqueue(&app, json!({"kind": "a", "delay_seconds": 600})).await;
    let cancelled = enqueue(&app, json!({"kind": "a", "delay_seconds": 600})).await;
    admin.request("POST", &format!("/v1/jobs/{}/cancel", id(&cancelled))).await.expect_status(200);
    let held = enqueue(&app, json!({"kind": "c", "queue": "tight", "key": "k"})).await;
    let parked = enqueue(&app, json!({"kind": "c", "queue": "tight", "key": "k"})).await;
    assert_eq!(claim(&admin, "tight", 5).await.len(), 1);

    for (query, expected) in [
        ("", vec![&parked, &held, &cancelled, &later, &ready, &running, &failed, &done]),
        ("state=succeeded", vec![&done]),
        ("state=failed", vec![&failed]),
        ("state=cancelled", vec![&cancelled]),
        ("state=running", vec![&held, &running]),
        ("state=ready", vec![&parked, &ready]),
        ("state=scheduled", vec![&later]),
        ("kind=b", vec![&ready, &failed]),
        ("queue=tight", vec![&parked, &held]),
        ("tag=red", vec![&ready, &running]),
        ("tag=red&state=ready", vec![&ready]),
        ("args=%7B%22n%22:1%7D", vec![&done]),
        ("args=%7B%22deep%22:%7B%22x%22:%5B2%5D%7D%7D", vec![&done]),
        ("args=%7B%22n%22:3%7D", vec![]),
        ("since=2100-01-01T00:00:00Z", vec![]),
        ("until=2000-01-01T00:00:00Z", vec![]),
        ("batch=0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f", vec![]),
    ] {
        let path = format!("/v1/jobs?{query}");
        let answer = admin.get(&path).header("prefer", "count=exact").await.expect_status(200);
        let items = answer.items();
        let expected: Vec<&str> = expected.into_iter().map(id).collect();
        assert_eq!(ids(&items), expected, "{query}");
        assert_eq!(answer.json()["count"], expected.len(), "{query}");
    }
    let found = admin.get("/v1/jobs?state=ready&queue=tight").await.json();
    assert_eq!(found["items"][0]["blocked_by_limit"], true);
    assert!(found.get("count").is_none() && found["items"][0].get("attempts").is_none(), "{found}");

    let mut pages: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = admin.get(&format!("/v1/jobs?limit=3&kind=a{cursor}")).await.expect_status(200).json();
        pages.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(ids(&pages), [&cancelled, &later, &running, &done].map(id));
    admin.get(&format!("/v1/jobs?kind=b{cursor}")).await.expect_problem("invalid_cursor");
    for wrong in [
        "state=gone",
        "args=1",
        "args=%7B%22a%22:%22%5Cu0000%22%7D",
        "batch=x",
        "since=now",
        "until=9999-12-31T23:59:59-12:00",
        "limit=0",
        "kinds=a",
    ] {
        admin.get(&format!("/v1/jobs?{wrong}")).await.expect_problem("invalid_parameter");
    }
}

#[tokio::test]
async fn lists_leave_out_what_is_large() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let job = enqueue(&app, json!({"kind": "a", "args": {"text": "x".repeat(100_000)}})).await;
    say(&admin, &claim(&admin, "default", 1).await[0], "complete", json!({"result": "y".repeat(100_000)}))
        .await;
    let item = admin.get("/v1/jobs").await.expect_status(200).items().remove(0);
    assert_eq!((&item["args"], &item["result"]), (&Value::Null, &Value::Null));
    let whole = admin.get(&format!("/v1/jobs/{}", id(&job))).await.expect_status(200).json();
    assert_eq!(whole["result"].as_str().map(str::len), Some(100_000));
    for missing in ["0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f", "nothing"] {
        for path in ["", "/logs", "/events"] {
            admin.get(&format!("/v1/jobs/{missing}{path}")).await.expect_problem("not_found");
        }
    }
}

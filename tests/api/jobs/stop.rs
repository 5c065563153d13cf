//! Cancel, retry and discard, one by one and in bulk.

use annex_tests::TestApp;
use serde_json::json;

use super::{claim, enqueue, id, read, say};

#[tokio::test]
async fn what_waits_is_cancelled_at_once_and_what_runs_is_asked_to_stop() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let cancel = |job: &serde_json::Value| admin.request("POST", &format!("/v1/jobs/{}/cancel", id(job)));
    let retry = |job: &serde_json::Value| admin.request("POST", &format!("/v1/jobs/{}/retry", id(job)));
    let ready = enqueue(&app, json!({"kind": "a"})).await;
    assert_eq!(cancel(&ready).await.expect_status(200).json()["state"], "cancelled");
    assert_eq!(cancel(&ready).await.expect_status(200).json()["state"], "cancelled");
    assert!(claim(&admin, "default", 1).await.is_empty());
    assert_eq!(retry(&ready).await.expect_status(200).json()["state"], "ready");
    retry(&ready).await.expect_problem("job_state_conflict");

    let running = claim(&admin, "default", 1).await.remove(0);
    let asked = cancel(&ready).await.expect_status(200).json();
    assert_eq!((&asked["state"], &asked["cancel_requested"]), (&json!("running"), &json!(true)));
    let beat = say(&admin, &running, "heartbeat", json!({})).await.expect_status(200).json();
    assert_eq!(beat["cancel_requested"], true);
    let told = say(&admin, &running, "progress", json!({"progress": 0.1})).await.expect_status(200).json();
    assert_eq!(told["cancel_requested"], true);
    let failed = say(&admin, &running, "fail", json!({"error": {"message": "stopped"}}))
        .await
        .expect_status(200)
        .json();
    assert_eq!(failed["state"], "cancelled");
    assert_eq!(read(&app, &ready).await["state"], "cancelled");
    assert_eq!(retry(&ready).await.expect_status(200).json()["state"], "ready");

    let running = claim(&admin, "default", 1).await.remove(0);
    cancel(&ready).await.expect_status(200);
    say(&admin, &running, "complete", json!({})).await.expect_status(200);
    assert_eq!(read(&app, &ready).await["state"], "succeeded");
    cancel(&ready).await.expect_problem("job_state_conflict");
    retry(&ready).await.expect_problem("job_state_conflict");
    let nothing = json!({"id": "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f"});
    cancel(&nothing).await.expect_problem("not_found");
    retry(&nothing).await.expect_problem("not_found");
}

#[tokio::test]
async fn a_failed_job_has_one_attempt_more() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let job = enqueue(&app, json!({"kind": "a", "max_attempts": 1})).await;
    let claimed = claim(&admin, "default", 1).await.remove(0);
    say(&admin, &claimed, "fail", json!({"error": {"message": "no"}})).await.expect_status(200);
    admin.request("POST", &format!("/v1/jobs/{}/retry", id(&job))).await.expect_status(200);
    let again = claim(&admin, "default", 1).await.remove(0);
    assert_eq!(again["attempt"], 2);
    say(&admin, &again, "complete", json!({})).await.expect_status(200);
    let ended = read(&app, &job).await;
    assert_eq!((&ended["state"], ended["attempts"].as_array().map(Vec::len)), (&json!("succeeded"), Some(2)));
}

#[tokio::test]
async fn in_bulk_it_is_done_to_all_that_a_filter_means() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let count = async |what: &str, filter: serde_json::Value| {
        let answer = admin.post(&format!("/v1/jobs/{what}"), filter).await.expect_status(200);
        answer.json()["count"].as_u64().unwrap()
    };
    // More than one portion.
    app.sql("select annex.enqueue('a', jsonb_build_object('n', n)) from generate_series(1, 1200) n").await;
    app.sql("select annex.enqueue('b') from generate_series(1, 3)").await;
    assert_eq!(count("cancel", json!({"state": "failed"})).await, 0);
    assert_eq!(count("cancel", json!({"kind": "a", "args": {"n": 7}})).await, 1);
    assert_eq!(count("cancel", json!({"kind": "a"})).await, 1199);
    assert_eq!(count("cancel", json!({"kind": "a"})).await, 0);
    assert_eq!(count("retry", json!({"state": "cancelled", "args": {"n": 8}})).await, 1);
    let [running] = &claim(&admin, "default", 1).await[..] else { panic!("there is one") };
    assert_eq!(count("discard", json!({"state": "running"})).await, 0);
    assert_eq!(count("discard", json!({"kind": "a"})).await, 1199);
    assert_eq!(read(&app, running).await["state"], "running", "it stops nothing");
    assert_eq!(count("discard", json!({})).await, 0);
    let other = enqueue(&app, json!({"kind": "b"})).await;
    assert_eq!(count("cancel", json!({"ids": [id(&other)]})).await, 1);
    assert_eq!(
        admin.get("/v1/jobs?kind=b&state=ready").await.items().len() + usize::from(running["kind"] == "b"),
        3
    );
    admin.post("/v1/jobs/cancel", json!({"state": "gone"})).await.expect_problem("validation_failed");
    admin.post("/v1/jobs/cancel", json!({"kind": "\u{0}"})).await.expect_problem("validation_failed");
    admin.post("/v1/jobs/discard", json!({"stat": "failed"})).await.expect_problem("validation_failed");
}

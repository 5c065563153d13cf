//! Cancel, retry and discard, one by one and in bulk.

use std::time::Duration;

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

#[tokio::test]
async fn what_takes_long_in_bulk_is_gone_on_with_by_a_job() {
    let app = TestApp::builder().set("ANNEX_JOBS_RUN", "true").start().await;
    let admin = app.admin().await;
    app.sql("select annex.enqueue('a', '{}', '{\"priority\": 1}') from generate_series(1, 2500)").await;
    // The first portion has to wait for somebody: after that the request has taken long enough.
    let mut other = annex::db::begin(&app.inside().db.pool).await.unwrap();
    sqlx::query("select from annex.ready where job_id = (select id from annex.jobs order by id desc limit 1) for update")
        .execute(&mut *other)
        .await
        .unwrap();
    let cancelling = {
        let admin = admin.clone();
        tokio::spawn(async move { admin.post("/v1/jobs/cancel", json!({})).await })
    };
    tokio::time::sleep(Duration::from_millis(5300)).await;
    other.rollback().await.unwrap();
    let answer = cancelling.await.unwrap().expect_status(202);
    let job = answer.json();
    assert_eq!(answer.header("location"), Some(format!("/v1/jobs/{}", id(&job)).as_str()));
    assert_eq!(json!([job["kind"], job["queue"]]), json!(["jobs.cancel", "bulk"]));
    app.eventually("it has ended", async || read(&app, &job).await["state"] == "succeeded").await;
    // It has not cancelled itself, and counts what the request did.
    assert_eq!(read(&app, &job).await["result"], json!({"count": 2500}));
    let left = "select count(*) from annex.jobs j where not exists (select from annex.attempts t where t.job_id = j.id and t.final)";
    assert_eq!(app.sql_value(left).await.as_deref(), Some("0"));

    // By hand too, and only while whoever enqueued it is an admin.
    let discard = json!({"kind": "jobs.discard", "args": {"filter": {"kind": "a"}}});
    let boss = app.user("boss").await;
    app.sql("update annex.users set roles = '{admin}' where email = 'boss@example.com'").await;
    let boss = boss.as_admin();
    admin.patch("/v1/queues/default", json!({"paused": true})).await.expect_status(200);
    let late = boss.post("/v1/jobs", discard.clone()).await.expect_status(201).json();
    app.sql("update annex.users set roles = '{}' where email = 'boss@example.com'").await;
    let wrong = json!({"kind": "jobs.discard", "args": {"filter": {"state": "running"}}});
    admin.post("/v1/jobs", wrong).await.expect_problem("validation_failed");
    admin.patch("/v1/queues/default", json!({"paused": false})).await.expect_status(200);
    app.eventually("it is refused", async || read(&app, &late).await["error"]["code"] == "forbidden").await;
    assert_eq!(
        app.sql_value("select count(*) from annex.jobs where kind = 'a'").await.as_deref(),
        Some("2500")
    );
    let discarding = admin.post("/v1/jobs", discard).await.expect_status(201).json();
    app.eventually("it has ended", async || read(&app, &discarding).await["state"] == "succeeded").await;
    assert_eq!(read(&app, &discarding).await["result"], json!({"count": 2500}));
}

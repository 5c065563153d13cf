//! `/v1/batches`

use annex_tests::TestApp;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{claim, id, say};

fn job(kind: &str) -> Value {
    json!({"kind": kind, "max_attempts": 1})
}

fn step(step: &str, needs: &[&str]) -> Value {
    json!({"step": step, "needs": needs, "job": job(step)})
}

async fn batch(app: &TestApp, batch: &Value) -> Value {
    app.admin().await.get(&format!("/v1/batches/{}", id(batch))).await.expect_status(200).json()
}

fn states(batch: &Value) -> Vec<(&str, &str)> {
    let steps = batch["steps"].as_array().unwrap().iter();
    steps.map(|step| (step["step"].as_str().unwrap(), step["state"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn steps_wait_for_what_they_need_and_get_its_results() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let sent = json!({
        "name": "diamond",
        "jobs": [step("end", &["left", "right"]), step("left", &["start"]), step("right", &["start"]), step("start", &[]),
            {"job": job("beside")}],
        "callback": {"kind": "tell", "queue": "after", "args": {"who": "ada"}},
    });
    let answer = admin.post("/v1/batches", sent).await.expect_status(201);
    let made = answer.json();
    assert_eq!(answer.header("location"), Some(format!("/v1/batches/{}", id(&made)).as_str()));
    assert_eq!((&made["total"], &made["pending"], &made["name"]), (&json!(5), &json!(5), &json!("diamond")));
    assert_eq!(
        states(&made),
        [("end", "scheduled"), ("left", "scheduled"), ("right", "scheduled"), ("start", "ready")]
    );
    assert_eq!(made["steps"][0]["needs"], json!(["left", "right"]));
    let end = admin.get(&format!("/v1/jobs/{}", made["steps"][0]["job_id"].as_str().unwrap())).await.json();
    assert_eq!(end["waiting_for"].as_array().map(Vec::len), Some(2));

    let first = claim(&admin, "default", 9).await;
    let kinds: Vec<&str> = first.iter().map(|job| job["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["start", "beside"]);
    for job in &first {
        say(&admin, job, "complete", json!({"result": {"of": job["kind"]}})).await.expect_status(200);
    }
    let middle = claim(&admin, "default", 9).await;
    assert_eq!(middle.len(), 2);
    assert_eq!(middle[0]["inputs"], json!({"start": {"of": "start"}}));
    // Both at the same time: each must see that the other has ended.
    join_all(middle.iter().map(|job| say(&admin, job, "complete", json!({"result": job["kind"]})))).await;
    let last = claim(&admin, "default", 9).await;
    assert_eq!(last[0]["inputs"], json!({"left": "left", "right": "right"}));
    assert!(claim(&admin, "after", 1).await.is_empty(), "not before all have ended");
    say(&admin, &last[0], "complete", json!({})).await.expect_status(200);
    let ended = batch(&app, &made).await;
    assert_eq!((&ended["succeeded"], &ended["pending"]), (&json!(5), &json!(0)));
    assert!(ended["finished_at"].is_string());
    let told = claim(&admin, "after", 9).await;
    assert_eq!(
        told[0]["args"],
        json!({"who": "ada", "batch": {
        "id": made["id"], "total": 5, "succeeded": 5, "failed": 0, "cancelled": 0}})
    );
    assert_eq!(ended["callback_id"], told[0]["id"]);
    assert_eq!(admin.get("/v1/batches").await.expect_status(200).items().len(), 1);
    assert_eq!(admin.get(&format!("/v1/jobs?batch={}", id(&made))).await.items().len(), 5);
    let more = json!({"jobs": [step("late", &[])]});
    admin.post(&format!("/v1/batches/{}/jobs", id(&made)), more).await.expect_problem("job_state_conflict");
}

#[tokio::test]
async fn what_needs_a_step_that_failed_ends_with_it_and_goes_on_when_it_is_retried() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let sent = json!({"jobs": [step("a", &[]), step("b", &["a"]), step("c", &["b"]), step("d", &[])]});
    let made = admin.post("/v1/batches", sent).await.expect_status(201).json();
    let first = claim(&admin, "default", 9).await;
    say(&admin, &first[0], "fail", json!({"error": {"message": "no"}})).await.expect_status(200);
    say(&admin, &first[1], "complete", json!({})).await.expect_status(200);
    let stopped = batch(&app, &made).await;
    assert_eq!(
        states(&stopped),
        [("a", "failed"), ("b", "cancelled"), ("c", "cancelled"), ("d", "succeeded")]
    );
    assert_eq!(json!([stopped["failed"], stopped["cancelled"], stopped["succeeded"]]), json!([1, 2, 1]));
    let again =
        admin.request("POST", &format!("/v1/batches/{}/retry", id(&made))).await.expect_status(200).json();
    assert_eq!(states(&again), [("a", "ready"), ("b", "scheduled"), ("c", "scheduled"), ("d", "succeeded")]);
    for expected in ["a", "b", "c"] {
        let next = claim(&admin, "default", 9).await;
        assert_eq!((next.len(), &next[0]["kind"]), (1, &json!(expected)));
        say(&admin, &next[0], "complete", json!({})).await.expect_status(200);
    }
    let ended = batch(&app, &made).await;
    assert_eq!((&ended["succeeded"], &ended["pending"]), (&json!(4), &json!(0)));
}

#[tokio::test]
async fn a_batch_takes_more_while_it_runs_and_can_be_stopped() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let sent = json!({"jobs": [step("a", &[]), step("b", &[]), step("c", &[])]});
    let made = admin.post("/v1/batches", sent).await.expect_status(201).json();
    let first = claim(&admin, "default", 2).await;
    say(&admin, &first[0], "complete", json!({"result": 1})).await.expect_status(200);
    say(&admin, &first[1], "fail", json!({"error": {"message": "no"}})).await.expect_status(200);
    let path = format!("/v1/batches/{}/jobs", id(&made));
    let more = json!({"jobs": [step("d", &["a", "c"]), step("e", &["a"])]});
    let grown = admin.post(&path, more).await.expect_status(200).json();
    assert_eq!((&grown["total"], &grown["pending"]), (&json!(5), &json!(3)));
    assert_eq!(states(&grown)[3..], [("d", "scheduled"), ("e", "ready")]);
    admin.post(&path, json!({"jobs": [step("f", &["b"])]})).await.expect_problem("job_state_conflict");
    let problem =
        admin.post(&path, json!({"jobs": [step("a", &["x"])]})).await.expect_problem("validation_failed");
    let pointers: Vec<&str> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/jobs/0/step", "/jobs/0/needs/0"]);
    assert_eq!(batch(&app, &made).await["total"], 5, "what is refused counts for nothing");
    let next = claim(&admin, "default", 9).await;
    assert_eq!(next.iter().find(|job| job["kind"] == "e").unwrap()["inputs"], json!({"a": 1}));

    let stopped =
        admin.request("POST", &format!("/v1/batches/{}/cancel", id(&made))).await.expect_status(200).json();
    assert_eq!(states(&stopped)[2..], [("c", "running"), ("d", "cancelled"), ("e", "running")]);
    for job in &next {
        say(&admin, job, "fail", json!({"error": {"message": "stopped"}})).await.expect_status(200);
    }
    let ended = batch(&app, &made).await;
    assert_eq!(
        json!([ended["pending"], ended["cancelled"], ended["failed"], ended["succeeded"]]),
        json!([0, 3, 1, 1])
    );
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_whole() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (sent, pointer, code) in [
        (json!({"jobs": []}), "/jobs", "out_of_range"),
        (json!({"jobs": [step("a", &["b"]), step("b", &["a"])]}), "/jobs/0/needs", "cycle"),
        (json!({"jobs": [step("a", &["x"])]}), "/jobs/0/needs/0", "unknown"),
        (json!({"jobs": [step("a", &[]), step("a", &[])]}), "/jobs/1/step", "not_unique"),
        (
            json!({"jobs": [{"job": {"kind": "a", "unique_key": "u"}}]}),
            "/jobs/0/job/unique_key",
            "not_allowed",
        ),
        (json!({"jobs": [{"job": {"kind": "A"}}]}), "/jobs/0/job/kind", "invalid"),
        (json!({"jobs": [step("a", &[])], "callback": {"kind": "A"}}), "/callback/kind", "invalid"),
    ] {
        let problem = admin.post("/v1/batches", sent).await.expect_problem("validation_failed");
        assert_eq!((problem.errors[0].pointer.as_str(), problem.errors[0].code.as_str()), (pointer, code));
    }
    assert_eq!(app.sql_value("select count(*) from annex.batches").await.as_deref(), Some("0"));
    for path in ["", "/jobs", "/cancel", "/retry"] {
        let path = format!("/v1/batches/0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f{path}");
        let answer = match path.ends_with("/jobs") {
            true => admin.post(&path, json!({"jobs": [step("a", &[])]})).await,
            false => admin.request(if path.ends_with('f') { "GET" } else { "POST" }, &path).await,
        };
        answer.expect_problem("not_found");
    }
}

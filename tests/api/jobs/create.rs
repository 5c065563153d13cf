//! `POST /v1/jobs`

use annex_tests::TestApp;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{claim, enqueue, id, read, say};

#[tokio::test]
async fn a_job_is_what_was_said_and_the_rest_as_its_kind_says() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let kind =
        json!({"queue": "mail", "priority": -3, "max_attempts": 4, "backoff": [1, 2], "timeout_seconds": 30});
    admin.put("/v1/job-kinds/letter.send", kind).await.expect_status(201);
    let answer = admin
        .post("/v1/jobs", json!({"kind": "letter.send", "args": {"to": "ada"}, "tags": ["a", "b"]}))
        .await;
    let job = answer.clone().expect_status(201).json();
    assert_eq!(answer.header("location"), Some(format!("/v1/jobs/{}", id(&job)).as_str()));
    let expected = json!({
        "id": job["id"], "kind": "letter.send", "state": "ready", "args": {"to": "ada"}, "queue": "mail", "priority": -3,
        "key": null, "unique_key": null, "tags": ["a", "b"], "attempt": 0, "max_attempts": 4, "backoff": [1.0, 2.0],
        "run_at": null, "deadline": null, "timeout_seconds": 30, "batch_id": null, "step": null, "schedule": null,
        "created_by": admin.id(), "created_at": job["created_at"], "started_at": null, "finished_at": null, "worker": null,
        "progress": null, "message": null, "cancel_requested": false, "blocked_by_limit": false, "result": null,
        "error": null, "waiting_for": [], "attempts": [],
    });
    assert_eq!(job, expected);
    assert_eq!(read(&app, &job).await, job);

    let own = json!({"kind": "letter.send", "queue": "other", "priority": 9, "max_attempts": 1, "backoff": {"base_seconds": 2},
        "timeout_seconds": 5, "key": "k", "delay_seconds": 60, "deadline": "2100-01-01T00:00:00Z"});
    let job = enqueue(&app, own).await;
    assert_eq!(job["state"], "scheduled");
    assert_eq!(job["backoff"], json!({"base_seconds": 2.0}));
    assert_eq!((&job["queue"], &job["priority"], &job["key"]), (&json!("other"), &json!(9), &json!("k")));
    assert_eq!(job["deadline"], "2100-01-01T00:00:00Z");
    assert!(job["run_at"].is_string());
}

#[tokio::test]
async fn what_is_wrong_is_pointed_at_and_nothing_is_enqueued() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let schema = json!({"schema": {"type": "object", "required": ["to"], "properties": {"to": {"type": "string"}},
        "additionalProperties": false}});
    admin.put("/v1/job-kinds/letter.send", schema).await.expect_status(201);
    for (body, pointers) in [
        (json!({"kind": "Mail"}), vec!["/kind"]),
        (
            json!({"kind": "mail", "queue": "", "priority": 101, "tags": ["\u{0}"]}),
            vec!["/queue", "/priority", "/tags/0"],
        ),
        (json!({"kind": "mail", "args": {"a": ["\u{0}"]}}), vec!["/args"]),
        (json!({"kind": "mail", "args": {"a": "x".repeat(1 << 20)}}), vec!["/args"]),
        (
            json!({"kind": "mail", "delay_seconds": 1, "run_at": "2100-01-01T00:00:00Z"}),
            vec!["/delay_seconds"],
        ),
        (json!({"kind": "letter.send", "args": {"to": 7}}), vec!["/args/to"]),
        (json!({"kind": "letter.send"}), vec!["/args"]),
        (json!({"kind": "letter.send", "args": {"to": "a", "cc": "b"}}), vec!["/args"]),
        (json!({"kind": "mail", "prioritty": 1}), vec!["/prioritty"]),
        (json!({"kind": "mail", "args": []}), vec!["/args"]),
    ] {
        let problem = admin.post("/v1/jobs", body.clone()).await.expect_problem("validation_failed");
        let found: Vec<&str> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(found, pointers, "{:?}", problem.errors);
    }
    assert_eq!(app.sql_value("select count(*) from annex.jobs").await.as_deref(), Some("0"));
    enqueue(&app, json!({"kind": "letter.send", "args": {"to": "ada"}})).await;
    // The schema that is compiled is the one that holds.
    admin.put("/v1/job-kinds/letter.send", json!({"schema": {"required": ["cc"]}})).await.expect_status(200);
    admin
        .post("/v1/jobs", json!({"kind": "letter.send", "args": {"to": "ada"}}))
        .await
        .expect_problem("validation_failed");
    admin.delete("/v1/job-kinds/letter.send").await.expect_status(204);
    enqueue(&app, json!({"kind": "letter.send"})).await;
}

#[tokio::test]
async fn a_unique_key_has_one_job_however_many_ask() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let asked = (0..20).map(|place| {
        let admin = admin.clone();
        async move {
            admin
                .post("/v1/jobs", json!({"kind": "mail", "unique_key": "one", "args": {"place": place}}))
                .await
        }
    });
    let answers = join_all(asked).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200; 19], vec![201]].concat());
    let mut found: Vec<Value> = answers.iter().map(|answer| answer.json()["id"].clone()).collect();
    found.dedup();
    assert_eq!(found.len(), 1);
    assert_eq!(app.sql_value("select count(*) from annex.jobs").await.as_deref(), Some("1"));

    admin.post("/v1/jobs", json!({"kind": "other", "unique_key": "one"})).await.expect_status(201);
    let [job] = &claim(&admin, "default", 1).await[..] else { panic!("there is a job") };
    admin.post("/v1/jobs", json!({"kind": "mail", "unique_key": "one"})).await.expect_status(200);
    say(&admin, job, "complete", json!({})).await.expect_status(200);
    admin.post("/v1/jobs", json!({"kind": "mail", "unique_key": "one"})).await.expect_status(201);
}

#[tokio::test]
async fn a_unique_key_of_a_period_outlives_its_job_but_not_that_it_is_discarded() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let job = json!({"kind": "mail", "unique_key": "daily", "unique_seconds": 31_536_000});
    let first = admin.post("/v1/jobs", job.clone()).await.expect_status(201).json();
    let [claimed] = &claim(&admin, "default", 1).await[..] else { panic!("there is a job") };
    say(&admin, claimed, "complete", json!({})).await.expect_status(200);
    let again = admin.post("/v1/jobs", job.clone()).await.expect_status(200).json();
    assert_eq!((id(&again), &again["state"]), (id(&first), &json!("succeeded")));
    admin.post("/v1/jobs/discard", json!({})).await.expect_status(200);
    admin.post("/v1/jobs", job.clone()).await.expect_status(201);
    app.sql("delete from annex.ready; delete from annex.jobs").await;
    admin.post("/v1/jobs", job).await.expect_status(201);
}

#[tokio::test]
async fn an_idempotency_key_makes_one_job() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let ask = |kind: &str| admin.post("/v1/jobs", json!({"kind": kind})).header("idempotency-key", "once");
    let first = ask("mail").await.expect_status(201).json();
    let again = ask("mail").await.expect_status(201).expect_header("idempotency-replayed", "true").json();
    assert_eq!(first, again);
    ask("other").await.expect_problem("idempotency_mismatch");
    assert_eq!(app.sql_value("select count(*) from annex.jobs").await.as_deref(), Some("1"));
}

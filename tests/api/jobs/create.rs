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

#[tokio::test]
async fn numbers_that_would_lose_digits_are_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let long = "123456789012345678901234567890";
    let held = enqueue(&app, json!({"kind": "mail"})).await;
    let claimed = claim(&admin, "default", 1).await.remove(0);
    assert_eq!(id(&claimed), id(&held));
    let token = claimed["lease_token"].as_str().unwrap();
    let complete = format!("/v1/jobs/{}/complete", id(&held));
    for (method, path, body, pointer) in [
        ("POST", "/v1/jobs", format!(r#"{{"kind": "mail", "args": {{"a": [{long}]}}}}"#), "/args/a/0"),
        (
            "POST",
            "/v1/jobs",
            r#"{"kind": "mail", "args": {"a": 0.12345678901234567890123}}"#.to_owned(),
            "/args/a",
        ),
        (
            "POST",
            "/v1/batch",
            format!(
                r#"{{"operations": [{{"method": "enqueue", "job": {{"kind": "mail", "args": {{"a": {long}}}}}}}]}}"#
            ),
            "/operations/0/job/args/a",
        ),
        (
            "PUT",
            "/v1/schedules/nightly",
            format!(r#"{{"job": {{"kind": "mail", "args": {{"a": {long}}}}}, "every_seconds": 60}}"#),
            "/job/args/a",
        ),
        (
            "POST",
            &complete,
            format!(r#"{{"lease_token": "{token}", "result": {{"a": {long}}}}}"#),
            "/result/a",
        ),
    ] {
        let answer = admin.request(method, path).body("application/json", body).await;
        let problem = answer.expect_problem("validation_failed");
        assert_eq!(problem.errors[0].pointer, pointer, "{path}");
    }
    let exact = json!({"kind": "mail", "args": {"a": [u64::MAX, i64::MIN, 0.1, 1e300], "b": long}});
    assert_eq!(enqueue(&app, exact.clone()).await["args"], exact["args"]);
}

#[tokio::test]
async fn what_no_program_can_read_is_kept_out_of_the_queue() {
    let app = TestApp::start().await;
    let deep = |depth: usize| format!("{{\"a\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
    let pool = &app.inside().db.pool;
    for args in [deep(300), deep(100), "{\"a\": 1e400}".to_owned(), "{\"a\": [[-1e400]]}".to_owned()] {
        for statement in [
            "select annex.enqueue('mail', $1::jsonb)::text",
            "insert into annex.schedules (name, job, time_zone, every_seconds, catch_up, began_at, created_at, updated_at)
                values ('a', jsonb_build_object('kind', 'mail', 'args', $1::jsonb), 'UTC', 9, 'none', now(), now(), now()) returning name",
            "insert into annex.batches (id, total, pending, callback, created_at)
                values (gen_random_uuid(), 1, 1, jsonb_build_object('kind', 'mail', 'args', $1::jsonb), now()) returning name",
        ] {
            let error = sqlx::query_scalar::<_, String>(statement).bind(&args).fetch_one(pool).await.unwrap_err();
            let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned();
            assert_eq!(code, "23514", "{error}");
        }
    }
    // Digits in a text, and the largest double.
    let fine = [
        deep(60),
        format!("{{\"a\": \"{}\"}}", "9".repeat(400)),
        "{\"a\": 1.7976931348623157e308}".to_owned(),
    ];
    for args in &fine {
        sqlx::query("select annex.enqueue('mail', $1::jsonb)").bind(args).execute(pool).await.unwrap();
    }
    let admin = app.admin().await;
    assert_eq!(admin.get("/v1/jobs").await.expect_status(200).items().len(), fine.len());
    assert_eq!(claim(&admin, "default", 10).await.len(), fine.len());
}

#[tokio::test]
async fn a_new_queue_of_an_open_transaction_holds_nobody_up() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut open = annex::db::begin(&app.inside().db.pool).await.unwrap();
    let brand_new = "select annex.enqueue('mail', '{}', jsonb_build_object('queue', $1::text))";
    sqlx::query(brand_new).bind("brandnew").execute(&mut *open).await.unwrap();
    let begun = std::time::Instant::now();
    let job = enqueue(&app, json!({"kind": "mail", "queue": "brandnew"})).await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(3), "{:?}", begun.elapsed());
    // It is worked on, although no queue of that name is to be seen yet.
    let claimed = claim(&admin, "brandnew", 10).await;
    assert_eq!(super::ids(&claimed), [id(&job)]);
    open.rollback().await.unwrap();
    let next = enqueue(&app, json!({"kind": "mail", "queue": "brandnew"})).await;
    admin.get("/v1/queues/brandnew").await.expect_status(200);
    assert_eq!(super::ids(&claim(&admin, "brandnew", 10).await), [id(&next)]);
    // Where nothing more comes, a look now and then makes it.
    let mut open = annex::db::begin(&app.inside().db.pool).await.unwrap();
    sqlx::query(brand_new).bind("newer").execute(&mut *open).await.unwrap();
    enqueue(&app, json!({"kind": "mail", "queue": "newer"})).await;
    open.rollback().await.unwrap();
    admin.get("/v1/queues/newer").await.expect_status(404);
    app.sql("select annex.name_queues(array(select annex.queues_with_work()))").await;
    admin.get("/v1/queues/newer").await.expect_status(200);
}

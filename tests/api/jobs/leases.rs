//! What workers over HTTP do.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use annex_tests::TestApp;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{claim, enqueue, id, ids, read, say};

#[tokio::test]
async fn a_job_goes_from_the_line_through_a_worker_to_its_end() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let job = enqueue(&app, json!({"kind": "mail", "args": {"to": "ada"}, "timeout_seconds": 9})).await;
    let wanted = json!({"max": 5, "lease_seconds": 30, "worker": "w1"});
    let claimed = admin.post("/v1/queues/default/claim", wanted).await.expect_status(200).json();
    let [claimed] = &claimed["jobs"].as_array().unwrap()[..] else { panic!("{claimed}") };
    let expected = json!({
        "id": job["id"], "kind": "mail", "args": {"to": "ada"}, "attempt": 1, "max_attempts": 20,
        "lease_token": claimed["lease_token"], "lease_expires_at": claimed["lease_expires_at"], "deadline": null,
        "timeout_seconds": 9, "batch_id": null, "inputs": {},
    });
    assert_eq!(*claimed, expected);
    assert!(claim(&admin, "default", 1).await.is_empty(), "nobody else gets it");
    let running = read(&app, &job).await;
    assert_eq!(
        (&running["state"], &running["worker"], &running["attempt"]),
        (&json!("running"), &json!("w1"), &json!(1))
    );
    assert_eq!(running["attempts"][0]["outcome"], "running");

    let workers = admin.get("/v1/workers").await.expect_status(200).items();
    assert_eq!(
        json!([workers[0]["name"], workers[0]["remote"], workers[0]["jobs"], workers[0]["queues"]]),
        json!(["w1", true, 1, ["default"]])
    );
    let beat =
        say(&admin, claimed, "heartbeat", json!({"lease_seconds": 3600})).await.expect_status(200).json();
    assert!(beat["lease_expires_at"].as_str() > claimed["lease_expires_at"].as_str(), "{beat}");
    assert_eq!(beat["cancel_requested"], false);
    let told = json!({"progress": 0.5, "message": "half", "log": [
        {"level": "info", "message": "one"}, {"level": "error", "message": "two"}]});
    say(&admin, claimed, "progress", told).await.expect_status(200);
    say(&admin, claimed, "progress", json!({"message": "more"})).await.expect_status(200);
    let running = read(&app, &job).await;
    assert_eq!((&running["progress"], &running["message"]), (&json!(0.5), &json!("more")));
    let lines = admin.get(&format!("/v1/jobs/{}/logs", id(&job))).await.expect_status(200).items();
    let said: Vec<Value> =
        lines.iter().map(|line| json!([line["level"], line["message"], line["attempt"]])).collect();
    assert_eq!(json!(said), json!([["info", "one", 1], ["error", "two", 1]]));
    let page = admin.get(&format!("/v1/jobs/{}/logs?limit=1", id(&job))).await.json();
    let path = format!("/v1/jobs/{}/logs?after={}", id(&job), page["next_cursor"].as_str().unwrap());
    assert_eq!(admin.get(&path).await.expect_status(200).items(), lines[1..]);

    let done = say(&admin, claimed, "complete", json!({"result": {"n": 1}})).await.expect_status(200).json();
    assert_eq!(done, json!({"state": "succeeded", "results": []}));
    let ended = read(&app, &job).await;
    assert_eq!((&ended["state"], &ended["result"]), (&json!("succeeded"), &json!({"n": 1})));
    assert_eq!(ended["attempts"].as_array().unwrap().len(), 1);
    assert!(admin.get("/v1/workers").await.items().is_empty());
}

#[tokio::test]
async fn a_lease_that_is_gone_counts_for_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let job = enqueue(&app, json!({"kind": "mail"})).await;
    let other = enqueue(&app, json!({"kind": "mail"})).await;
    let wanted = json!({"lease_seconds": 1});
    let first = admin.post("/v1/queues/default/claim", wanted).await.json()["jobs"][0].clone();
    assert_eq!(id(&first), id(&job));
    // The token of one job says nothing about another.
    let mut mixed = first.clone();
    mixed["id"] = other["id"].clone();
    say(&admin, &mixed, "complete", json!({})).await.expect_problem("stale_lease");
    app.eventually("the job is back in the line", || async { read(&app, &job).await["state"] == "ready" })
        .await;
    let second = claim(&admin, "default", 1).await.remove(0);
    assert_eq!((id(&second), &second["attempt"]), (id(&job), &json!(2)));
    for (what, body) in [
        ("heartbeat", json!({})),
        ("progress", json!({"message": "late"})),
        ("complete", json!({"result": "stale"})),
        ("fail", json!({"error": {"message": "stale"}})),
    ] {
        say(&admin, &first, what, body).await.expect_problem("stale_lease");
    }
    say(&admin, &second, "complete", json!({"result": "fresh"})).await.expect_status(200);
    say(&admin, &second, "complete", json!({"result": "twice"})).await.expect_problem("stale_lease");
    let ended = read(&app, &job).await;
    assert_eq!((&ended["result"], &ended["attempts"][0]["outcome"]), (&json!("fresh"), &json!("lost")));
    assert_eq!(ended["message"], Value::Null);
}

#[tokio::test]
async fn a_token_is_known_to_who_got_it_alone() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.sql("select annex.enqueue('mail') from generate_series(1, 3)").await;
    let jobs = claim(&admin, "default", 2).await;
    let token = |job: &Value| job["lease_token"].as_str().unwrap().to_owned();
    let (first, second) = (token(&jobs[0]), token(&jobs[1]));
    let signature = |token: &str| token.splitn(3, '-').nth(2).unwrap().to_owned();
    assert_ne!(signature(&first), signature(&second));
    // One that lost its lease, or holds another, makes up none.
    let (lease, _) = second.split_once('-').unwrap();
    let of_another = format!("{lease}-2-{}", signature(&first));
    for forged in
        [format!("{lease}-2"), format!("{lease}-2-"), format!("{lease}-2-{}", "A".repeat(16)), of_another]
    {
        let mut held = jobs[1].clone();
        held["lease_token"] = json!(forged);
        for (what, body) in
            [("heartbeat", json!({})), ("complete", json!({})), ("fail", json!({"error": {"message": "no"}}))]
        {
            say(&admin, &held, what, body).await.expect_problem("stale_lease");
        }
    }
    assert_eq!(read(&app, &jobs[1]).await["state"], "running");
    say(&admin, &jobs[1], "complete", json!({})).await.expect_status(200);
}

#[tokio::test]
async fn an_end_that_has_to_wait_is_told_and_holds_no_heartbeat_up() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let batch = json!({"jobs": [{"job": {"kind": "mail"}}, {"job": {"kind": "mail"}}]});
    admin.post("/v1/batches", batch).await.expect_status(201);
    let jobs = claim(&admin, "default", 2).await;
    let mut other = annex::db::begin(&app.inside().db.pool).await.unwrap();
    sqlx::query("select from annex.batches for update").execute(&mut *other).await.unwrap();
    for (what, body) in [
        ("complete", json!({})),
        ("complete", json!({"operations": [{"method": "enqueue", "job": {"kind": "mail"}}]})),
        ("fail", json!({"error": {"message": "no"}, "retry": false})),
    ] {
        let ending = {
            let (admin, job) = (admin.clone(), jobs[0].clone());
            tokio::spawn(async move { say(&admin, &job, what, body).await })
        };
        tokio::time::sleep(Duration::from_millis(300)).await;
        let begun = Instant::now();
        say(&admin, &jobs[0], "heartbeat", json!({})).await.expect_status(200);
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        let answer = ending.await.unwrap().expect_status(503);
        assert_eq!(answer.header("retry-after"), Some("1"));
        answer.expect_problem("overloaded");
        assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    }
    other.rollback().await.unwrap();
    for job in &jobs {
        say(&admin, job, "complete", json!({})).await.expect_status(200);
    }
}

#[tokio::test]
async fn a_failure_is_tried_again_as_long_as_there_are_attempts() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let job = enqueue(&app, json!({"kind": "mail", "max_attempts": 2, "backoff": [0]})).await;
    let first = claim(&admin, "default", 1).await.remove(0);
    let error = json!({"error": {"message": "refused", "code": "no", "details": {"status": 550}}});
    let failed = say(&admin, &first, "fail", error).await.expect_status(200).json();
    // Without a delay it may be in the line again by now.
    assert!(failed["state"] == "scheduled" || failed["state"] == "ready", "{failed}");
    app.eventually("it is ready again", || async { read(&app, &job).await["state"] == "ready" }).await;
    let second = claim(&admin, "default", 1).await.remove(0);
    let error = json!({"error": {"message": "again"}, "retry_in_seconds": 60});
    let failed = say(&admin, &second, "fail", error).await.expect_status(200).json();
    assert_eq!(failed, json!({"state": "failed", "run_at": null}));
    let ended = read(&app, &job).await;
    assert_eq!(ended["error"], json!({"message": "again"}));
    assert_eq!(
        ended["attempts"][0]["error"],
        json!({"message": "refused", "code": "no", "details": {"status": 550}})
    );

    let job = enqueue(&app, json!({"kind": "mail"})).await;
    let claimed = claim(&admin, "default", 1).await.remove(0);
    let error = json!({"error": {"message": "never"}, "retry": false});
    say(&admin, &claimed, "fail", error).await.expect_status(200);
    assert_eq!(read(&app, &job).await["state"], "failed");
}

#[tokio::test]
async fn no_two_workers_get_one_job() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.sql("select annex.enqueue('mail') from generate_series(1, 200)").await;
    let workers = (0..8).map(|_| {
        let admin = admin.clone();
        async move {
            let mut had = Vec::new();
            loop {
                let jobs = claim(&admin, "default", 7).await;
                if jobs.is_empty() {
                    return had;
                }
                had.extend(jobs);
            }
        }
    });
    let had: Vec<Value> = join_all(workers).await.into_iter().flatten().collect();
    let different: HashSet<&str> = ids(&had).into_iter().collect();
    assert_eq!((had.len(), different.len()), (200, 200));
}

#[tokio::test]
async fn who_waits_is_woken_and_who_went_away_has_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let waiting = {
        let admin = admin.clone();
        tokio::spawn(async move {
            let begun = Instant::now();
            let answer = admin.post("/v1/queues/default/claim", json!({"wait_seconds": 20})).await;
            (answer.json(), begun.elapsed())
        })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    let job = enqueue(&app, json!({"kind": "mail"})).await;
    let (claimed, took) = waiting.await.unwrap();
    assert_eq!(claimed["jobs"][0]["id"], job["id"]);
    assert!(took < Duration::from_secs(4), "{took:?}");
    let begun = Instant::now();
    let nothing = admin.post("/v1/queues/default/claim", json!({"wait_seconds": 0.3})).await.json();
    assert_eq!(nothing, json!({"jobs": []}));
    assert!(begun.elapsed() >= Duration::from_millis(300));

    let gone = admin.post("/v1/queues/other/claim", json!({"wait_seconds": 20}));
    assert!(tokio::time::timeout(Duration::from_millis(300), gone.into_future()).await.is_err());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let job = enqueue(&app, json!({"kind": "mail", "queue": "other"})).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let now = read(&app, &job).await;
    assert_eq!((&now["state"], &now["attempt"]), (&json!("ready"), &json!(0)));
}

#[tokio::test]
async fn a_job_whose_deadline_has_passed_is_not_given_out() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let late = enqueue(&app, json!({"kind": "mail", "deadline": "2001-01-01T00:00:00Z"})).await;
    let job = enqueue(&app, json!({"kind": "mail"})).await;
    let claimed = claim(&admin, "default", 1).await;
    assert_eq!(ids(&claimed), [id(&job)]);
    let ended = read(&app, &late).await;
    assert_eq!((&ended["state"], &ended["error"]["code"]), (&json!("failed"), &json!("deadline_passed")));
}

#[tokio::test]
async fn what_workers_say_is_checked() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    enqueue(&app, json!({"kind": "mail"})).await;
    for wrong in [
        json!({"max": 0}),
        json!({"max": 101}),
        json!({"wait_seconds": 31}),
        json!({"lease_seconds": 0}),
        json!({"worker": ""}),
    ] {
        admin.post("/v1/queues/default/claim", wrong).await.expect_problem("validation_failed");
    }
    admin.post("/v1/queues/Default/claim", json!({})).await.expect_problem("not_found");
    let job = claim(&admin, "default", 1).await.remove(0);
    for (what, wrong, pointer) in [
        ("heartbeat", json!({"lease_seconds": 3601}), "/lease_seconds"),
        ("progress", json!({"progress": 1.5}), "/progress"),
        ("progress", json!({"log": [{"level": "info", "message": "x".repeat(9000)}]}), "/log/0/message"),
        ("progress", json!({"message": "\u{0}"}), "/message"),
        ("complete", json!({"result": {"a": "\u{0}"}}), "/result"),
        ("complete", json!({"result": "x".repeat(1 << 20)}), "/result"),
        ("fail", json!({"error": {"message": ""}}), "/error/message"),
        ("fail", json!({"error": {"message": "x".repeat(70_000)}}), "/error"),
    ] {
        let problem = say(&admin, &job, what, wrong).await.expect_problem("validation_failed");
        assert_eq!(problem.errors[0].pointer, pointer);
    }
    say(&admin, &job, "complete", json!({})).await.expect_status(200);
}

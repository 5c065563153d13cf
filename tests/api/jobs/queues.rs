//! `/v1/queues`

use std::sync::atomic::{AtomicUsize, Ordering};

use annex_tests::{Client, TestApp};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{claim, enqueue, say};

#[tokio::test]
async fn a_queue_says_how_it_stands_and_takes_changes() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let queue = json!({"concurrency": 3, "rate": {"limit": 100, "period_seconds": 0.5}});
    let made = admin.put("/v1/queues/mail", queue).await.expect_status(201).json();
    let expected = json!({
        "name": "mail", "paused": false, "concurrency": 3, "rate": {"limit": 100, "period_seconds": 0.5},
        "key_concurrency": null, "key_rate": null,
        "counts": {"ready": 0, "parked": 0, "running": 0, "scheduled": 0, "estimated": false},
        "created_at": made["created_at"],
    });
    assert_eq!(made, expected);
    for job in [json!({}), json!({}), json!({"delay_seconds": 60})] {
        let mut job = job;
        job["kind"] = json!("a");
        job["queue"] = json!("mail");
        enqueue(&app, job).await;
    }
    assert_eq!(claim(&admin, "mail", 1).await.len(), 1);
    let changed = admin
        .patch("/v1/queues/mail", json!({"rate": null, "key_concurrency": 2}))
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        json!([changed["concurrency"], changed["rate"], changed["key_concurrency"]]),
        json!([3, null, 2])
    );
    let counts = json!({"ready": 1, "parked": 0, "running": 1, "scheduled": 1, "estimated": false});
    assert_eq!(changed["counts"], counts);
    let names: Vec<Value> = admin
        .get("/v1/queues")
        .await
        .expect_status(200)
        .items()
        .iter()
        .map(|queue| queue["name"].clone())
        .collect();
    assert_eq!(names, ["default", "mail", "transfers", "webhooks"]);
    for (wrong, pointer) in [
        (json!({"concurrency": 0}), "/concurrency"),
        (json!({"rate": {"limit": 1, "period_seconds": 0.01}}), "/rate/period_seconds"),
        (json!({"key_rate": {"limit": 0, "period_seconds": 1}}), "/key_rate/limit"),
        (json!({"pause": true}), "/pause"),
    ] {
        let problem = admin.patch("/v1/queues/mail", wrong).await.expect_problem("validation_failed");
        assert_eq!(problem.errors[0].pointer, pointer);
    }
    admin.patch("/v1/queues/nothing", json!({"paused": true})).await.expect_problem("not_found");
    admin.get("/v1/queues/nothing").await.expect_problem("not_found");
    admin.put("/v1/queues/No", json!({})).await.expect_problem("not_found");
}

#[tokio::test]
async fn a_paused_queue_gives_nothing_out_until_it_goes_on() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    enqueue(&app, json!({"kind": "a"})).await;
    admin.patch("/v1/queues/default", json!({"paused": true})).await.expect_status(200);
    assert!(claim(&admin, "default", 1).await.is_empty());
    let waiting = {
        let admin = admin.clone();
        tokio::spawn(async move {
            admin.post("/v1/queues/default/claim", json!({"wait_seconds": 20})).await.json()
        })
    };
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    admin.patch("/v1/queues/default", json!({"paused": false})).await.expect_status(200);
    assert_eq!(waiting.await.unwrap()["jobs"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn no_more_run_at_once_than_the_limit() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.put("/v1/queues/default", json!({"concurrency": 3})).await.expect_status(200);
    app.sql("select annex.enqueue('a') from generate_series(1, 40)").await;
    let (running, most, done) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let workers = (0..6).map(|_| async {
        while done.load(Ordering::SeqCst) < 40 {
            for job in claim(&admin, "default", 2).await {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                running.fetch_sub(1, Ordering::SeqCst);
                say(&admin, &job, "complete", json!({})).await.expect_status(200);
                done.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    join_all(workers).await;
    assert!(most.load(Ordering::SeqCst) <= 3, "{most:?} ran at once");
    let running = "select coalesce(sum(running), 0) from annex.limiters";
    assert_eq!(app.sql_value(running).await.as_deref(), Some("0"));
}

#[tokio::test]
async fn limits_that_come_while_jobs_run_count_them() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for key in ["a", "a", "b", "b", "c"] {
        enqueue(&app, json!({"kind": "mail", "key": key})).await;
    }
    let first = claim(&admin, "default", 3).await;
    // One of the lease has ended already.
    say(&admin, &first[1], "complete", json!({})).await.expect_status(200);
    admin.patch("/v1/queues/default", json!({"concurrency": 3})).await.expect_status(200);
    assert_eq!(claim(&admin, "default", 5).await.len(), 1, "two run, and there is room for one");
    admin
        .patch("/v1/queues/default", json!({"concurrency": null, "key_concurrency": 1}))
        .await
        .expect_status(200);
    let running =
        "select string_agg(key || '=' || running, ' ' order by key) from annex.limiters where key <> ''";
    assert_eq!(app.sql_value(running).await.as_deref(), Some("a=1 b=2"));
    // Of b two run, so the next one of it waits: c alone may start.
    enqueue(&app, json!({"kind": "mail", "key": "b"})).await;
    let next = claim(&admin, "default", 5).await;
    assert_eq!(next.len(), 1);
    let counts = admin.get("/v1/queues/default").await.json()["counts"].clone();
    assert_eq!((&counts["parked"], &counts["running"]), (&json!(1), &json!(4)));
    // Without the limit it is in the line again, and what ran counts down to nothing.
    admin.patch("/v1/queues/default", json!({"key_concurrency": null})).await.expect_status(200);
    let last = claim(&admin, "default", 5).await;
    assert_eq!(last.len(), 1);
    let running = admin.get("/v1/jobs?state=running").await.items();
    assert_eq!(running.len(), 5);
    for job in [&first[0], &first[2], &next[0], &last[0]] {
        say(&admin, job, "complete", json!({})).await.expect_status(200);
    }
    app.sql("select annex.finish_jobs(array[l.id], array[1], array['succeeded'], array[null]::jsonb[], array[null]::jsonb[], array[false],
        array[null]::double precision[]) from annex.leases l").await;
    assert_eq!(
        app.sql_value("select coalesce(sum(running), 0) from annex.limiters").await.as_deref(),
        Some("0")
    );
}

#[tokio::test]
async fn settings_that_have_changed_are_not_written_over() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let daily = json!({"job": {"kind": "mail"}, "every_seconds": 86400});
    for (path, settings, change) in [
        ("/v1/queues/letters", json!({"concurrency": 3}), json!({"paused": true})),
        ("/v1/schedules/daily", daily, json!({"every_seconds": 60})),
        (
            "/v1/hooks/check",
            json!({"events": ["create"], "url": "https://example.com"}),
            json!({"enabled": false}),
        ),
    ] {
        // Nothing is there that could match.
        let made = admin.put(path, settings.clone()).header("if-match", "*").await;
        made.expect_problem("precondition_failed");
        let made = admin.put(path, settings.clone()).await.expect_status(201);
        let tag = made.header("etag").unwrap().to_owned();
        assert_eq!(admin.get(path).await.header("etag"), Some(tag.as_str()));
        let changed = admin.patch(path, change.clone()).header("if-match", &tag).await.expect_status(200);
        let newer = changed.header("etag").unwrap().to_owned();
        assert_ne!(newer, tag);
        for stale in [admin.patch(path, change.clone()), admin.put(path, settings.clone())] {
            stale.header("if-match", &tag).await.expect_problem("precondition_failed");
        }
        assert_eq!(admin.get(path).await.header("etag"), Some(newer.as_str()));
        let back = admin.put(path, settings).header("if-match", &newer).await.expect_status(200);
        assert_eq!(back.header("etag"), Some(tag.as_str()), "the tag is of what is set");
    }
    delete_where_it_matches(&admin, "/v1/hooks/check").await;
    let (kind, queue) = ("/v1/job-kinds/letter", json!({"queue": "letters"}));
    admin.put(kind, queue.clone()).header("if-match", "*").await.expect_problem("precondition_failed");
    let tag = admin.put(kind, json!({})).await.expect_status(201).header("etag").unwrap().to_owned();
    assert_eq!(admin.get(kind).await.header("etag"), Some(tag.as_str()));
    let changed = admin.put(kind, queue.clone()).header("if-match", &tag).await.expect_status(200);
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
    admin.put(kind, queue).header("if-match", &tag).await.expect_problem("precondition_failed");
    delete_where_it_matches(&admin, kind).await;
    // What changes by itself is not in it.
    let tag = admin.get("/v1/schedules/daily").await.header("etag").unwrap().to_owned();
    admin.request("POST", "/v1/schedules/daily/run").await.expect_status(201);
    enqueue(&app, json!({"kind": "mail", "queue": "letters"})).await;
    assert_eq!(admin.get("/v1/schedules/daily").await.header("etag"), Some(tag.as_str()));
    delete_where_it_matches(&admin, "/v1/schedules/daily").await;
}

/// Deletes settings with their tag, and with no other.
async fn delete_where_it_matches(admin: &Client, path: &str) {
    let tag = admin.get(path).await.header("etag").unwrap().to_owned();
    admin.delete(path).header("if-match", "\"0\"").await.expect_problem("precondition_failed");
    admin.delete(path).header("if-match", &tag).await.expect_status(204);
    admin.delete(path).header("if-match", "*").await.expect_problem("not_found");
}

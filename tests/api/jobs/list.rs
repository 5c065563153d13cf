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

#[tokio::test]
async fn a_page_reads_little_however_many_jobs_there_are() {
    let app = TestApp::start().await;
    let preloaded = app.sql_value("select current_setting('shared_preload_libraries') as libraries").await;
    if !preloaded.is_some_and(|libraries| libraries.contains("pg_stat_statements")) {
        println!("skipped: this Postgres does not count statements");
        return;
    }
    let admin = app.admin().await;
    app.sql(
        "create extension pg_stat_statements;
        insert into annex.jobs (id, kind, args, queue, runner, priority, tags, max_attempts, created_at)
            select annex.uuid_v7(), 'k' || n % 5, '{}', 'default', '@workers', 0, '{}', 1, now() from generate_series(1, 30000) n;
        with numbered as (select id, row_number() over (order by id) as n from annex.jobs),
        ended as (
            insert into annex.attempts (job_id, attempt, outcome, final, started_at, finished_at, error)
            select id, 1, (array['succeeded', 'failed', 'cancelled'])[1 + n % 3], true, now(), now(), case when n % 3 = 1 then '{}'::jsonb end
            from numbered where n <= 15000
        ),
        later as (insert into annex.scheduled (job_id, run_at, attempt) select id, now() + interval '1 day', 1 from numbered where n > 15100)
        insert into annex.ready (slot, queue, runner, priority, job_id, attempt, plain)
            select 0, 'default', '@workers', 0, id, 1, true from numbered where n > 15000 and n <= 15100;
        analyze annex.jobs, annex.attempts, annex.scheduled, annex.ready",
    )
    .await;
    let read = "select coalesce(max((shared_blks_hit + shared_blks_read + temp_blks_written) / calls), 0)::int8 as blocks
        from pg_stat_statements s join pg_database d on d.oid = s.dbid
        where d.datname = current_database() and query like 'select j.id from %'";
    for (query, found) in [
        ("", 20),
        ("kind=k3", 20),
        ("state=scheduled", 20),
        ("state=ready", 20),
        ("state=running", 0),
        ("state=succeeded", 20),
        ("state=failed", 20),
        ("state=cancelled&kind=k1", 20),
    ] {
        app.sql("select pg_stat_statements_reset()").await;
        let page = admin.get(&format!("/v1/jobs?{query}")).await.expect_status(200);
        assert_eq!(page.items().len(), found, "{query}");
        let blocks: u64 = app.sql_value(read).await.unwrap().parse().unwrap();
        assert!((1..400).contains(&blocks) || found == 0, "{query}: {blocks} blocks");
    }
    for (query, exact) in
        [("", 30_000), ("state=scheduled", 14_900), ("kind=k2", 6_000), ("state=failed&kind=k2", 1_000)]
    {
        let path = format!("/v1/jobs?limit=1&{query}");
        let counted =
            admin.get(&path).header("prefer", "count=exact").await.json()["count"].as_u64().unwrap();
        assert_eq!(counted, exact, "{query}");
        let estimated =
            admin.get(&path).header("prefer", "count=estimated").await.json()["count"].as_u64().unwrap();
        assert!(
            estimated.abs_diff(exact) <= if exact > 10_000 { exact / 2 } else { 0 },
            "{query}: {estimated}"
        );
    }
}

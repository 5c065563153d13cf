//! The kinds of jobs that come with the server.

mod email_send;
mod http_request;
mod smtp;
mod sql_function;

use std::time::Duration;

use annex_tests::{Builder, TestApp};
use serde_json::{Value, json};
use sqlx::types::Json;
use uuid::Uuid;

fn builder() -> Builder {
    TestApp::builder().set("ANNEX_JOBS_RUN", "true")
}

async fn enqueue(app: &TestApp, kind: &str, args: &Value, options: Value) -> Uuid {
    sqlx::query_scalar("select annex.enqueue($1, $2, $3)")
        .bind(kind)
        .bind(Json(args))
        .bind(Json(options))
        .fetch_one(&app.inside().db.pool)
        .await
        .unwrap()
}

/// How the first attempt of a job ended: `outcome`, `final`, `result`, `error`, and in how many seconds it is tried again.
async fn attempt(app: &TestApp, job: Uuid) -> Value {
    for _ in 0..600 {
        let found: Option<Value> = sqlx::query_scalar(
            "select to_jsonb(t) || jsonb_build_object('delay',
                 (select round(extract(epoch from s.run_at - t.finished_at)) from annex.scheduled s where s.job_id = t.job_id))
             from annex.attempts t where t.job_id = $1 and t.attempt = 1",
        )
        .bind(job)
        .fetch_optional(&app.inside().db.pool)
        .await
        .unwrap();
        if let Some(found) = found {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the job {job} was not tried within 30 s");
}

/// Runs a job that succeeds at once; its result.
async fn succeeded(app: &TestApp, kind: &str, args: Value) -> Value {
    let job = enqueue(app, kind, &args, json!({})).await;
    let attempt = attempt(app, job).await;
    assert_eq!(attempt["outcome"], "succeeded", "{kind} {args}: {attempt}");
    attempt["result"].clone()
}

/// Runs a job whose first attempt fails, with that code and for good or not; the attempt.
async fn failed(app: &TestApp, kind: &str, args: Value, code: &str, is_final: bool) -> Value {
    let job = enqueue(app, kind, &args, json!({})).await;
    let attempt = attempt(app, job).await;
    let ended = json!([attempt["outcome"], attempt["error"]["code"], attempt["final"]]);
    assert_eq!(ended, json!(["failed", code, is_final]), "{kind} {args}: {attempt}");
    attempt
}

#[tokio::test]
async fn the_database_knows_what_the_kinds_are() {
    let app = builder().start().await;
    let kinds: Vec<(String, bool, Json<Value>)> =
        sqlx::query_as("select name, runner = '@annex', schema from annex.job_kinds where runner <> '@workers' order by name")
            .fetch_all(&app.inside().db.pool)
            .await
            .unwrap();
    assert_eq!(kinds.len(), 9);
    for (name, is_built_in, Json(schema)) in kinds {
        assert!(is_built_in, "{name}");
        jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        let schema = jsonschema::draft202012::new(&schema).unwrap();
        let good = match name.as_str() {
            "email.send" => json!([
                {"to": "ada@example.com", "subject": "", "text": ""},
                {"to": ["ada@example.com"], "cc": "b@example.com", "reply_to": "c@example.com", "subject": "a", "text": "b", "html": "c"},
            ]),
            "http.request" => json!([
                {"url": "https://example.com"},
                {"method": "POST", "url": "https://example.com", "headers": {"a": "b"}, "body": null, "timeout_seconds": 1, "expect_status": ["2xx", 404]},
            ]),
            "records.export" => json!([
                {"collection": "posts"},
                {"collection": "posts", "format": "ndjson", "filter": "a = 1", "sort": ["-a"], "fields": ["a"], "escape_formulas": true},
            ]),
            "records.import" => json!([
                {"collection": "posts", "from": "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f"},
                {"collection": "posts", "from": "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f", "mode": "skip_bad", "dry_run": true, "upsert": ["id"], "null": "-", "delimiter": "\t"},
            ]),
            "webhook.deliver" => json!([
                {"webhook": "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f", "lane": "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f"},
            ]),
            "jobs.cancel" => json!([{"filter": {"state": "ready", "queue": "a", "args": {"n": 1}}}]),
            "jobs.retry" | "jobs.discard" => {
                json!([{"filter": {"state": "failed", "since": "2026-01-01T00:00:00Z"}}])
            }
            _ => {
                json!([{"function": "public.f"}, {"function": "public.f", "args": {"a": 1}, "timeout_seconds": 1}])
            }
        };
        for args in good.as_array().unwrap() {
            assert!(schema.is_valid(args), "{name} {args}");
            let mut more = args.clone();
            more["more"] = json!(1);
            assert!(!schema.is_valid(&more), "{name} {more}");
        }
        assert_eq!(schema.is_valid(&json!({})), name.starts_with("jobs."), "{name}");
        if name == "http.request" {
            for wrong in [
                json!({"url": "file:///etc/passwd"}),
                json!({"url": "http://a.example", "method": "TRACE"}),
                json!({"url": "http://a.example", "body": 1, "text": "1"}),
                json!({"url": "http://a.example", "expect_status": ["6xx"]}),
                json!({"url": "http://a.example", "timeout_seconds": 0}),
            ] {
                assert!(!schema.is_valid(&wrong), "{wrong}");
            }
        }
    }
}

#[tokio::test]
async fn what_another_program_runs_is_left_to_it() {
    let app = TestApp::builder().set("ANNEX_JOBS_RUN", "true").start().await;
    let admin = app.admin().await;
    app.sql("insert into annex.job_kinds (name, runner) values ('of.program', 'of.program')").await;
    let of_program = admin.post("/v1/jobs", json!({"kind": "of.program"})).await.expect_status(201).json();
    let call = json!({"kind": "sql.function", "args": {"function": "public.nothing"}});
    let own = admin.post("/v1/jobs", call).await.expect_status(201).json();
    let read =
        async |job: &Value| admin.get(&format!("/v1/jobs/{}", job["id"].as_str().unwrap())).await.json();
    app.eventually("its own is run", async || read(&own).await["attempt"] == 1).await;
    let left = read(&of_program).await;
    assert_eq!(json!([left["state"], left["attempt"]]), json!(["ready", 0]));
}

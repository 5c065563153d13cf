//! `/v1/triggers`, and the jobs that they enqueue.

use annex_tests::{Client, TestApp};
use serde_json::{Value, json};

async fn start() -> TestApp {
    let app = TestApp::start().await;
    app.collection(json!({
        "name": "things",
        "fields": [{"name": "n", "type": "int"}, {"name": "data", "type": "json"}],
        "rules": {"list": "", "view": "", "create": "", "update": "", "delete": ""}
    }))
    .await;
    app
}

fn rows(kind: &str) -> Value {
    json!({"collection": "things", "events": ["record.created", "record.updated", "record.deleted"], "job": {"kind": kind}})
}

async fn put(admin: &Client, name: &str, trigger: &Value) -> Value {
    admin.request("PUT", &format!("/v1/triggers/{name}")).json(trigger).await.expect_status(201).json()
}

/// What the jobs of a kind were enqueued for, in order: the event, and the record's `n`.
async fn enqueued(app: &TestApp, kind: &str) -> String {
    let query = format!(
        "select coalesce(string_agg(concat_ws(' ', split_part(args #>> '{{event,type}}', '.', 2), args #>> '{{event,data,record,n}}'), ',' order by id), '')
           from annex.jobs where kind = '{kind}'"
    );
    app.sql_value(&query).await.unwrap()
}

async fn until(app: &TestApp, kind: &str, expected: &str) {
    let found = std::sync::Mutex::new(String::new());
    for _ in 0..500 {
        let now = enqueued(app, kind).await;
        if now == expected {
            return;
        }
        *found.lock().unwrap() = now;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{kind}: {} and not {expected}", found.lock().unwrap());
}

#[tokio::test]
async fn a_change_of_a_row_enqueues_once_with_what_happened() {
    let app = start().await;
    let admin = app.admin().await;
    let mut spec = rows("index.update");
    spec["job"] = json!({"kind": "index.update", "queue": "search", "args": {"index": "things"}, "tags": ["search"], "priority": 3});
    let made = put(&admin, "index", &spec).await;
    assert_eq!((&made["enabled"], &made["job"]["args"]), (&json!(true), &json!({"index": "things"})));
    let mut few = rows("few");
    few["condition"] = json!("n >= 2");
    few["events"] = json!(["record.updated"]);
    put(&admin, "few", &few).await;
    let thing = admin.post("/v1/records/things", json!({"n": 1})).await.expect_status(201).json();
    app.sql("update public.things set n = 2").await;
    app.sql("begin; update public.things set n = 9; rollback").await;
    app.sql("delete from public.things").await;
    until(&app, "index.update", "created 1,updated 2,deleted 2").await;
    until(&app, "few", "updated 2").await;
    let jobs = admin.get("/v1/jobs?kind=index.update&limit=1").await.items();
    let job = admin.get(&format!("/v1/jobs/{}", jobs[0]["id"].as_str().unwrap())).await.json();
    assert_eq!((&job["queue"], &job["priority"]), (&json!("search"), &json!(3)));
    assert_eq!(job["tags"], json!(["search", "trigger:index"]));
    assert_eq!(job["args"]["index"], "things");
    assert_eq!(job["args"]["event"]["type"], "record.deleted");
    assert_eq!(job["args"]["event"]["data"]["id"], thing["id"]);
}

#[tokio::test]
async fn a_record_that_no_job_can_have_is_left_out() {
    let app = start().await;
    let admin = app.admin().await;
    put(&admin, "all", &rows("all")).await;
    let deep = format!("{}1{}", "[".repeat(70), "]".repeat(70));
    app.sql(&format!("insert into public.things (n, data) values (1, '{deep}')")).await;
    app.sql("insert into public.things (n, data) values (2, '1e400')").await;
    app.sql("insert into public.things (n, data) values (3, to_jsonb(repeat('a', 400000)))").await;
    app.sql("insert into public.things (n, data) values (4, '[1.10]')").await;
    until(&app, "all", "created,created,created,created 4").await;
    let ids = "select count(distinct args #>> '{event,data,id}') from annex.jobs where kind = 'all'";
    assert_eq!(app.sql_value(ids).await.unwrap(), "4");
    let data = "select args #>> '{event,data,record,data}' from annex.jobs where kind = 'all' order by id desc limit 1";
    assert_eq!(app.sql_value(data).await.unwrap(), "[1.10]", "no digit is lost");
}

#[tokio::test]
async fn what_happens_to_the_server_enqueues_and_failures_do_not_go_round() {
    let app = TestApp::builder().set("ANNEX_JOBS_RUN", "true").start().await;
    let admin = app.admin().await;
    put(&admin, "welcome", &json!({"events": ["user.registered"], "job": {"kind": "welcome"}})).await;
    // Its own job fails too.
    let failing = json!({"events": ["job.failed"], "job": {"kind": "sql.function", "args": {"function": "public.nothing"}}});
    put(&admin, "failed", &failing).await;
    app.user("ada").await;
    let email = "select args #>> '{event,data,email}' from annex.jobs where kind = 'welcome'";
    assert_eq!(app.sql_value(email).await.unwrap(), "ada@example.com", "in the same transaction");
    let job = json!({"kind": "sql.function", "args": {"function": "public.neither"}});
    admin.post("/v1/jobs", job).await.expect_status(201);
    let ended = "select count(*) from annex.attempts where final and outcome = 'failed'";
    app.eventually("both have failed", || async { app.sql_value(ended).await.unwrap() == "2" }).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let all = "select count(*) from annex.jobs where kind = 'sql.function'";
    assert_eq!(app.sql_value(all).await.unwrap(), "2");
}

#[tokio::test]
async fn a_trigger_is_made_changed_and_forgotten_by_admins_alone() {
    let app = start().await;
    let admin = app.admin().await;
    let at = "/v1/triggers/all";
    put(&admin, "all", &rows("all")).await;
    let answer = admin.get(at).await;
    let tag = answer.header("etag").unwrap().to_owned();
    let same = admin.request("PUT", at).header("If-Match", &tag).json(&rows("all")).await;
    assert_eq!(same.expect_status(200).header("etag"), Some(tag.as_str()));
    admin.patch(at, json!({"enabled": false, "condition": "n > 1"})).await.expect_status(200);
    let stale = admin.request("PATCH", at).header("If-Match", &tag).json(&json!({"enabled": true})).await;
    stale.expect_problem("precondition_failed");
    let list = admin.get("/v1/triggers").await.items();
    assert_eq!(
        (&list[0]["name"], &list[0]["enabled"], &list[0]["condition"]),
        (&json!("all"), &json!(false), &json!("n > 1"))
    );
    app.sql("insert into public.things (n) values (5)").await;
    admin.patch(at, json!({"enabled": true, "condition": null})).await.expect_status(200);
    app.sql("insert into public.things (n) values (6)").await;
    until(&app, "all", "created 6").await;

    for (change, pointer) in [
        (json!({"events": []}), "/events"),
        (json!({"collection": "nothing"}), "/collection"),
        (json!({"job": {"kind": "A"}}), "/job/kind"),
        (json!({"job": {"kind": "a", "run_at": "2030-01-01T00:00:00Z"}}), "/job/run_at"),
        (json!({"job": {"kind": "a", "args": {"event": 1}}}), "/job/args/event"),
    ] {
        let mut spec = rows("all");
        for (name, value) in change.as_object().unwrap() {
            spec[name] = value.clone();
        }
        let problem =
            admin.request("PUT", "/v1/triggers/other").json(&spec).await.expect_problem("validation_failed");
        assert_eq!(problem.errors[0].pointer, pointer, "{change}");
        admin.patch(at, change).await.expect_problem("validation_failed");
    }
    admin.patch(at, json!({"condition": "lower(data.a) = \"x\""})).await.expect_problem("not_live");
    let ask = |client: &Client, method: &str, path: &str| {
        let request = client.request(method, path);
        if matches!(method, "GET" | "DELETE") { request } else { request.json(&rows("a")) }
    };
    for (method, path) in [("GET", "/v1/triggers"), ("GET", at), ("PUT", at), ("PATCH", at), ("DELETE", at)] {
        ask(&app.anonymous(), method, path).await.expect_problem("unauthenticated");
        ask(&app.user("ada").await, method, path).await.expect_problem("forbidden");
    }
    admin.delete(at).await.expect_status(204);
    for (method, path) in [("GET", at), ("DELETE", at), ("GET", "/v1/triggers/No")] {
        ask(&admin, method, path).await.expect_problem("not_found");
    }
}

#[tokio::test]
async fn a_condition_that_does_not_fit_any_more_disables_the_trigger() {
    let app = start().await;
    let admin = app.admin().await;
    let mut spec = rows("all");
    spec["condition"] = json!("n > 1");
    put(&admin, "all", &spec).await;
    put(&admin, "others", &rows("others")).await;
    app.sql("alter table public.things drop column n; insert into public.things default values").await;
    until(&app, "others", "created").await;
    let read = admin.get("/v1/triggers/all").await.json();
    assert_eq!((&read["enabled"], &read["disabled_reason"]), (&json!(false), &json!("broken")));
    assert_eq!(enqueued(&app, "all").await, "");
}

#[tokio::test]
async fn a_log_that_was_lost_is_told() {
    let app = start().await;
    let admin = app.admin().await;
    put(&admin, "all", &rows("all")).await;
    app.sql("insert into public.things (n) values (1)").await;
    until(&app, "all", "created 1").await;
    let log = admin.get("/v1/event-log").await.json();
    assert_eq!((&log["state"], &log["events_lost_at"]), (&json!("reading"), &Value::Null));
    assert!(log["last_change_at"].is_string());
    let slot = app.sql_value("select slot from annex.event_log").await.unwrap();
    app.eventually("somebody has dropped the slot", || async {
        app.sql(&format!("select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '{slot}' and active")).await;
        let mut connection = app.database.connect().await;
        let dropped = sqlx::query("select pg_drop_replication_slot($1)").bind(&slot).execute(&mut connection).await;
        dropped.is_ok()
    })
    .await;
    app.eventually("it is told", || async {
        admin.get("/v1/event-log").await.json()["events_lost_at"].is_string()
    })
    .await;
    assert!(admin.get("/v1/triggers/all").await.json()["events_lost_at"].is_string());
    app.sql("insert into public.things (n) values (2)").await;
    until(&app, "all", "created 1,created 2").await;
    // Who is made later has missed nothing.
    put(&admin, "later", &rows("later")).await;
    assert_eq!(admin.get("/v1/triggers/later").await.json()["events_lost_at"], Value::Null);
}

#[tokio::test]
async fn rows_that_are_not_whole_in_the_log_are_told_as_lost_and_are_whole_again() {
    let app = start().await;
    let admin = app.admin().await;
    put(&admin, "all", &rows("all")).await;
    app.sql("insert into public.things (n) values (1)").await;
    until(&app, "all", "created 1").await;
    app.sql("alter table public.things replica identity default").await;
    app.sql("update public.things set n = 2").await;
    app.eventually("it is told", || async {
        admin.get("/v1/event-log").await.json()["events_lost_at"].is_string()
    })
    .await;
    let identity = "select relreplident::text from pg_class where oid = 'public.things'::regclass";
    app.eventually("rows are whole again", || async { app.sql_value(identity).await.unwrap() == "f" }).await;
    app.sql("update public.things set n = 3").await;
    until(&app, "all", "created 1,updated 3").await;
}

//! `POST /v1/records/{collection}/import` with `Prefer: respond-async`, and the kind `records.import`

use std::time::Duration;

use annex_tests::{Client, Request, TestApp};
use serde_json::{Value, json};

use super::{accepted, builder, ended, failed, id, kept, notes, pause, read, succeeded};
use crate::records::support::{one_waits, run};

/// Sends rows, to be imported in the background.
fn send(client: &Client, query: &str, media_type: &str, body: impl Into<String>) -> Request {
    let path = format!("/v1/records/notes/import{query}");
    client.request("POST", &path).header("prefer", "respond-async").body(media_type, body.into())
}

fn csv(client: &Client, query: &str, body: impl Into<String>) -> Request {
    send(client, query, "text/csv", body)
}

async fn count(app: &TestApp) -> String {
    app.sql_value("select count(*) from public.notes").await.unwrap()
}

#[tokio::test]
async fn rows_are_imported_as_at_once() {
    let app = builder().start().await;
    notes(&app, json!({"list": "", "create": "", "update": ""})).await;
    let uma = app.user("uma").await;
    let rows = "slug;title\na;one\nb;-\n";
    let job = accepted(csv(&uma, "?delimiter=%3B&null=-", rows).await);
    assert_eq!(json!([job["kind"], job["queue"]]), json!(["records.import", "transfers"]));
    let report = succeeded(&uma, &job).await["result"].clone();
    assert_eq!(
        report,
        json!({"rows": 2, "inserted": 2, "updated": 0, "skipped": 0, "errors": [], "errors_truncated": false, "dry_run": false})
    );
    let lines =
        format!("{}\n{}\n", json!({"slug": "a", "title": "first"}), json!({"slug": "c", "title": "third"}));
    let job = accepted(send(&uma, "?upsert=slug", "application/x-ndjson", lines).await);
    let report = succeeded(&uma, &job).await["result"].clone();
    assert_eq!(json!([report["inserted"], report["updated"]]), json!([1, 1]));
    let titles =
        "select string_agg(coalesce(title, 'null'), ',' order by title nulls last) from public.notes";
    assert_eq!(app.sql_value(titles).await.as_deref(), Some("first,third,null"));
    // What was imported is not kept.
    annex::jobs::files::sweep(app.inside()).await.unwrap();
    assert_eq!(kept(&app).await, ("0".to_owned(), "0".to_owned()));
}

#[tokio::test]
async fn bad_rows_are_told_by_line() {
    let app = builder().start().await;
    notes(&app, json!({"list": "", "create": "title != \"no\""})).await;
    let uma = app.user("uma").await;
    let rows = "title,owner\nyes,\nno,\nyes,nobody\n";
    let path = "/v1/records/notes/import";
    let at_once = uma.request("POST", path).body("text/csv", rows).await.expect_problem("validation_failed");
    let job = failed(&uma, &accepted(csv(&uma, "", rows).await), "validation_failed").await;
    assert_eq!(job["attempt"], 1, "it is not tried again");
    assert_eq!(job["error"]["message"], at_once.detail);
    assert_eq!(job["error"]["details"]["errors"], serde_json::to_value(&at_once.errors).unwrap());
    assert_eq!(count(&app).await, "0");
    let dry = accepted(csv(&uma, "?mode=skip_bad&dry_run=true", rows).await);
    let dry = succeeded(&uma, &dry).await["result"].clone();
    assert_eq!(json!([dry["inserted"], dry["skipped"], dry["dry_run"]]), json!([1, 2, true]));
    assert_eq!(count(&app).await, "0");
    let job = succeeded(&uma, &accepted(csv(&uma, "?mode=skip_bad", rows).await)).await;
    assert_eq!(job["result"]["errors"], json!(dry["errors"]));
    assert_eq!(job["result"]["errors"][0]["line"], 3);
    assert_eq!(count(&app).await, "1");
}

#[tokio::test]
async fn what_is_wrong_is_told_at_once() {
    let app = builder().set("ANNEX_JOBS_MAX_FILE", "1KiB").start().await;
    notes(&app, json!({"list": "", "create": "@user.id != null"})).await;
    app.collection(json!({"name": "closed", "fields": [{"name": "title", "type": "text"}]})).await;
    let uma = app.user("uma").await;
    let to = async |path: &str| {
        let request = uma.request("POST", path).header("prefer", "respond-async");
        request.body("text/csv", "title\nx\n").await
    };
    to("/v1/records/none/import").await.expect_problem("not_found");
    to("/v1/records/closed/import").await.expect_problem("forbidden");
    to("/v1/records/notes/import?upsert=title").await.expect_problem("invalid_parameter");
    to("/v1/records/notes/import?delimiter=x").await.expect_problem("invalid_parameter");
    send(&uma, "", "text/plain", "x").await.expect_problem("unsupported_media_type");
    let large = csv(&uma, "", format!("title\n{}\n", "x".repeat(2000))).await;
    large
        .expect_problem("payload_too_large")
        .hint
        .filter(|hint| hint.contains("ANNEX_JOBS_MAX_FILE"))
        .unwrap();
    csv(&app.anonymous(), "", "title\nx\n").await.expect_problem("unauthenticated");
    assert_eq!(app.sql_value("select count(*) from annex.jobs").await.as_deref(), Some("0"));
    app.eventually("nothing is kept", async || {
        annex::jobs::files::sweep(app.inside()).await.unwrap();
        kept(&app).await.0 == "0"
    })
    .await;
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_nothing() {
    let app = builder().start().await;
    notes(&app, json!({"list": "", "create": ""})).await;
    let token = app.user("uma").await.token.unwrap();
    let exchange = app.raw(format!(
        "POST /v1/records/notes/import HTTP/1.1\r\nhost: annex.test\r\nauthorization: Bearer {token}\r\nprefer: respond-async\r\n\
         content-type: text/csv\r\ncontent-length: 100000\r\n\r\ntitle\nx\n"
    ));
    drop(tokio::time::timeout(Duration::from_secs(1), exchange).await);
    app.eventually("what came is given up", async || {
        let left = "select count(*) from annex.job_files where expires_at > '-infinity'";
        app.sql_value(left).await.as_deref() == Some("0")
    })
    .await;
    assert_eq!(app.sql_value("select count(*) from annex.jobs").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn the_rights_are_those_of_the_time_when_it_runs() {
    let app = builder().start().await;
    notes(&app, json!({"list": "", "create": "\"editor\" in @user.roles"})).await;
    let (uma, ada) = (app.user("uma").await, app.user("ada").await);
    app.sql("update annex.users set roles = '{editor}' where email <> 'admin@example.com'").await;
    pause(&app, true).await;
    let first = accepted(csv(&uma, "", "title\nx\n").await);
    let second = accepted(csv(&ada, "", "title\ny\n").await);
    app.sql("update annex.users set roles = '{}' where email = 'uma@example.com'").await;
    app.sql("update annex.users set disabled = true where email = 'ada@example.com'").await;
    pause(&app, false).await;
    let first = ended(&uma, &first).await;
    assert_eq!(first["state"], "failed", "{first}");
    failed(&app.admin().await, &second, "account_gone").await;
    assert_eq!(count(&app).await, "0");
    app.user("eve").await.get(&format!("/v1/jobs/{}", id(&first))).await.expect_problem("not_found");
}

/// A transaction in which the slug of a row to import is taken, for as long as it is open.
async fn held_up(app: &TestApp, uma: &Client) -> (sqlx::PgConnection, Value) {
    notes(app, json!({"list": "", "create": ""})).await;
    let mut other = app.database.connect().await;
    run(&mut other, "begin; insert into public.notes (slug) values ('a')").await;
    let job = accepted(csv(uma, "", "slug,title\na,x\nb,y\n").await);
    one_waits(app).await;
    (other, job)
}

#[tokio::test]
async fn an_import_that_is_cancelled_writes_nothing() {
    let app = builder().start().await;
    let uma = app.user("uma").await;
    let (mut other, job) = held_up(&app, &uma).await;
    let admin = app.admin().await;
    admin.post(&format!("/v1/jobs/{}/cancel", id(&job)), json!({})).await.expect_status(200);
    assert_eq!(ended(&uma, &job).await["state"], "cancelled");
    run(&mut other, "rollback").await;
    app.eventually("its transaction is over", async || {
        let open = "select count(*) from pg_stat_activity
            where datname = current_database() and application_name = 'annex records' and xact_start is not null";
        app.sql_value(open).await.as_deref() == Some("0")
    })
    .await;
    assert_eq!(count(&app).await, "0");
    // The file is still there: it can be tried again.
    admin.post(&format!("/v1/jobs/{}/retry", id(&job)), json!({})).await.expect_status(200);
    succeeded(&uma, &job).await;
    assert_eq!(count(&app).await, "2");
}

#[tokio::test]
async fn an_attempt_whose_worker_was_lost_writes_no_row_twice() {
    let app = builder().start().await;
    let uma = app.user("uma").await;
    let (mut other, job) = held_up(&app, &uma).await;
    app.sql(
        "update annex.workers set expires_at = now() - interval '1 minute'; select annex.reclaim_leases()",
    )
    .await;
    app.eventually("another attempt has begun", async || read(&uma, &job).await["attempt"] != 1).await;
    run(&mut other, "rollback").await;
    let job = succeeded(&uma, &job).await;
    assert_eq!(job["attempts"][0]["outcome"], "lost");
    assert_eq!(count(&app).await, "2");
}

/// The end of the job and its rows are one transaction: an attempt that lost its lease commits nothing.
#[tokio::test]
async fn an_attempt_that_lost_its_lease_commits_nothing() {
    let app = builder().start().await;
    let uma = app.user("uma").await;
    let (mut other, job) = held_up(&app, &uma).await;
    // The job is given up in silence: nobody tells the worker.
    app.sql(
        "update annex.queues set paused = true where name = 'transfers';
         update annex.leases set worker_id = gen_random_uuid(), expires_at = now() - interval '1 minute';
         select annex.reclaim_leases()",
    )
    .await;
    run(&mut other, "rollback").await;
    app.eventually("its transaction is over", async || {
        let open = "select count(*) from pg_stat_activity
            where datname = current_database() and application_name = 'annex records' and xact_start is not null";
        app.sql_value(open).await.as_deref() == Some("0")
    })
    .await;
    assert_eq!(count(&app).await, "0");
    assert_eq!(read(&uma, &job).await["state"], "ready");
    pause(&app, false).await;
    succeeded(&uma, &job).await;
    assert_eq!(count(&app).await, "2");
}

#[tokio::test]
async fn what_was_accepted_is_kept_until_it_is_done() {
    let app = builder().start().await;
    notes(&app, json!({"list": "", "create": ""})).await;
    let uma = app.user("uma").await;
    pause(&app, true).await;
    let job = accepted(csv(&uma, "", "title\nx\n").await);
    app.clock.advance(Duration::from_secs(3 * 24 * 60 * 60));
    annex::jobs::files::sweep(app.inside()).await.unwrap();
    assert_eq!(kept(&app).await.0, "1");
    app.sql("update annex.queues set paused = false; select pg_notify('annex_jobs', 'transfers')").await;
    app.eventually("it is done", async || count(&app).await == "1").await;
    let state = format!("select state from annex.job_states(array['{}'::uuid])", id(&job));
    app.eventually("it has succeeded", async || app.sql_value(&state).await.as_deref() == Some("succeeded"))
        .await;
}

/// An export, and from its file an import: by hand, as the admin.
#[tokio::test]
async fn a_file_of_another_job_is_imported() {
    let app = builder().start().await;
    notes(&app, json!({"list": ""})).await;
    app.rows("notes", [json!({"title": "a", "secret": "b"}), json!({"title": "c,\"d"})]).await;
    app.collection(json!({"name": "copies", "fields": [{"name": "title", "type": "text"}]})).await;
    let (uma, admin) = (app.user("uma").await, app.admin().await);
    for format in ["csv", "ndjson"] {
        let args = json!({"collection": "notes", "format": format, "fields": ["title"]});
        let export = admin.post("/v1/jobs", json!({"kind": "records.export", "args": args})).await;
        let export = succeeded(&admin, &export.expect_status(201).json()).await;
        let job = json!({"kind": "records.import", "args": {"collection": "copies", "from": id(&export)}});
        uma.post("/v1/jobs", job.clone()).await.expect_problem("forbidden");
        let import = succeeded(&admin, &admin.post("/v1/jobs", job).await.expect_status(201).json()).await;
        assert_eq!(import["result"]["inserted"], 2, "{import}");
    }
    let titles = "select string_agg(title, '|' order by title) from public.copies";
    assert_eq!(app.sql_value(titles).await.as_deref(), Some("a|a|c,\"d|c,\"d"));
    let forged =
        json!({"collection": "notes", "from": uma.id(), "caller": {"user": uma.id(), "impersonator": null}});
    admin
        .post("/v1/jobs", json!({"kind": "records.import", "args": forged}))
        .await
        .expect_problem("validation_failed");
    let missing = json!({"collection": "notes", "from": uma.id()});
    let job = admin.post("/v1/jobs", json!({"kind": "records.import", "args": missing})).await;
    failed(&admin, &job.expect_status(201).json(), "file_gone").await;
}

/// Workers enqueue jobs too, with the end of theirs: what they enqueue is not done as an admin.
#[tokio::test]
async fn who_is_no_admin_enqueues_nothing_that_servers_run() {
    let app = builder().start().await;
    notes(&app, json!({"list": "", "create": ""})).await;
    let (ada, admin) = (app.user("ada").await, app.admin().await);
    app.sql("update annex.users set roles = '{worker}' where email = 'ada@example.com'").await;
    for kind in ["records.export", "records.import"] {
        let queue = json!({"kind": "mail"});
        admin.post("/v1/jobs", queue).await.expect_status(201);
        let claimed = ada.post("/v1/queues/default/claim", json!({"max": 1})).await.expect_status(200).json();
        let args = json!({"collection": "notes", "from": claimed["jobs"][0]["id"]});
        let args = if kind == "records.import" { args } else { json!({"collection": "notes"}) };
        let end = json!({
            "lease_token": claimed["jobs"][0]["lease_token"],
            "operations": [{"method": "enqueue", "job": {"kind": kind, "args": args}}],
        });
        let path = format!("/v1/jobs/{}/complete", id(&claimed["jobs"][0]));
        ada.post(&path, end).await.expect_problem("forbidden");
        let enqueued = format!("select count(*) from annex.jobs where kind = '{kind}'");
        assert_eq!(app.sql_value(&enqueued).await.as_deref(), Some("0"));
    }
}

/// Several times as large as what one server holds of it at a time.
#[tokio::test]
async fn a_large_file_goes_there_and_back() {
    let app = builder().start().await;
    notes(&app, json!({"list": "", "create": ""})).await;
    let uma = app.user("uma").await;
    let rows: String = (0..20_000).map(|n| format!("{n:0>500}\n")).collect();
    let job = accepted(csv(&uma, "", format!("title\n{rows}")).await);
    assert_eq!(succeeded(&uma, &job).await["result"]["inserted"], 20_000);
    let job = accepted(super::ask(&uma, "notes", json!({"fields": ["title"], "sort": ["title"]})).await);
    let job = succeeded(&uma, &job).await;
    let file = super::fetch(&app, &job).await.text();
    assert!(file == format!("title\r\n{}", rows.replace('\n', "\r\n")), "{} bytes came back", file.len());
}

#[tokio::test]
async fn what_is_sent_again_with_its_key_is_imported_once() {
    let app = builder().start().await;
    notes(&app, json!({"list": "", "create": ""})).await;
    let uma = app.user("uma").await;
    let import = async |client: &Client, key: &str, rows: &'static str, prefer: &str| {
        let request = client.request("POST", "/v1/records/notes/import").body("text/csv", rows);
        request.header("idempotency-key", key).header("prefer", prefer).await
    };
    // In the background, and at once.
    let first = import(&uma, "a", "title\none\n", "respond-async").await.expect_status(202);
    let again = import(&uma, "a", "title\none\n", "respond-async").await.expect_status(202);
    let again = again.expect_header("idempotency-replayed", "true");
    assert_eq!(again.header("location"), first.header("location"));
    succeeded(&uma, &first.json()).await;
    let first = import(&uma, "b", "title\ntwo\n", "return=minimal").await.expect_status(200);
    let again = import(&uma, "b", "title\ntwo\n", "return=minimal").await.expect_status(200);
    assert_eq!(again.expect_header("idempotency-replayed", "true").body, first.body);
    import(&uma, "b", "title\nanother\n", "return=minimal").await.expect_problem("idempotency_mismatch");
    assert_eq!(count(&app).await, "2");
    // What was not taken is tried anew.
    import(&uma, "c", "nothing\nx\n", "return=minimal").await.expect_problem("validation_failed");
    import(&uma, "c", "title\nthree\n", "return=minimal").await.expect_status(200);
    assert_eq!(count(&app).await, "3");

    let export = async |client: &Client, prefer: &str| {
        let request = client.post("/v1/records/notes/export", json!({}));
        request.header("idempotency-key", "a").header("prefer", prefer).await
    };
    let first = accepted(export(&uma, "respond-async").await);
    let again = export(&uma, "respond-async").await.expect_header("idempotency-replayed", "true");
    assert_eq!(id(&accepted(again)), id(&first));
    // What is answered at once changes nothing, and needs no key.
    for client in [&uma, &app.anonymous()] {
        export(client, "return=minimal").await.expect_status(200).expect_no_header("idempotency-replayed");
    }
    export(&app.anonymous(), "respond-async")
        .await
        .expect_status(200)
        .expect_no_header("idempotency-replayed");
}

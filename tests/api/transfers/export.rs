//! `POST /v1/records/{collection}/export` with `Prefer: respond-async`, and the kind `records.export`

use annex_tests::TestApp;
use serde_json::{Value, json};

use super::{accepted, ask, builder, ended, failed, fetch, id, kept, notes, pause, read, succeeded};
use crate::records::support::{Settings, WAITING, adopt, one_waits, run};

#[tokio::test]
async fn a_file_has_what_the_caller_may_list() {
    let app = builder().start().await;
    notes(&app, json!({"list": "owner = @user.id"})).await;
    let (uma, ada) = (app.user("uma").await, app.user("ada").await);
    let rows = [
        json!({"title": "mine, \"too\"", "secret": "s3cret", "owner": uma.id()}),
        json!({"title": "=1+1", "secret": "s3cret", "owner": uma.id()}),
        json!({"title": "another's", "secret": "s3cret", "owner": ada.id()}),
    ];
    app.rows("notes", rows).await;
    for asked in [
        json!({"format": "csv", "sort": ["title"], "escape_formulas": true}),
        json!({"format": "ndjson", "sort": ["-title"], "fields": ["id", "title"], "filter": "title != null"}),
    ] {
        let job = accepted(ask(&uma, "notes", asked.clone()).await);
        assert_eq!(json!([job["kind"], job["queue"]]), json!(["records.export", "transfers"]));
        let job = succeeded(&uma, &job).await;
        let at_once = uma.post("/v1/records/notes/export", asked.clone()).await.expect_status(200);
        let file = fetch(&app, &job).await;
        assert_eq!(file.body, at_once.body, "{asked}");
        for header in ["content-type", "content-disposition"] {
            assert_eq!(file.header(header), at_once.header(header));
        }
        let told = &job["result"]["file"];
        let format = asked["format"].as_str().unwrap();
        assert_eq!(told["name"], format!("notes.{format}"));
        assert_eq!(json!([told["size"], told["rows"]]), json!([file.body.len(), 2]));
        file.expect_said("mine").expect_unsaid(&["another", "s3cret", "secret"]);
    }
    // Where the rule lets nobody list there is nothing, as at once.
    app.collection(json!({"name": "closed", "fields": [{"name": "title", "type": "text"}]})).await;
    app.rows("closed", [json!({"title": "nobody's"})]).await;
    let job = succeeded(&uma, &accepted(ask(&uma, "closed", json!({})).await)).await;
    assert_eq!(job["result"]["file"]["rows"], 0);
    fetch(&app, &job).await.expect_said("title").expect_unsaid(&["nobody"]);
}

#[tokio::test]
async fn what_is_wrong_is_told_at_once() {
    let app = builder().start().await;
    notes(&app, json!({"list": ""})).await;
    let uma = app.user("uma").await;
    ask(&uma, "none", json!({})).await.expect_status(404).expect_problem("not_found");
    ask(&uma, "notes", json!({"filter": "titel = 1"})).await.expect_problem("invalid_expression");
    ask(&uma, "notes", json!({"fields": ["secret"]})).await.expect_status(400);
    ask(&uma, "notes", json!({"fields": []})).await.expect_problem("validation_failed");
    ask(&uma, "notes", json!({"formt": "csv"})).await.expect_problem("validation_failed");
    // Nobody could look at the job of somebody who is not signed in.
    let answer = ask(&app.anonymous(), "notes", json!({})).await.expect_status(200);
    assert_eq!(answer.expect_no_header("preference-applied").media_type(), Some("text/csv"));
    assert_eq!(app.sql_value("select count(*) from annex.jobs").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn the_rights_are_those_of_the_time_when_it_runs() {
    let app = builder().start().await;
    notes(&app, json!({"list": "\"editor\" in @user.roles"})).await;
    app.rows("notes", [json!({"title": "for editors"})]).await;
    let (uma, ada) = (app.user("uma").await, app.user("ada").await);
    app.sql("update annex.users set roles = '{editor}' where email = 'uma@example.com'").await;
    pause(&app, true).await;
    let first = accepted(ask(&uma, "notes", json!({})).await);
    let second = accepted(ask(&ada, "notes", json!({})).await);
    app.sql("update annex.users set roles = '{}' where email = 'uma@example.com'").await;
    app.sql("update annex.users set roles = '{editor}' where email = 'ada@example.com'").await;
    pause(&app, false).await;
    let first = succeeded(&uma, &first).await;
    fetch(&app, &first).await.expect_unsaid(&["for editors"]);
    let second = succeeded(&ada, &second).await;
    fetch(&app, &second).await.expect_said("for editors");

    pause(&app, true).await;
    let third = accepted(ask(&ada, "notes", json!({})).await);
    let admin = app.admin().await;
    let disable = json!({"disabled": true});
    admin.patch(&format!("/v1/users/{}", ada.id()), disable).await.expect_status(200);
    pause(&app, false).await;
    let third = failed(&admin, &third, "account_gone").await;
    assert_eq!(third["attempt"], 1);
}

#[tokio::test]
async fn an_admin_who_acts_as_an_account_has_its_rights() {
    let app = builder().start().await;
    notes(&app, json!({"list": "owner = @user.id"})).await;
    let (uma, admin) = (app.user("uma").await, app.admin().await);
    let rows = [json!({"title": "uma's", "owner": uma.id()}), json!({"title": "nobody's"})];
    app.rows("notes", rows).await;
    let path = format!("/v1/users/{}/impersonate", uma.id());
    let acting = app.anonymous().signed_in(&admin.post(&path, json!({})).await.expect_status(200).json());
    pause(&app, true).await;
    let job = accepted(ask(&acting, "notes", json!({})).await);
    // Not even as an admin, which the account becomes meanwhile.
    app.sql("update annex.users set roles = '{admin}' where email = 'uma@example.com'").await;
    pause(&app, false).await;
    let job = succeeded(&acting, &job).await;
    fetch(&app, &job).await.expect_said("uma's").expect_unsaid(&["nobody's", "secret"]);
    pause(&app, true).await;
    let job = accepted(ask(&acting, "notes", json!({})).await);
    app.sql("update annex.users set roles = '{}' where email = 'admin@example.com'").await;
    app.sql("update annex.queues set paused = false; select pg_notify('annex_jobs', 'transfers')").await;
    failed(&uma.as_admin(), &job, "account_gone").await;
}

#[tokio::test]
async fn only_who_asked_and_admins_see_the_job() {
    let app = builder().start().await;
    notes(&app, json!({"list": ""})).await;
    let (uma, ada) = (app.user("uma").await, app.user("ada").await);
    app.sql("update annex.users set roles = '{worker}' where email = 'ada@example.com'").await;
    let job = accepted(ask(&uma, "notes", json!({})).await);
    succeeded(&uma, &job).await;
    let path = format!("/v1/jobs/{}", id(&job));
    ada.get(&path).await.expect_problem("not_found");
    ada.get(&format!("{path}?wait_seconds=5")).await.expect_problem("not_found");
    app.anonymous().get(&path).await.expect_problem("unauthenticated");
    assert_eq!(read(&app.admin().await, &job).await["result"]["file"]["rows"], 0);
    // And nothing else but the job.
    for more in ["/logs", "/events"] {
        uma.get(&format!("{path}{more}")).await.expect_problem("forbidden");
    }
    for more in ["/cancel", "/retry"] {
        uma.post(&format!("{path}{more}"), json!({})).await.expect_problem("forbidden");
    }
    uma.get("/v1/jobs").await.expect_problem("forbidden");
}

/// Other paths to a job than the route's.
#[tokio::test]
async fn nobody_says_in_whose_name_it_is_done() {
    let app = builder().start().await;
    notes(&app, json!({"list": "owner = @user.id"})).await;
    app.rows("notes", [json!({"title": "nobody's", "secret": "s3cret"})]).await;
    let (uma, admin) = (app.user("uma").await, app.admin().await);
    let by_hand = |args: Value| json!({"kind": "records.export", "args": args});
    let forged = json!({"collection": "notes", "caller": {"user": uma.id(), "impersonator": null}});
    admin.post("/v1/jobs", by_hand(forged.clone())).await.expect_problem("validation_failed");
    let batch = json!({"jobs": [{"job": by_hand(forged.clone())}]});
    admin.post("/v1/batches", batch).await.expect_problem("validation_failed");
    let asked =
        json!({"kind": "records.export", "args": {"collection": "notes", "fields": ["title", "secret"]}});
    uma.post("/v1/jobs", asked.clone()).await.expect_problem("forbidden");
    let mut more = forged;
    more["format"] = json!("ndjson");
    ask(&uma, "notes", more).await.expect_problem("validation_failed");

    // By hand it is done as an admin, whatever becomes of the one who asked for it.
    let job = admin.post("/v1/jobs", asked).await.expect_status(201).json();
    let job = succeeded(&admin, &job).await;
    fetch(&app, &job).await.expect_said("nobody's,s3cret");
    app.sql("update annex.users set roles = '{}' where email = 'admin@example.com'").await;
    let former = app.user("admin").await;
    let path = format!("/v1/jobs/{}", id(&job));
    app.eventually("the role is gone", async || former.get(&path).await.status == 404).await;
    app.anonymous().get(&super::link(&job)).await.expect_problem("forbidden");
}

#[tokio::test]
async fn a_schedule_exports_as_an_admin_whoever_made_it() {
    let app = builder().start().await;
    notes(&app, json!({"list": null})).await;
    app.rows("notes", [json!({"title": "for admins"})]).await;
    let (uma, admin) = (app.user("uma").await, app.admin().await);
    app.sql("update annex.users set roles = '{admin}' where email = 'uma@example.com'").await;
    let job = json!({"kind": "records.export", "args": {"collection": "notes"}});
    let path = "/v1/schedules/nightly";
    uma.as_admin().put(path, json!({"job": job, "every_seconds": 86400})).await.expect_status(201);
    admin.delete(&format!("/v1/users/{}", uma.id())).await.expect_status(204);
    let job = admin.request("POST", &format!("{path}/run")).await.expect_status(201).json();
    assert_eq!(job["schedule"], "nightly");
    let job = succeeded(&admin, &job).await;
    fetch(&app, &job).await.expect_said("for admins");
}

#[tokio::test]
async fn wrong_arguments_fail_for_good() {
    let app = builder().start().await;
    notes(&app, json!({"list": ""})).await;
    let admin = app.admin().await;
    for (args, code) in [
        (json!({"collection": "none"}), "not_found"),
        (json!({"collection": "notes", "filter": "titel = 1"}), "invalid_expression"),
        (json!({"collection": "notes", "sort": ["titel"]}), "invalid_parameter"),
    ] {
        let job = admin.post("/v1/jobs", json!({"kind": "records.export", "args": args})).await;
        let job = failed(&admin, &job.expect_status(201).json(), code).await;
        assert!(job["error"]["message"].as_str().is_some_and(|message| message.len() > 10), "{job}");
    }
    let typo =
        "select annex.enqueue('records.export', '{\"collection\": \"notes\", \"formt\": \"csv\"}')::text";
    let job = json!({"id": app.sql_value(typo).await.unwrap()});
    failed(&admin, &job, "invalid_arguments").await;
}

/// 10,000 rows of 1,000 characters, which nobody can read before the lock is gone.
async fn held_up(app: &TestApp) -> sqlx::PgConnection {
    let view = "create view public.held as select n, repeat('x', 1000) as title,
        (select pg_advisory_xact_lock_shared(77))::text as held from generate_series(1, 10000) n";
    adopt(app, "held", view, Settings::open().keyed(&["n"])).await;
    let mut other = app.database.connect().await;
    run(&mut other, "begin; select pg_advisory_xact_lock(77)").await;
    other
}

#[tokio::test]
async fn an_export_that_is_cancelled_leaves_nothing() {
    let app = builder().start().await;
    let uma = app.user("uma").await;
    let mut other = held_up(&app).await;
    let job = accepted(ask(&uma, "held", json!({})).await);
    one_waits(&app).await;
    let admin = app.admin().await;
    admin.post(&format!("/v1/jobs/{}/cancel", id(&job)), json!({})).await.expect_status(200);
    assert_eq!(ended(&uma, &job).await["state"], "cancelled");
    app.eventually("its statement is gone", async || {
        let waiting = format!("select count(*) {}", WAITING);
        app.sql_value(&waiting).await.as_deref() == Some("0")
    })
    .await;
    run(&mut other, "rollback").await;
    app.eventually("its file is given up", async || {
        let left = "select count(*) from annex.job_files where expires_at > '-infinity'";
        app.sql_value(left).await.as_deref() == Some("0")
    })
    .await;
}

#[tokio::test]
async fn an_attempt_whose_worker_was_lost_leaves_no_second_file() {
    let app = builder().start().await;
    let uma = app.user("uma").await;
    let mut other = held_up(&app).await;
    let job = accepted(ask(&uma, "held", json!({})).await);
    one_waits(&app).await;
    // The others think that the worker is dead.
    app.sql(
        "update annex.workers set expires_at = now() - interval '1 minute'; select annex.reclaim_leases()",
    )
    .await;
    app.eventually("another attempt has begun", async || read(&uma, &job).await["attempt"] != 1).await;
    run(&mut other, "rollback").await;
    let job = succeeded(&uma, &job).await;
    let (last, before) = job["attempts"].as_array().unwrap().split_last().unwrap();
    assert_eq!(last["outcome"], "succeeded");
    // Before it hears of it, it may take the job once more, and lose it again.
    assert!(!before.is_empty() && before.iter().all(|attempt| attempt["outcome"] == "lost"), "{job}");
    assert_eq!(job["result"]["file"]["rows"], 10000);
    let file = fetch(&app, &job).await;
    assert_eq!(json!(file.body.len()), job["result"]["file"]["size"]);
    assert_eq!(file.text().lines().count(), 10_001);
    annex::jobs::files::sweep(app.inside()).await.unwrap();
    let (files, chunks) = kept(&app).await;
    assert_eq!((files.as_str(), chunks), ("1", file.body.len().div_ceil(1 << 18).to_string()));
}

#[tokio::test]
async fn many_of_one_account_are_refused_and_wait_in_turn() {
    let app = TestApp::builder().start().await;
    notes(&app, json!({"list": ""})).await;
    let (uma, ada) = (app.user("uma").await, app.user("ada").await);
    for _ in 0..20 {
        accepted(ask(&uma, "notes", json!({})).await);
    }
    let refused = ask(&uma, "notes", json!({})).await.expect_status(429);
    refused.expect_problem("too_many_requests");
    accepted(ask(&ada, "notes", json!({})).await);
}

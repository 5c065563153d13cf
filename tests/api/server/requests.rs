//! `/v1/requests`

use std::time::Duration;

use annex_openapi::requests::LoggedRequest;
use annex_openapi::stats::Stats;
use annex_tests::{Client, TestApp};
use serde_json::{Value, json};
use sqlx::Connection;

/// The requests that the log has, the newest first, without what the harness itself asks.
async fn log(app: &TestApp, query: &str) -> Vec<LoggedRequest> {
    let answer = app.admin().await.get(&format!("/v1/requests?limit=1000&{query}")).await.expect_status(200);
    let items: Vec<LoggedRequest> = serde_json::from_value(json!(answer.items())).unwrap();
    items.into_iter().filter(|request| request.path != "/v1/openapi.json").collect()
}

fn paths(log: &[LoggedRequest]) -> Vec<&str> {
    log.iter().map(|request| request.path.as_str()).collect()
}

/// Everything that the database keeps of requests.
async fn kept(app: &TestApp) -> String {
    log(app, "").await;
    app.sql_value("select string_agg(r::text, '\n') from annex.requests r").await.unwrap_or_default()
}

async fn ask(client: &Client, path: &str) -> String {
    client.get(path).undocumented().await.header("x-request-id").unwrap().to_owned()
}

#[tokio::test]
async fn it_says_what_was_asked_by_whom_and_how_it_ended() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    app.collection(json!({
        "name": "notes",
        "fields": [{"name": "text", "type": "text", "required": true}],
        "rules": {"list": "", "view": "", "create": ""},
    }))
    .await;
    let id = ask(&ada, "/v1/records/notes?sort=-created_at&limit=5").await;
    let found = admin.get(&format!("/v1/requests/{id}")).await.expect_status(200).json();
    let expected = json!({
        "id": id, "request_id": id, "at": found["at"], "method": "GET", "path": "/v1/records/notes",
        "query": "sort=-created_at&limit=5", "route": "/v1/records/{collection}", "status": 200,
        "duration_ms": found["duration_ms"],
        "caller": {"id": ada.id(), "email": "ada@example.com", "impersonated_by": null},
        "address": "127.0.0.1", "problem": null,
        "instance": admin.get("/v1/server").await.json()["instance"],
    });
    assert_eq!(found, expected);
    assert!(found["duration_ms"].as_f64().is_some_and(|duration| duration > 0.0), "{found}");

    app.anonymous().post("/v1/records/notes", json!({"txt": "x"})).await.expect_status(422);
    app.anonymous().get("/v1/nothing").await.expect_status(404);
    let log = log(&app, "status=4xx").await;
    assert_eq!(paths(&log), ["/v1/nothing", "/v1/records/notes"], "the newest first");
    assert_eq!((log[0].route.as_deref(), log[0].caller.as_ref()), (None, None));
    let problem = json!(log[1].problem);
    assert_eq!(problem["code"], "validation_failed");
    let pointers: Vec<&Value> =
        problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/txt", "/text"]);
    assert_eq!(log[1].route.as_deref(), Some("/v1/records/{collection}"));

    app.sql("delete from annex.users where email = 'ada@example.com'").await;
    let found = admin.get(&format!("/v1/requests/{id}")).await.json();
    assert_eq!(found["caller"], json!({"id": ada.id(), "email": null, "impersonated_by": null}));
}

#[tokio::test]
async fn who_acts_as_another_is_named_too() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let token = admin.request("POST", &format!("/v1/users/{}/impersonate", ada.id())).await.json();
    let as_ada = app.anonymous().signed_in(&token);
    let id = ask(&as_ada, "/v1/auth/me").await;
    let caller = &admin.get(&format!("/v1/requests/{id}")).await.json()["caller"];
    assert_eq!(json!([caller["id"], caller["impersonated_by"]]), json!([ada.id(), admin.id()]));
}

#[tokio::test]
async fn who_only_watches_is_left_out() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let before = log(&app, "").await.len();
    for _ in 0..3 {
        app.anonymous().get("/healthz").await.expect_status(200);
        app.anonymous().get("/readyz").await.expect_status(200);
        app.anonymous().get("/metrics").undocumented().await.expect_status(200);
        admin.get("/v1/stats").await.expect_status(200);
        admin.get("/v1/requests").await.expect_status(200);
        admin.get("/v1/requests/nothing").await.expect_status(404);
    }
    let preflight = |origin: &str| {
        let preflight = app.anonymous().request("OPTIONS", "/v1/auth/me").undocumented();
        preflight.header("origin", origin).header("access-control-request-method", "GET")
    };
    preflight("http://127.0.0.1:3000").await.expect_status(200);
    assert_eq!(log(&app, "").await.len(), before);
    preflight("http://elsewhere.example").await.expect_status(400);
    assert_eq!(
        log(&app, "method=options").await[0].status,
        400,
        "a page that is not allowed to call is told of"
    );
}

#[tokio::test]
async fn it_is_read_by_page_and_by_what_matters() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    app.collection(json!({"name": "notes", "fields": [], "rules": {"list": ""}})).await;
    let start = log(&app, "").await[0].at;
    app.clock.advance(Duration::from_secs(60));
    let mut ids = Vec::new();
    for place in 0..7 {
        ids.push(ask(&app.anonymous(), &format!("/v1/records/notes?limit={}", place + 1)).await);
    }
    app.clock.advance(Duration::from_secs(60));
    ask(&ada, "/v1/auth/me").await;
    ask(&app.anonymous(), "/v1/records/notes?filter=title%20%3D%201").await;
    ask(&app.anonymous(), "/v1/records/NoSuchThing").await;
    app.anonymous().post("/v1/auth/refresh", json!({"refresh_token": "nonsense"})).await.expect_status(401);

    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let query = format!("/v1/requests?limit=3&path=/v1/records/notes&status=200{cursor}");
        let page = admin.get(&query).await.expect_status(200);
        pages.extend(page.items().into_iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page.json()["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    ids.reverse();
    assert_eq!(pages, ids);
    let page = admin.get("/v1/requests?limit=1").await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    admin.get(&format!("/v1/requests?status=404&cursor={cursor}")).await.expect_problem("invalid_cursor");

    for (query, expected) in [
        ("status=404".to_owned(), vec!["/v1/records/NoSuchThing"]),
        ("method=post&path=/v1/auth/refresh".to_owned(), vec!["/v1/auth/refresh"]),
        (format!("user={}", ada.id()), vec!["/v1/auth/me"]),
        ("search=nosuch".to_owned(), vec!["/v1/records/NoSuchThing"]),
        ("search=TITLE".to_owned(), vec!["/v1/records/notes"]),
        ("search=invalid_expression".to_owned(), vec!["/v1/records/notes"]),
        (format!("request_id={}", ids[2]), vec!["/v1/records/notes"]),
        ("request_id=nothing-of-this-name".to_owned(), vec![]),
        ("status=5xx".to_owned(), vec![]),
    ] {
        assert_eq!(paths(&log(&app, &query).await), expected, "{query}");
    }
    let moment = |at: time::OffsetDateTime| {
        json!(at.format(&time::format_description::well_known::Rfc3339).unwrap()).as_str().unwrap().to_owned()
    };
    let (since, until) = (start + Duration::from_secs(30), start + Duration::from_secs(90));
    let between = log(&app, &format!("since={}&until={}", moment(since), moment(until))).await;
    assert_eq!(between.len(), 7);
    assert!(log(&app, &format!("until={}", moment(since))).await.iter().all(|request| request.at < since));
    for wrong in ["status=ok", "user=ada", "since=now", "limit=0", "order=asc"] {
        admin.get(&format!("/v1/requests?{wrong}")).await.expect_problem("invalid_parameter");
    }
}

#[tokio::test]
async fn a_client_may_call_its_requests_as_it_likes() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for path in ["/v1/auth/me", "/v1/users"] {
        let request = app.anonymous().get(path).header("x-request-id", "checkout-42");
        request.await.expect_status(401).expect_header("x-request-id", "checkout-42");
    }
    let found = log(&app, "request_id=checkout-42").await;
    assert_eq!(paths(&found), ["/v1/users", "/v1/auth/me"]);
    assert_ne!(found[0].id, found[1].id);
    let last = admin.get("/v1/requests/checkout-42").await.expect_status(200).json();
    assert_eq!((&last["path"], &last["request_id"]), (&json!("/v1/users"), &json!("checkout-42")));
    let first = admin.get(&format!("/v1/requests/{}", found[1].id)).await.expect_status(200).json();
    assert_eq!(first["path"], "/v1/auth/me");
    admin.get("/v1/requests/0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f").await.expect_problem("not_found");
    admin.get("/v1/requests/%00").await.expect_problem("not_found");
}

#[tokio::test]
async fn no_secret_is_in_it() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    app.collection(
        json!({"name": "notes", "fields": [{"name": "flag", "type": "bool"}], "rules": {"create": ""}}),
    )
    .await;
    let anonymous = app.anonymous();
    let wrong = json!({"email": "ada@example.com", "password": "canary-password"});
    anonymous.post("/v1/auth/login", wrong).await.expect_status(401);
    for body in [
        json!({"email": "ada@example.com", "password": ["canary-in-list"]}),
        json!({"email": "ada@example.com", "password": {"canary": "canary-in-object"}}),
        json!({"email": "ada@example.com", "passwrod": "canary-misspelled"}),
        json!({"email": "bob@example.com", "password": "canary-weak"}),
    ] {
        for path in ["/v1/auth/login", "/v1/auth/register"] {
            let status = anonymous.post(path, body.clone()).await.status;
            assert!(status >= 400, "{path} {body}");
        }
    }
    anonymous
        .post("/v1/auth/refresh", json!({"refresh_token": "annex_refresh_canary0123456789abcdef"}))
        .await;
    let bootstrap = json!({"token": "annex_setup_canary0123456789abcdef", "email": "a@b.c", "password": "canary-first-admin"});
    anonymous.post("/v1/auth/bootstrap", bootstrap).await;
    let change = json!({"current_password": "canary-current-one", "new_password": "canary-new-and-long"});
    ada.post("/v1/auth/password", change).await.expect_status(422);
    anonymous.with_token("canary-bearer").get("/v1/auth/me").await.expect_status(401);
    ada.get("/v1/auth/me").header("x-api-key", "canary-header").header("cookie", "canary=cookie").await;
    anonymous
        .post("/v1/records/notes", json!({"flag": true, "note": "canary-body"}))
        .await
        .expect_status(422);
    let token = ada.token.clone().unwrap();
    for path in [
        "/v1/records/notes?access_token=canary-query".to_owned(),
        "/v1/records/notes?API_KEY=canary-query&limit=1".to_owned(),
        "/v1/records/notes?filter=reset_token%20%3D%20%22canary-filter%22".to_owned(),
        format!("/v1/records/notes?q={token}"),
        format!("/v1/records/notes?{token}"),
        format!("/v1/records/{token}"),
        format!("/v1/records/notes/{token}"),
        "/v1/files/annex_refresh_canary0123456789abcdef".to_owned(),
    ] {
        anonymous.get(&path).undocumented().await;
    }
    let kept = kept(&app).await;
    for secret in ["canary", "Bearer", "cookie", "argon2", token.as_str(), "seven quiet otters"] {
        assert!(!kept.contains(secret), "{secret} in {kept}");
    }
    assert!(kept.contains("access_token=redacted") && kept.contains("/v1/records/redacted"), "{kept}");
}

#[tokio::test]
async fn a_fault_is_noted_though_the_request_went_down_with_it() {
    async fn fail() -> actix_web::HttpResponse {
        panic!("canary: on purpose")
    }
    let routes = |config: &mut actix_web::web::ServiceConfig| {
        config.route("/fail", actix_web::web::get().to(fail));
    };
    let app = TestApp::builder().routes(routes).start().await;
    let id = ask(&app.anonymous(), "/fail?why=not").await;
    let found = &log(&app, "status=500").await[0];
    assert_eq!(
        (found.id.to_string(), found.path.as_str(), found.query.as_deref()),
        (id, "/fail", Some("why=not"))
    );
    assert_eq!(found.problem.as_ref().unwrap().code, "internal");
    assert!(!kept(&app).await.contains("canary"), "the cause is for the server's own log");
}

#[tokio::test]
async fn nothing_that_a_client_sends_keeps_others_out_of_it() {
    let app = TestApp::start().await;
    app.collection(json!({"name": "notes", "fields": [], "rules": {"create": ""}})).await;
    app.anonymous().post("/v1/records/notes", json!({"a\u{0}b": 1, "ü": 2})).await.expect_status(422);
    ask(&app.anonymous(), "/v1/records/%00%ff?x=%00&%ff=%zz").await;
    ask(&app.anonymous(), &format!("/v1/{}?{}", "p".repeat(4000), "q".repeat(9000))).await;
    let log = log(&app, "status=4xx").await;
    assert_eq!(log.len(), 3, "{log:?}");
    assert!(log[0].path.len() < 2100 && log[0].query.as_ref().is_some_and(|query| query.len() < 4100));
    assert_eq!(log[1].path, "/v1/records/%00%ff");
}

#[tokio::test]
async fn what_is_too_much_is_left_out_and_counted_and_failures_are_not() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.collection(json!({"name": "notes", "fields": [], "rules": {"list": ""}})).await;
    // What answers are held against is fetched before.
    app.anonymous().get("/v1/users").await.expect_status(401);
    log(&app, "").await;
    // Nobody writes meanwhile.
    let held = app.inside().request_log.unwritten.lock().await;
    for _ in 0..520 {
        app.anonymous().get("/v1/records/notes").await.expect_status(200);
    }
    for _ in 0..30 {
        app.anonymous().get("/v1/records/nothing").await.expect_status(404);
    }
    drop(held);
    let (left, failed) =
        (log(&app, "path=/v1/records/notes").await, log(&app, "path=/v1/records/nothing").await);
    assert_eq!((left.len() + failed.len(), failed.len()), (500, 30));
    app.clock.advance(Duration::from_secs(10));
    let stats: Stats = admin.get("/v1/stats").await.json_as();
    assert_eq!(stats.buckets.iter().map(|bucket| bucket.unlogged).sum::<u64>(), 50);
}

#[tokio::test]
async fn what_could_not_be_written_is_written_later() {
    let app = TestApp::builder().set("ANNEX_STATEMENT_TIMEOUT", "1s").start().await;
    let admin = app.admin().await;
    log(&app, "").await;
    let mut other = app.database.connect().await;
    let mut transaction = other.begin().await.unwrap();
    sqlx::query("lock table annex.requests in exclusive mode").execute(&mut *transaction).await.unwrap();
    app.anonymous().get("/v1/nothing").await.expect_status(404);
    let answer = admin.get("/v1/requests").await;
    assert!(answer.status >= 500, "{answer}");
    transaction.rollback().await.unwrap();
    assert_eq!(paths(&log(&app, "status=404").await), ["/v1/nothing"]);
}

#[tokio::test]
async fn old_requests_and_too_many_are_forgotten() {
    let app = TestApp::builder()
        .set("ANNEX_REQUEST_LOG_KEEP", "5m")
        .set("ANNEX_REQUEST_LOG_ROWS", "5")
        .start()
        .await;
    app.admin().await;
    let old = ask(&app.anonymous(), "/v1/old").await;
    log(&app, "").await;
    app.clock.advance(Duration::from_secs(301));
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.insert(0, ask(&app.anonymous(), "/v1/new").await);
    }
    log(&app, "").await;
    annex::requests::forget(app.inside()).await.unwrap();
    let found = log(&app, "path=/v1/").await;
    assert!(!found.iter().any(|request| request.id.to_string() == old), "{found:?}");
    assert_eq!(paths(&log(&app, "path=/v1/new").await).len(), 3);
    for _ in 0..4 {
        ids.insert(0, ask(&app.anonymous(), "/v1/new").await);
    }
    log(&app, "").await;
    annex::requests::forget(app.inside()).await.unwrap();
    let found: Vec<String> = log(&app, "").await.iter().map(|request| request.id.to_string()).collect();
    assert_eq!(found, ids[..5]);
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let app = TestApp::builder().set("ANNEX_REQUEST_LOG", "false").start().await;
    app.anonymous().get("/v1/nothing").await.expect_status(404);
    assert_eq!(log(&app, "").await, []);
    assert_eq!(kept(&app).await, "");
    assert_eq!(app.admin().await.get("/v1/server").await.json()["request_log"]["enabled"], false);
}

#[tokio::test]
async fn it_is_for_admins() {
    let app = TestApp::start().await;
    let id = ask(&app.anonymous(), "/v1/canary").await;
    for path in ["/v1/requests".to_owned(), format!("/v1/requests/{id}")] {
        let answer = app.anonymous().get(&path).await.expect_status(401);
        answer.expect_unsaid(&["canary", "items"]).expect_problem("unauthenticated");
        let answer = app.user("ada").await.get(&path).await.expect_status(403);
        answer.expect_unsaid(&["canary", "items"]).expect_problem("forbidden");
    }
}

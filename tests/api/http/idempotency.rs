//! `Idempotency-Key`

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use annex_tests::{Answer, Client, TestApp};
use futures_util::future::join_all;
use serde_json::{Value, json};

const PATH: &str = "/v1/records/notes";

async fn notebook() -> TestApp {
    let app = TestApp::start().await;
    app.collection(json!({
        "name": "notes",
        "fields": [{"name": "text", "type": "text", "required": true}],
        "rules": {"list": "", "view": "", "create": "", "update": "", "delete": ""}
    }))
    .await;
    app
}

async fn note(client: &Client, key: &str, text: &str) -> Answer {
    client.post(PATH, json!({"text": text})).header("idempotency-key", key).await
}

async fn kept(app: &TestApp) -> String {
    app.sql_value("select count(*) from annex.idempotency_keys").await.unwrap_or_default()
}

async fn count(app: &TestApp) -> String {
    app.sql_value("select count(*) from public.notes").await.unwrap_or_default()
}

#[tokio::test]
async fn the_same_request_again_has_the_same_answer_and_no_effect() {
    let app = notebook().await;
    let client = app.anonymous();
    let first = note(&client, "k", "a").await.expect_status(201).expect_no_header("idempotency-replayed");
    let again =
        note(&client, "k", "a").await.expect_status(201).expect_header("idempotency-replayed", "true");
    assert_eq!(again.body, first.body);
    for name in ["content-type", "location", "etag"] {
        assert!(first.header(name).is_some(), "{name}");
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    assert_eq!(count(&app).await, "1");

    let path = first.header("location").unwrap().to_owned();
    let change = |text: &str| client.patch(&path, json!({"text": text})).header("idempotency-key", "k");
    let changed = change("b").await.expect_status(200);
    client.patch(&path, json!({"text": "c"})).await.expect_status(200);
    assert_eq!(change("b").await.expect_status(200).body, changed.body);
    assert_eq!(client.get(&path).await.json()["text"], "c");
}

#[tokio::test]
async fn a_problem_is_told_again_under_its_own_request() {
    let app = notebook().await;
    let client = app.anonymous();
    let bad = json!({"text": 5});
    for replayed in [false, true] {
        let answer = client.post(PATH, bad.clone()).header("idempotency-key", "k").await.expect_status(422);
        assert_eq!(answer.expect_problem("validation_failed").errors[0].pointer, "/text");
        assert_eq!(answer.header("idempotency-replayed").is_some(), replayed, "{answer}");
    }
}

#[tokio::test]
async fn another_request_with_the_key_is_refused() {
    let app = notebook().await;
    let client = app.anonymous();
    note(&client, "k", "a").await.expect_status(201);
    note(&client, "k", "b").await.expect_status(422).expect_problem("idempotency_mismatch");
    let minimal = client.post(PATH, json!({"text": "a"})).header("prefer", "return=minimal");
    minimal.header("idempotency-key", "k").await.expect_status(422).expect_problem("idempotency_mismatch");
    assert_eq!(count(&app).await, "1");
}

#[tokio::test]
async fn a_key_is_the_callers_own_and_the_routes() {
    let app = notebook().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let mut ids = Vec::new();
    for client in [app.anonymous(), ada.clone(), bob] {
        let answer =
            note(&client, "k", "a").await.expect_status(201).expect_no_header("idempotency-replayed");
        ids.push(answer.json()["id"].clone());
    }
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
    let operations =
        json!({"operations": [{"method": "create", "collection": "notes", "body": {"text": "a"}}]});
    for _ in 0..2 {
        let batch = ada.post("/v1/batch", operations.clone()).header("idempotency-key", "k").await;
        batch.expect_status(200);
    }
    assert_eq!(count(&app).await, "4");
}

#[tokio::test]
async fn tokens_are_not_kept_however_the_path_is_written() {
    let app = notebook().await;
    app.user("ada").await;
    let body = json!({"email": "ada@example.com", "password": "seven quiet otters"});
    for path in ["/v1/auth/login", "/v1/%61uth/login", "/%76%31/auth/login"] {
        for _ in 0..2 {
            let login =
                app.anonymous().post(path, body.clone()).undocumented().header("idempotency-key", "k");
            login.await.expect_status(200).expect_no_header("idempotency-replayed");
        }
    }
    assert_eq!(kept(&app).await, "0");
    // However it is written, it is one route.
    for (path, replayed) in [(PATH, false), ("/v1/rec%6frds/notes", true)] {
        let answer = app.anonymous().post(path, json!({"text": "a"})).undocumented();
        let answer = answer.header("idempotency-key", "k").await.expect_status(201);
        assert_eq!(answer.header("idempotency-replayed").is_some(), replayed, "{answer}");
    }
    assert_eq!(count(&app).await, "1");
}

#[tokio::test]
async fn what_nobody_is_to_store_is_not_kept() {
    fn routes(config: &mut ServiceConfig) {
        let secret = || async {
            HttpResponse::Ok().insert_header(("cache-control", "private, No-Store")).body("a secret")
        };
        config.route("/v1/secret", web::post().to(secret));
    }
    let app = TestApp::builder().routes(routes).start().await;
    for _ in 0..2 {
        let answer = app.anonymous().post("/v1/secret", json!({})).undocumented();
        let answer = answer.header("idempotency-key", "k").await.expect_status(200);
        answer.expect_no_header("idempotency-replayed");
    }
    assert_eq!(kept(&app).await, "0");
}

#[tokio::test]
async fn a_hundred_at_once_have_one_effect() {
    let app = notebook().await;
    let client = app.anonymous();
    let answers = join_all((0..100).map(|_| note(&client, "k", "a"))).await;
    let (made, others): (Vec<Answer>, Vec<Answer>) =
        answers.into_iter().partition(|answer| answer.status == 201);
    assert!(!made.is_empty());
    assert!(made.iter().all(|answer| answer.body == made[0].body));
    for other in others {
        if other.status == 503 {
            continue;
        }
        other.expect_status(409).expect_header("retry-after", "1").expect_problem("idempotency_in_flight");
    }
    assert_eq!(count(&app).await, "1");
}

#[tokio::test]
async fn a_key_is_free_again_after_a_day() {
    let app = notebook().await;
    let client = app.anonymous();
    note(&client, "k", "a").await.expect_status(201);
    app.clock.advance(Duration::from_secs(23 * 60 * 60));
    note(&client, "k", "b").await.expect_status(422);
    app.clock.advance(Duration::from_secs(60 * 60 + 1));
    note(&client, "k", "b").await.expect_status(201).expect_no_header("idempotency-replayed");
    assert_eq!(count(&app).await, "2");
}

#[tokio::test]
async fn a_key_whose_server_died_is_free_after_its_lease() {
    let app = notebook().await;
    let client = app.anonymous();
    note(&client, "k", "a").await.expect_status(201);
    // As a server leaves it that dies in the middle.
    app.sql(
        "update annex.idempotency_keys set status = null, headers = null, body = null;
         delete from public.notes",
    )
    .await;
    note(&client, "k", "a").await.expect_status(409).expect_problem("idempotency_in_flight");
    app.clock.advance(Duration::from_secs(16));
    note(&client, "k", "b").await.expect_status(422);
    note(&client, "k", "a").await.expect_status(201).expect_no_header("idempotency-replayed");
    assert_eq!(count(&app).await, "1");
}

#[tokio::test]
async fn the_work_goes_on_where_the_client_has_gone() {
    let app = notebook().await;
    let mut connection = app.database.connect().await;
    sqlx::raw_sql("begin; lock table public.notes").execute(&mut connection).await.unwrap();
    let impatient =
        reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(400)).build().unwrap();
    let request = impatient.post(format!("http://{}{PATH}", app.address())).json(&json!({"text": "a"}));
    request.header("idempotency-key", "k").send().await.expect_err("it does not wait");
    let client = app.anonymous();
    note(&client, "k", "a").await.expect_status(409).expect_problem("idempotency_in_flight");
    sqlx::raw_sql("commit").execute(&mut connection).await.unwrap();
    app.eventually("the answer is there", || async { note(&client, "k", "a").await.status == 201 }).await;
    assert_eq!(count(&app).await, "1");
}

#[tokio::test]
async fn a_failure_of_the_server_leaves_the_key_free() {
    let app = TestApp::builder().set("ANNEX_STATEMENT_TIMEOUT", "1").start().await;
    let client = app.anonymous();
    app.collection(json!({
        "name": "notes", "fields": [{"name": "text", "type": "text"}], "rules": {"create": "", "view": ""}
    }))
    .await;
    let mut connection = app.database.connect().await;
    sqlx::raw_sql("begin; lock table public.notes").execute(&mut connection).await.unwrap();
    note(&client, "k", "a").await.expect_status(504).expect_problem("statement_timeout");
    sqlx::raw_sql("commit").execute(&mut connection).await.unwrap();
    note(&client, "k", "a").await.expect_status(201).expect_no_header("idempotency-replayed");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_kept_but_its_effect_stays_one() {
    let app = notebook().await;
    let client = app.anonymous();
    let text = "x".repeat((1 << 20) + 1);
    note(&client, "k", &text).await.expect_status(201);
    let again = note(&client, "k", &text).await.expect_status(409);
    assert_eq!(again.problem().code, "conflict");
    assert_eq!(count(&app).await, "1");
}

#[tokio::test]
async fn wrong_keys_are_refused_and_other_methods_have_none() {
    let app = notebook().await;
    let client = app.anonymous();
    for key in ["", "with space", &"k".repeat(256)] {
        note(&client, key, "a").await.expect_status(400).expect_problem("bad_request");
    }
    let twice = client.post(PATH, json!({"text": "a"})).header("idempotency-key", "a");
    twice.header("idempotency-key", "b").await.expect_status(400);
    note(&client, &"k".repeat(255), "a").await.expect_status(201);
    client.get(PATH).header("idempotency-key", "with space").await.expect_status(200);
    let credentials = json!({"email": "nobody@example.com", "password": "no such password"});
    for _ in 0..2 {
        let login = client.post("/v1/auth/login", credentials.clone()).header("idempotency-key", "k").await;
        login.expect_status(401).expect_no_header("idempotency-replayed");
    }
}

#[tokio::test]
async fn requests_without_a_key_keep_nothing() {
    let app = notebook().await;
    let made: Value = app.anonymous().post(PATH, json!({"text": "a"})).await.expect_status(201).json();
    assert_eq!(made["text"], "a");
    let kept = app.sql_value("select count(*) from annex.idempotency_keys").await;
    assert_eq!(kept.as_deref(), Some("0"));
}

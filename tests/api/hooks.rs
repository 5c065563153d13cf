//! `/v1/hooks`, and what programs that are asked do to writes.

use std::sync::{Arc, Mutex};

use actix_web::web::{Bytes, Data, Path, ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use annex_tests::{Answer, Client, TestApp};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// What the programs were asked: the headers that sign, the bytes, and the same as JSON.
type Asked = Arc<Mutex<Vec<(Vec<String>, Bytes, Value)>>>;

async fn answer(request: HttpRequest, how: Path<String>, body: Bytes, asked: Data<Asked>) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
    let signed = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header).to_vec();
    let json: Value = serde_json::from_slice(&body).unwrap();
    let count = json["records"].as_array().unwrap().len();
    asked.lock().unwrap().push((signed, body, json));
    match how.as_str() {
        "agree" => HttpResponse::NoContent().finish(),
        "shout" => {
            let records: Vec<Value> = (0..count)
                .map(|index| if index == 0 { json!({"body": {"name": "LOUD", "n": 1}}) } else { Value::Null })
                .collect();
            HttpResponse::Ok().json(json!({"records": records}))
        }
        "hide" => HttpResponse::Ok().json(json!({"records": [{"body": {"name": "x", "secret": "mine"}}]})),
        "refuse" => {
            HttpResponse::Ok().json(json!({"refuse": {
            "index": count - 1, "detail": "Not that one", "errors": [{"pointer": "/name", "detail": "No"}]}}))
        }
        "fail" => HttpResponse::InternalServerError().body("a secret of the program"),
        "babble" => HttpResponse::Ok().json(json!({"decision": "allow"})),
        "few" => HttpResponse::Ok().json(json!({"records": []})),
        _ => {
            tokio::time::sleep(std::time::Duration::from_secs(20)).await;
            HttpResponse::NoContent().finish()
        }
    }
}

async fn start() -> (TestApp, Asked) {
    let asked = Asked::default();
    let shared = Data::new(Arc::clone(&asked));
    let routes = move |config: &mut ServiceConfig| {
        config.service(resource("/test/{how}").app_data(shared.clone()).route(post().to(answer)));
    };
    let app = TestApp::builder().set("ANNEX_OUTBOUND_ALLOW", "127.0.0.1").routes(routes).start().await;
    app.collection(json!({
        "name": "things",
        "fields": [
            {"name": "name", "type": "text", "required": true},
            {"name": "n", "type": "numeric"},
            {"name": "secret", "type": "text", "hidden": true}
        ],
        "rules": {"list": "", "view": "", "create": "", "update": "", "delete": ""}
    }))
    .await;
    (app, asked)
}

async fn put(app: &TestApp, name: &str, how: &str, mut hook: Value) -> Value {
    hook["url"] = json!(format!("http://{}/test/{how}", app.address()));
    let admin = app.admin().await;
    admin.request("PUT", &format!("/v1/hooks/{name}")).json(&hook).await.expect_status(201).json()
}

const THINGS: &str = "/v1/records/things";

async fn things(app: &TestApp) -> String {
    let names = "select coalesce(string_agg(name || coalesce(' ' || n, ''), ',' order by name), '') from public.things";
    app.sql_value(names).await.unwrap()
}

fn last(asked: &Asked) -> Value {
    asked.lock().unwrap().last().unwrap().2.clone()
}

#[tokio::test]
async fn a_hook_is_made_changed_and_forgotten_by_admins_alone() {
    let (app, _) = start().await;
    let admin = app.admin().await;
    let made = put(&app, "check", "agree", json!({"events": ["create"], "collection": "things"})).await;
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(
        (&made["timeout_ms"], &made["on_failure"], &made["enabled"]),
        (&json!(5000), &json!("refuse"), &json!(true))
    );
    let read = admin.get("/v1/hooks/check").await.expect_status(200).json();
    assert_eq!(read["secret"], Value::Null, "a secret is told once");
    let changed = admin.patch("/v1/hooks/check", json!({"collection": null, "timeout_ms": 200})).await;
    let changed = changed.expect_status(200).json();
    assert_eq!(
        (&changed["collection"], &changed["timeout_ms"], &changed["secret"]),
        (&Value::Null, &json!(200), &Value::Null)
    );
    assert_eq!(json!(admin.get("/v1/hooks").await.items()), json!([changed]));
    let again = json!({"events": ["delete"], "url": "https://example.com/"});
    let again = admin.request("PUT", "/v1/hooks/check").json(&again).await.expect_status(200).json();
    assert_eq!((&again["events"], &again["secret"]), (&json!(["delete"]), &Value::Null));
    let rotated = admin.post("/v1/hooks/check/rotate", json!({})).await.expect_status(200).json();
    assert!(rotated["secret"].as_str().is_some_and(|secret| made["secret"] != secret));

    for (wrong, pointer) in [
        (json!({"events": [], "url": "https://example.com"}), "/events"),
        (json!({"events": ["create"], "url": "ftp://example.com"}), "/url"),
        (json!({"events": ["create"], "url": "https://ada:pw@example.com"}), "/url"),
        (json!({"events": ["create"], "url": "https://example.com", "timeout_ms": 99}), "/timeout_ms"),
        (json!({"events": ["create"], "url": "https://example.com", "collection": "nothing"}), "/collection"),
    ] {
        let answer = admin.request("PUT", "/v1/hooks/other").json(&wrong).await;
        assert_eq!(answer.expect_problem("validation_failed").errors[0].pointer, pointer, "{wrong}");
    }
    let ask = |client: &Client, method: &str, path: &str| {
        let request = client.request(method, path);
        if matches!(method, "GET" | "DELETE") {
            request
        } else {
            request.json(&json!({"events": ["create"], "url": "https://a.example"}))
        }
    };
    for (method, path) in [
        ("GET", "/v1/hooks"),
        ("GET", "/v1/hooks/check"),
        ("PUT", "/v1/hooks/check"),
        ("PATCH", "/v1/hooks/check"),
        ("DELETE", "/v1/hooks/check"),
        ("POST", "/v1/hooks/check/rotate"),
    ] {
        ask(&app.anonymous(), method, path).await.expect_problem("unauthenticated");
        ask(&app.user("ada").await, method, path).await.expect_problem("forbidden");
    }
    admin.delete("/v1/hooks/check").await.expect_status(204);
    for (method, path) in [("GET", "/v1/hooks/check"), ("DELETE", "/v1/hooks/check"), ("GET", "/v1/hooks/No")]
    {
        ask(&admin, method, path).await.expect_problem("not_found");
    }
}

#[tokio::test]
async fn what_is_asked_is_signed_and_whole() {
    let (app, asked) = start().await;
    let hook = put(
        &app,
        "check",
        "agree",
        json!({"events": ["create", "update", "delete"], "collection": "things"}),
    )
    .await;
    let ada = app.user("ada").await;
    let made = ada.post(THINGS, json!({"name": "a", "n": "1.50"})).await.expect_status(201).json();
    let me = ada.get("/v1/auth/me").await.json();
    let caller = json!({"id": me["id"], "email": "ada@example.com", "verified": false, "roles": []});
    let expected = json!({"hook": "check", "method": "create", "collection": "things", "caller": caller,
        "records": [{"id": null, "body": {"name": "a", "n": "1.50"}}]});
    assert_eq!(last(&asked), expected);
    let (signed, bytes, _) = asked.lock().unwrap().last().unwrap().clone();
    let secret = STANDARD.decode(&hook["secret"].as_str().unwrap()["whsec_".len()..]).unwrap();
    let at = time::OffsetDateTime::from_unix_timestamp(signed[1].parse().unwrap()).unwrap();
    let headers = annex::outbound::sign(&[&secret], &signed[0], at, &bytes);
    assert_eq!(headers["webhook-signature"], signed[2].as_str());

    let path = format!("{THINGS}/{}", made["id"].as_str().unwrap());
    ada.request("PUT", &path).json(&json!({"name": "b"})).await.expect_status(200);
    assert_eq!(
        (&last(&asked)["method"], &last(&asked)["records"]),
        (&json!("replace"), &json!([{"id": made["id"], "body": {"name": "b"}}]))
    );
    app.anonymous().delete(&path).await.expect_status(204);
    assert_eq!(
        (&last(&asked)["caller"], &last(&asked)["records"]),
        (&Value::Null, &json!([{"id": made["id"], "body": {}}]))
    );
    assert_eq!(asked.lock().unwrap().len(), 3, "each write is asked about once");
}

#[tokio::test]
async fn what_is_wrong_or_denied_anyway_is_not_asked_about() {
    let (app, asked) = start().await;
    app.collection(json!({"name": "closed", "fields": [{"name": "n", "type": "int"}]})).await;
    put(&app, "all", "agree", json!({"events": ["create", "update", "delete"]})).await;
    put(&app, "off", "fail", json!({"events": ["create"], "enabled": false})).await;
    let ada = app.user("ada").await;
    ada.post("/v1/records/closed", json!({"n": 1})).await.expect_problem("forbidden");
    ada.post(THINGS, json!({"name": 1})).await.expect_problem("validation_failed");
    ada.patch(&format!("{THINGS}/nothing"), json!({"name": "x"})).await.expect_problem("not_found");
    assert!(asked.lock().unwrap().is_empty());
    ada.post(THINGS, json!({"name": "a"})).await.expect_status(201);
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_may_change_what_is_written() {
    let (app, _) = start().await;
    put(&app, "shout", "shout", json!({"events": ["create"], "collection": "things"})).await;
    let ada = app.user("ada").await;
    let made = ada.post(THINGS, json!({"name": "quiet"})).await.expect_status(201).json();
    assert_eq!((&made["name"], &made["n"]), (&json!("LOUD"), &json!("1")));
    let operations = r#"{"operations": [
        {"method": "create", "collection": "things", "body": {"name": "a", "n": 2.50}},
        {"method": "create", "collection": "things", "body": {"name": "b", "n": 2.50}}]}"#;
    ada.request("POST", "/v1/batch").body("application/json", operations).await.expect_status(200);
    assert_eq!(things(&app).await, "LOUD 1,LOUD 1,b 2.50", "what is left alone keeps every digit");
    // A number that the program could not read is refused before it is asked.
    for (path, body, pointer) in [
        (THINGS, r#"{"name": "large", "n": 1e400}"#.to_owned(), "/n"),
        ("/v1/batch", operations.replace("2.50", "1e400"), "/operations/0/body/n"),
    ] {
        let refused = ada.request("POST", path).body("application/json", body).await;
        assert_eq!(refused.expect_problem("validation_failed").errors[0].pointer, pointer);
    }
    // What others of the batch refer to stays what it was.
    app.collection(json!({
        "name": "parts", "fields": [{"name": "of", "type": "relation", "collection": "things", "required": true}],
        "rules": {"list": "", "view": "", "create": ""}
    }))
    .await;
    let operations = json!({"operations": [
        {"method": "create", "collection": "things", "body": {"name": "whole"}},
        {"method": "create", "collection": "parts", "body": {"of": {"$result": "0.id"}}}]});
    let results = ada.post("/v1/batch", operations).await.expect_status(200).json()["results"].clone();
    assert_eq!(results[0]["record"]["name"], "LOUD");
    assert_eq!(results[1]["record"]["of"], results[0]["id"]);
    // The program has no more rights than the caller.
    put(&app, "shout-too", "hide", json!({"events": ["update"], "collection": "things"})).await;
    let path = format!("{THINGS}/{}", made["id"].as_str().unwrap());
    ada.patch(&path, json!({"name": "y"})).await.expect_problem("validation_failed");
}

#[tokio::test]
async fn a_refusal_is_told_where_it_belongs() {
    let (app, asked) = start().await;
    put(&app, "no", "refuse", json!({"events": ["create"], "collection": "things"})).await;
    let ada = app.user("ada").await;
    let told = |answer: Answer| {
        let problem = answer.expect_problem("refused");
        (problem.detail.clone(), problem.errors[0].pointer.clone())
    };
    let alone = told(ada.post(THINGS, json!({"name": "a"})).await);
    assert_eq!(alone, ("Not that one".to_owned(), "/name".to_owned()));
    let create = json!({"method": "create", "collection": "things", "body": {"name": "a"}});
    let job = json!({"method": "enqueue", "job": {"kind": "mail"}});
    let batch = app.admin().await.post("/v1/batch", json!({"operations": [create, job, create]})).await;
    assert_eq!(
        told(batch),
        ("Operation 2, create in `things`: Not that one".to_owned(), "/operations/2/body/name".to_owned())
    );
    assert_eq!(last(&asked)["records"].as_array().unwrap().len(), 2, "a batch asks once");
    assert_eq!(things(&app).await, "");
    assert_eq!(app.sql_value("select count(*) from annex.jobs").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn a_program_that_does_not_answer_holds_up_or_not_as_it_is_said() {
    let (app, _) = start().await;
    let ada = app.user("ada").await;
    for how in ["fail", "babble", "few", "sleep"] {
        let hook = json!({"events": ["create"], "collection": "things", "timeout_ms": 300});
        put(&app, "closed", how, hook).await;
        let answer = ada.post(THINGS, json!({"name": how})).await;
        answer.expect_problem("hook_failed");
        answer.expect_status(502).expect_unsaid(&["a secret of the program", "/test/"]);
        assert_eq!(things(&app).await, "");
        app.admin().await.patch("/v1/hooks/closed", json!({"on_failure": "allow"})).await.expect_status(200);
        ada.post(THINGS, json!({"name": how})).await.expect_status(201);
        app.sql("delete from public.things").await;
        app.admin().await.delete("/v1/hooks/closed").await.expect_status(204);
    }
    // Where it may not be called at all.
    let hook = json!({"events": ["create"], "url": "http://169.254.169.254/latest"});
    app.admin().await.request("PUT", "/v1/hooks/inside").json(&hook).await.expect_status(201);
    ada.post(THINGS, json!({"name": "a"})).await.expect_problem("hook_failed");
}

#[tokio::test]
async fn who_registers_is_asked_about_without_the_password() {
    let (app, asked) = start().await;
    app.admin().await;
    put(&app, "door", "agree", json!({"events": ["register"]})).await;
    app.user("ada").await;
    let expected = json!({"hook": "door", "method": "register", "collection": "users", "caller": null,
        "records": [{"id": null, "body": {"email": "ada@example.com", "display_name": "ada"}}]});
    assert_eq!(last(&asked), expected);
    app.admin().await.delete("/v1/hooks/door").await.expect_status(204);
    put(&app, "door", "refuse", json!({"events": ["register"]})).await;
    let body = json!({"email": "bob@example.com", "password": "seven quiet otters"});
    app.anonymous().post("/v1/auth/register", body.clone()).await.expect_problem("refused");
    app.anonymous().post("/v1/auth/login", body).await.expect_problem("invalid_credentials");
}

#[tokio::test]
async fn a_hook_that_another_program_made_is_heard_of() {
    let (app, asked) = start().await;
    put(&app, "first", "agree", json!({"events": ["delete"]})).await;
    app.sql("update annex.hooks set events = '{create}'").await;
    let ada = app.user("ada").await;
    app.eventually("it is asked", || async {
        ada.post(THINGS, json!({"name": "a"})).await.expect_status(201);
        !asked.lock().unwrap().is_empty()
    })
    .await;
    app.sql("drop table public.things cascade; delete from annex.collections where name = 'things'").await;
    assert_eq!(app.sql_value("select count(*) from annex.hooks").await.as_deref(), Some("1"));
}

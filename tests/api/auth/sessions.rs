//! `/v1/sessions`

use annex_tests::{Client, TestApp};
use serde_json::{Value, json};

use super::{NEVER, login, refresh};

async fn again(app: &TestApp) -> (Client, Value) {
    let tokens = login(app, "ada@example.com", "seven quiet otters").await.expect_status(200).json();
    (app.anonymous().signed_in(&tokens), tokens)
}

#[tokio::test]
async fn ones_own_sessions_are_listed_and_no_others() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (second, _) = again(&app).await;
    let answer = second.get("/v1/sessions").await.expect_status(200).expect_unsaid(NEVER);
    let current: Vec<Value> = answer.items().iter().map(|session| session["current"].clone()).collect();
    assert_eq!(current, [json!(true), json!(false)], "the newest first");
    assert_eq!(answer.items()[0]["address"], "127.0.0.1");
    assert_eq!(bob.get("/v1/sessions").await.items().len(), 1);
    app.anonymous().get("/v1/sessions").await.expect_status(401);

    let first_page = ada.get("/v1/sessions?limit=1").await.expect_status(200);
    let cursor = first_page.json()["next_cursor"].as_str().unwrap().to_owned();
    let last_page = ada.get(&format!("/v1/sessions?limit=1&cursor={cursor}")).await.expect_status(200);
    assert_eq!(last_page.json()["next_cursor"], Value::Null);
    assert_eq!([first_page.items(), last_page.items()].concat().len(), 2);
    assert_ne!(first_page.items()[0]["id"], last_page.items()[0]["id"]);
    let foreign = bob.get(&format!("/v1/sessions?cursor={cursor}")).await.expect_status(400);
    foreign.expect_problem("invalid_cursor");
}

#[tokio::test]
async fn one_session_is_ended_and_the_others_go_on() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (second, tokens) = again(&app).await;
    second.get("/v1/auth/me").await.expect_status(200);
    let id = second.get("/v1/sessions").await.items()[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/sessions/{id}");
    bob.delete(&path).await.expect_status(404).expect_problem("not_found");
    second.get("/v1/auth/me").await.expect_status(200);
    ada.delete(&path).await.expect_status(204);
    second.get("/v1/auth/me").await.expect_status(401).expect_problem("invalid_token");
    refresh(&app, &tokens["refresh_token"]).await.expect_status(401);
    ada.delete(&path).await.expect_status(404);
    ada.delete("/v1/sessions/nonsense").await.expect_status(404);
    ada.get("/v1/auth/me").await.expect_status(200);
    assert_eq!(ada.get("/v1/sessions").await.items().len(), 1);
}

#[tokio::test]
async fn all_others_are_ended_at_once() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (second, tokens) = again(&app).await;
    let (third, _) = again(&app).await;
    for client in [&second, &third] {
        client.get("/v1/auth/me").await.expect_status(200);
    }
    ada.delete("/v1/sessions").await.expect_status(204);
    for client in [&second, &third] {
        client.get("/v1/auth/me").await.expect_status(401);
    }
    refresh(&app, &tokens["refresh_token"]).await.expect_status(401);
    ada.get("/v1/auth/me").await.expect_status(200);
    bob.get("/v1/auth/me").await.expect_status(200);
}

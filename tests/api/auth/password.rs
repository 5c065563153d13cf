//! `POST /v1/auth/password`

use annex_tests::TestApp;
use serde_json::json;

use super::{NEVER, login, refresh};

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let tokens = login(&app, "ada@example.com", "seven quiet otters").await.json();
    let elsewhere = app.anonymous().signed_in(&tokens);
    elsewhere.get("/v1/auth/me").await.expect_status(200);
    let change = json!({"current_password": "seven quiet otters", "new_password": "eleven loud herons"});
    ada.post("/v1/auth/password", change.clone()).await.expect_status(204);
    elsewhere.get("/v1/auth/me").await.expect_status(401).expect_problem("invalid_token");
    refresh(&app, &tokens["refresh_token"]).await.expect_status(401);
    ada.get("/v1/auth/me").await.expect_status(200);
    login(&app, "ada@example.com", "seven quiet otters").await.expect_status(401);
    login(&app, "ada@example.com", "eleven loud herons").await.expect_status(200);
    app.anonymous()
        .post("/v1/auth/password", change)
        .await
        .expect_status(401)
        .expect_problem("unauthenticated");
}

#[tokio::test]
async fn the_current_password_is_asked_for_and_the_new_one_must_be_good() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    for (current, new, pointer) in [
        ("another quiet otter", "eleven loud herons", "/current_password"),
        ("seven quiet otters", "short", "/new_password"),
        ("seven quiet otters", "ada@example.com ada@example.com", "/new_password"),
    ] {
        let change = json!({"current_password": current, "new_password": new});
        let answer = ada.post("/v1/auth/password", change).await.expect_status(422).expect_unsaid(NEVER);
        assert_eq!(answer.expect_problem("validation_failed").errors[0].pointer, pointer);
        answer.expect_unsaid(&[current, new]);
    }
    login(&app, "ada@example.com", "seven quiet otters").await.expect_status(200);
}

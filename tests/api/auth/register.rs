//! `POST /v1/auth/register`

use annex_tests::TestApp;
use serde_json::json;

use super::{NEVER, login};

#[tokio::test]
async fn an_account_is_made_and_signed_in() {
    let app = TestApp::start().await;
    let body = json!({"email": "Ada@Example.com", "password": "seven quiet otters", "display_name": "Ada"});
    let answer = app.anonymous().post("/v1/auth/register", body).await;
    let answer = answer.expect_status(201).expect_header("cache-control", "no-store").expect_unsaid(NEVER);
    let made = answer.json();
    assert_eq!(made["token_type"], "Bearer");
    assert_eq!(made["expires_in"], 600);
    assert_eq!(made["user"]["email"], "Ada@Example.com");
    assert_eq!(made["user"]["roles"], json!([]));
    assert_eq!(made["user"]["verified"], false);

    let me =
        app.anonymous().signed_in(&made).get("/v1/auth/me").await.expect_status(200).expect_unsaid(NEVER);
    assert_eq!(me.json(), made["user"]);
    login(&app, "ada@EXAMPLE.com", "seven quiet otters").await.expect_status(200).expect_unsaid(NEVER);
}

#[tokio::test]
async fn nobody_gives_themselves_what_only_admins_give() {
    let app = TestApp::start().await;
    for (member, value) in [
        ("roles", json!(["admin"])),
        ("role", json!("admin")),
        ("id", json!("01a2061b-badb-741c-bdbb-1b78dd83a593")),
        ("verified", json!(true)),
        ("disabled", json!(false)),
        ("password_hash", json!("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAA")),
        ("org", json!("acme")),
    ] {
        let mut body = json!({"email": "eve@example.com", "password": "seven quiet otters"});
        body[member] = value;
        let answer = app.anonymous().post("/v1/auth/register", body).await.expect_status(422);
        assert_eq!(answer.expect_problem("validation_failed").errors[0].pointer, format!("/{member}"));
    }
    assert_eq!(app.sql_value("select count(*) from annex.users").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn an_address_has_one_account_also_under_a_race() {
    let app = TestApp::start().await;
    let tries = (0..12).map(|i| {
        let email = if i % 2 == 0 { "ada@example.com" } else { "ADA@example.com" };
        app.anonymous()
            .post("/v1/auth/register", json!({"email": email, "password": "seven quiet otters"}))
            .into_future()
    });
    let answers = futures_util::future::join_all(tries).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1);
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(refused.status, 409);
        assert_eq!(refused.expect_problem("email_taken").errors[0].pointer, "/email");
        refused.clone().expect_unsaid(NEVER).expect_unsaid(&["users_email_key", "duplicate key"]);
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_for_every_member_at_once() {
    let app = TestApp::start().await;
    let body = json!({"email": "ada", "password": "short", "display_name": ""});
    let answer = app.anonymous().post("/v1/auth/register", body).await.expect_status(422);
    let problem = answer.expect_problem("validation_failed");
    let pointers: Vec<&str> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/email", "/password", "/display_name"]);
    for password in
        ["fourteen chars", "passwordpassword", "ada@example.com.", "annexannexannex", &"x".repeat(257)]
    {
        let body = json!({"email": "ada@example.com", "password": password});
        let answer = app.anonymous().post("/v1/auth/register", body).await.expect_status(422);
        assert_eq!(answer.expect_problem("validation_failed").errors[0].pointer, "/password", "{password}");
    }
}

#[tokio::test]
async fn long_passwords_count_to_their_last_character() {
    let app = TestApp::start().await;
    let password = format!("{}a", "seven otters ".repeat(19)) + "bcdefgh";
    let body = json!({"email": "ada@example.com", "password": password});
    app.anonymous().post("/v1/auth/register", body).await.expect_status(201);
    login(&app, "ada@example.com", &password).await.expect_status(200);
    login(&app, "ada@example.com", &password[..password.len() - 1]).await.expect_status(401);
}

#[tokio::test]
async fn closed_registration_is_closed() {
    let app = TestApp::builder().set("ANNEX_REGISTRATION", "false").start().await;
    let body = json!({"email": "ada@example.com", "password": "seven quiet otters"});
    app.anonymous().post("/v1/auth/register", body).await.expect_status(403).expect_problem("forbidden");
    assert_eq!(app.sql_value("select count(*) from annex.users").await.as_deref(), Some("0"));
}

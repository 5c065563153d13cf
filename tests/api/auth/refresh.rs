//! `POST /v1/auth/refresh`

use std::time::Duration;

use annex_tests::TestApp;
use serde_json::{Value, json};

use super::{NEVER, login, refresh};

async fn signed_in(app: &TestApp) -> Value {
    app.user("ada").await;
    login(app, "ada@example.com", "seven quiet otters").await.expect_status(200).json()
}

#[tokio::test]
async fn a_refresh_token_is_traded_for_a_new_pair() {
    let app = TestApp::start().await;
    let first = signed_in(&app).await;
    app.clock.advance(Duration::from_secs(700));
    app.anonymous().signed_in(&first).get("/v1/auth/me").await.expect_status(401);
    let answer = refresh(&app, &first["refresh_token"]).await.expect_status(200).expect_unsaid(NEVER);
    let second = answer.expect_header("cache-control", "no-store").json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_ne!(second["access_token"], first["access_token"]);
    app.anonymous().signed_in(&second).get("/v1/auth/me").await.expect_status(200);
    refresh(&app, &second["refresh_token"]).await.expect_status(200);
}

#[tokio::test]
async fn nothing_that_could_be_sent_again_is_kept() {
    let app = TestApp::start().await;
    let first = signed_in(&app).await;
    let second = refresh(&app, &first["refresh_token"]).await.expect_status(200).json();
    let kept = app.sql_value("select string_agg(s::text, '') from annex.sessions s").await.unwrap();
    for token in [&first["refresh_token"], &second["refresh_token"]] {
        let secret = token.as_str().unwrap().strip_prefix("annex_refresh_").unwrap();
        let secret =
            base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, secret).unwrap();
        let secret: String = secret[20..].iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!kept.contains(&secret));
    }
}

#[tokio::test]
async fn parallel_refreshes_of_one_token_make_one_successor() {
    let app = TestApp::start().await;
    let first = signed_in(&app).await;
    let answers =
        futures_util::future::join_all((0..20).map(|_| refresh(&app, &first["refresh_token"]))).await;
    let tokens: Vec<Value> =
        answers.into_iter().map(|answer| answer.expect_status(200).json()["refresh_token"].clone()).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    let generations = app.sql_value("select max(generation) from annex.sessions").await;
    assert_eq!(generations.as_deref(), Some("1"));
    refresh(&app, &tokens[0]).await.expect_status(200);
}

#[tokio::test]
async fn a_lost_answer_may_be_asked_for_again_for_ten_seconds() {
    let app = TestApp::start().await;
    let first = signed_in(&app).await;
    let second = refresh(&app, &first["refresh_token"]).await.expect_status(200).json();
    app.clock.advance(Duration::from_secs(8));
    let again = refresh(&app, &first["refresh_token"]).await.expect_status(200).json();
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    app.anonymous().signed_in(&again).get("/v1/auth/me").await.expect_status(200);

    app.clock.advance(Duration::from_secs(4));
    refresh(&app, &first["refresh_token"]).await.expect_status(401).expect_problem("invalid_token");
    // Whoever has the others, the session is over for everybody.
    refresh(&app, &second["refresh_token"]).await.expect_status(401).expect_problem("invalid_token");
    for pair in [&first, &second, &again] {
        let client = app.anonymous().signed_in(pair);
        client.get("/v1/auth/me").await.expect_status(401).expect_problem("invalid_token");
    }
}

#[tokio::test]
async fn an_older_token_ends_the_session_at_once() {
    let app = TestApp::start().await;
    let first = signed_in(&app).await;
    let another = login(&app, "ada@example.com", "seven quiet otters").await.json();
    let second = refresh(&app, &first["refresh_token"]).await.json();
    let third = refresh(&app, &second["refresh_token"]).await.expect_status(200).json();
    let client = app.anonymous().signed_in(&third);
    client.get("/v1/auth/me").await.expect_status(200);
    refresh(&app, &first["refresh_token"]).await.expect_status(401).expect_problem("invalid_token");
    client.get("/v1/auth/me").await.expect_status(401);
    refresh(&app, &third["refresh_token"]).await.expect_status(401);
    refresh(&app, &another["refresh_token"]).await.expect_status(200);
}

#[tokio::test]
async fn a_made_up_token_ends_nobodys_session() {
    let app = TestApp::start().await;
    let first = signed_in(&app).await;
    let second = refresh(&app, &first["refresh_token"]).await.expect_status(200).json();
    let real = second["refresh_token"].as_str().unwrap();
    // The session's id is in every access token: it must not be enough.
    let mut bytes = base64::Engine::decode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        real.strip_prefix("annex_refresh_").unwrap(),
    )
    .unwrap();
    bytes[30] ^= 1;
    for generation in [0, 1, 2, 9_999, 0x7fff_ffff] {
        bytes[16..20].copy_from_slice(&u32::to_be_bytes(generation));
        let token = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &bytes);
        let token = json!(format!("annex_refresh_{token}"));
        refresh(&app, &token).await.expect_status(401).expect_problem("invalid_token");
    }
    for token in ["", "x", "annex_refresh_", &format!("{real}A"), &real[..real.len() - 1]] {
        refresh(&app, &json!(token)).await.expect_status(401).expect_problem("invalid_token");
    }
    refresh(&app, &second["refresh_token"]).await.expect_status(200);
}

#[tokio::test]
async fn sessions_end_when_idle_and_in_the_end() {
    let app = TestApp::builder()
        .set("ANNEX_SESSION_IDLE", "3600")
        .set("ANNEX_SESSION_LIFETIME", "9000")
        .start()
        .await;
    let mut tokens = signed_in(&app).await;
    for _ in 0..2 {
        app.clock.advance(Duration::from_secs(3500));
        tokens = refresh(&app, &tokens["refresh_token"]).await.expect_status(200).json();
    }
    app.clock.advance(Duration::from_secs(1900));
    let last = refresh(&app, &tokens["refresh_token"]).await.expect_status(200).json();
    let left = last["expires_in"].as_i64().unwrap();
    assert!((1..=100).contains(&left), "an access token does not outlive its session: {left} s");
    app.clock.advance(Duration::from_secs(200));
    refresh(&app, &last["refresh_token"]).await.expect_status(401).expect_problem("invalid_token");

    let idle = login(&app, "ada@example.com", "seven quiet otters").await.json();
    app.clock.advance(Duration::from_secs(3700));
    refresh(&app, &idle["refresh_token"]).await.expect_status(401).expect_problem("invalid_token");
}

//! The keys that access tokens are signed with are changed while everybody works on.

use std::time::Duration;

use annex::auth::keys::{MAX_AGE, Rotation, rotate};
use annex_tests::{Client, Program, TestApp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{login, refresh};

const LIFETIME: time::Duration = time::Duration::minutes(10);

async fn rotated(app: &TestApp, leaked: bool) -> Rotation {
    let inside = app.inside();
    rotate(&inside.db.pool, &inside.clock, inside.random, LIFETIME, leaked).await.expect("a key can be made")
}

/// The names of the keys that are served.
async fn served(app: &TestApp) -> Vec<String> {
    let answer = app.anonymous().get("/.well-known/jwks.json").await.expect_status(200).json();
    let keys = answer["keys"].as_array().expect("there are keys").iter();
    keys.map(|key| key["kid"].as_str().expect("a key has a name").to_owned()).collect()
}

/// The name of the key that signed a client's token.
fn signer(client: &Client) -> String {
    let head = client.token.as_deref().and_then(|token| token.split('.').next()).expect("there is a token");
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).expect("base64")).expect("JSON");
    head["kid"].as_str().expect("a token names its key").to_owned()
}

async fn again(app: &TestApp) -> (Client, Value) {
    let tokens = login(app, "ada@example.com", "seven quiet otters").await.expect_status(200).json();
    (app.anonymous().signed_in(&tokens), tokens)
}

#[tokio::test]
async fn a_key_is_served_before_it_signs_and_the_old_one_counts_until_its_last_token_has_ended() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let old = signer(&ada);
    let Rotation { kid: new, signs_from, others_until } = rotated(&app, false).await;
    app.eventually("both keys are served", async || served(&app).await.len() == 2).await;
    assert_eq!(signer(&again(&app).await.0), old, "those who read the keys before may not know the new one");

    app.clock.advance(Duration::from_secs(299));
    let (last, _) = again(&app).await;
    assert_eq!(signer(&last), old);
    app.clock.advance(Duration::from_secs(1));
    assert!(app.clock.now() >= signs_from);
    assert_eq!(signer(&again(&app).await.0), new);
    app.clock.advance(Duration::from_secs(590));
    last.get("/v1/auth/me").await.expect_status(200);

    app.clock.advance(Duration::from_secs(71));
    assert!(app.clock.now() >= others_until);
    assert_eq!(served(&app).await, std::slice::from_ref(&new));
    last.get("/v1/auth/me").await.expect_status(401).expect_problem("invalid_token");
    again(&app).await.0.get("/v1/auth/me").await.expect_status(200);
}

#[tokio::test]
async fn what_a_retired_key_signed_counts_no_more_though_its_own_time_has_not_come() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    let inside = app.inside();
    let shorter = time::Duration::minutes(1);
    let rotation = rotate(&inside.db.pool, &inside.clock, inside.random, shorter, false).await;
    let Rotation { others_until, .. } = rotation.expect("a key can be made");
    app.eventually("both keys are served", async || served(&app).await.len() == 2).await;
    app.clock.advance(Duration::from_secs(419));
    assert!(app.clock.now() < others_until);
    ada.get("/v1/auth/me").await.expect_status(200);
    app.clock.advance(Duration::from_secs(1));
    ada.get("/v1/auth/me").await.expect_status(401).expect_problem("invalid_token");
}

#[tokio::test]
async fn no_request_fails_while_keys_are_changed() {
    let app = TestApp::start().await;
    app.user("ada").await;
    let (mut ada, mut tokens) = again(&app).await;
    let mut signers = Vec::new();
    for _ in 0..3 {
        rotated(&app, false).await;
        // A client that renews its token every five minutes, as one that lives for ten is to be.
        for _ in 0..4 {
            let others = futures_util::future::join_all((0..8).map(|_| ada.get("/v1/auth/me").into_future()));
            others.await.into_iter().for_each(|answer| drop(answer.expect_status(200)));
            app.clock.advance(Duration::from_secs(MAX_AGE.whole_seconds() as u64));
            ada.get("/v1/auth/me").await.expect_status(200);
            tokens = refresh(&app, &tokens["refresh_token"]).await.expect_status(200).json();
            ada = app.anonymous().signed_in(&tokens);
            signers.push(signer(&ada));
        }
    }
    signers.dedup();
    assert!(signers.len() >= 3, "{signers:?}");
}

#[tokio::test]
async fn a_leaked_key_counts_no_more_at_once() {
    let app = TestApp::start().await;
    app.user("ada").await;
    let (ada, tokens) = again(&app).await;
    let Rotation { kid: new, .. } = rotated(&app, true).await;
    app.eventually("the leaked key is refused", async || ada.get("/v1/auth/me").await.status == 401).await;
    assert_eq!(served(&app).await, [new]);
    let tokens = refresh(&app, &tokens["refresh_token"]).await.expect_status(200).json();
    app.anonymous().signed_in(&tokens).get("/v1/auth/me").await.expect_status(200);
}

#[tokio::test]
async fn the_command_tells_running_servers() {
    let app = TestApp::start().await;
    let before = served(&app).await;
    let mut command = Program::command();
    command.args(["keys", "rotate"]).env("ANNEX_DATABASE_URL", app.database.url());
    let done = tokio::task::spawn_blocking(move || command.output()).await.expect("it is run");
    let done = done.expect("it ends");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    app.eventually("the new key is served", async || served(&app).await.len() == 2).await;
    let new = served(&app).await.into_iter().find(|kid| !before.contains(kid)).expect("there is a new one");
    assert!(said.contains(&new), "{said}");
}

#[tokio::test]
async fn an_account_has_so_many_sessions_and_the_oldest_end() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let more = json!({"email": "ada@example.com", "password": "seven quiet otters"});
    for _ in 0..99 {
        app.clock.advance(Duration::from_secs(1));
        app.anonymous().post("/v1/auth/login", more.clone()).await.expect_status(200);
    }
    ada.get("/v1/auth/me").await.expect_status(200);
    let (newest, _) = again(&app).await;
    app.eventually("the oldest ends", async || ada.get("/v1/auth/me").await.status == 401).await;
    assert_eq!(newest.get("/v1/sessions?limit=1000").await.items().len(), 100);
    bob.get("/v1/auth/me").await.expect_status(200);
}

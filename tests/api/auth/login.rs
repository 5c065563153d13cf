//! `POST /v1/auth/login`, `GET /v1/auth/me`, `GET /.well-known/jwks.json`

use annex_tests::{Answer, TestApp};
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use serde_json::{Value, json};

use super::{NEVER, login};

/// A problem without the id of its request.
fn without_id(answer: &Answer) -> Value {
    let mut body = answer.json();
    body["request_id"] = Value::Null;
    body
}

#[tokio::test]
async fn known_and_unknown_accounts_cannot_be_told_apart() {
    let app = TestApp::start().await;
    app.user("ada").await;
    app.sql(
        "insert into annex.users (id, email, created_at, updated_at)
         values (gen_random_uuid(), 'nopassword@example.com', now(), now())",
    )
    .await;
    let wrong = login(&app, "ada@example.com", "another quiet otter").await.expect_status(401);
    wrong.expect_problem("invalid_credentials");
    for email in ["nobody@example.com", "nopassword@example.com"] {
        let unknown = login(&app, email, "another quiet otter").await.expect_status(401).expect_unsaid(NEVER);
        assert_eq!(without_id(&wrong), without_id(&unknown));
        let names = |answer: &Answer| {
            answer.headers.keys().map(ToString::to_string).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(names(&wrong), names(&unknown));
    }
}

#[tokio::test]
async fn unknown_accounts_take_as_long_as_known_ones() {
    let app = TestApp::start().await;
    app.user("ada").await;
    let mut took = [Vec::new(), Vec::new()];
    for round in 0..9 {
        for (which, name) in ["ada", "nobody"].into_iter().enumerate() {
            // The one known account would run out of tries.
            app.clock.advance(std::time::Duration::from_secs(60));
            let started = std::time::Instant::now();
            login(&app, &format!("{name}@example.com"), &format!("wrong otter number {round}"))
                .await
                .expect_status(401);
            took[which].push(started.elapsed());
        }
    }
    // The least of each is what the work takes; the others may have waited for a processor.
    let [known, unknown] = took.map(|times| times.into_iter().min().expect("it was tried").as_secs_f64());
    assert!((0.5..2.0).contains(&(known / unknown)), "known {known} s, unknown {unknown} s");
}

#[tokio::test]
async fn a_weaker_hash_is_made_anew_when_its_owner_signs_in() {
    let app = TestApp::start().await;
    app.user("ada").await;
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8 * 1024, 1, 1, None).unwrap());
    let weak: PasswordHash = weak.hash_password_with_salt(b"seven quiet otters", &[7; 16]).unwrap();
    app.sql(&format!("update annex.users set password_hash = '{weak}'")).await;
    login(&app, "ada@example.com", "another quiet otter").await.expect_status(401);
    let kept = "select password_hash from annex.users";
    assert_eq!(app.sql_value(kept).await.unwrap(), weak.to_string());
    login(&app, "ada@example.com", "seven quiet otters").await.expect_status(200).expect_unsaid(NEVER);
    assert!(app.sql_value(kept).await.unwrap().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    login(&app, "ada@example.com", "seven quiet otters").await.expect_status(200);
}

#[tokio::test]
async fn a_disabled_account_is_told_so_only_with_its_password() {
    let app = TestApp::start().await;
    app.user("ada").await;
    app.sql("update annex.users set disabled = true").await;
    login(&app, "ada@example.com", "another quiet otter").await.expect_problem("invalid_credentials");
    login(&app, "ada@example.com", "seven quiet otters").await.expect_status(403).expect_problem("forbidden");
    assert_eq!(
        app.sql_value("select count(*) from annex.sessions").await.as_deref(),
        Some("1"),
        "of the registration"
    );
}

#[tokio::test]
async fn me_is_for_those_who_are_signed_in() {
    let app = TestApp::start().await;
    let answer = app
        .anonymous()
        .get("/v1/auth/me")
        .await
        .expect_status(401)
        .expect_header("www-authenticate", "Bearer");
    answer.expect_problem("unauthenticated");
    let ada = app.user("ada").await;
    let me = ada.get("/v1/auth/me").await.expect_status(200).expect_unsaid(NEVER).json();
    assert_eq!(me["id"], json!(ada.id()));
}

#[tokio::test]
async fn the_public_keys_are_served_and_nothing_of_the_private_ones() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get("/.well-known/jwks.json").undocumented().await.expect_status(200);
    let keys = answer.expect_unsaid(NEVER).json();
    let key = keys["keys"][0].as_object().unwrap();
    let members: Vec<&str> = key.keys().map(String::as_str).collect();
    assert_eq!(members, ["kty", "crv", "x", "kid", "alg", "use"]);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
}

//! How often somebody may try

use std::time::Duration;

use annex_tests::TestApp;
use serde_json::json;

use super::login;

#[tokio::test]
async fn failures_run_out_and_come_back() {
    let app = TestApp::start().await;
    app.user("ada").await;
    for _ in 0..10 {
        login(&app, "ada@example.com", "another quiet otter").await.expect_status(401);
    }
    let refused = login(&app, "ADA@example.com", "seven quiet otters").await.expect_status(429);
    refused.expect_problem("too_many_requests");
    let refused = refused.expect_header("ratelimit-policy", "\"account\";q=10;w=60");
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=6).contains(&seconds), "{seconds}");
    assert!(refused.header("ratelimit").unwrap().starts_with("\"account\";r=0;t="));
    login(&app, "bob@example.com", "seven quiet otters").await.expect_status(401);
    app.clock.advance(Duration::from_secs(seconds));
    login(&app, "ada@example.com", "seven quiet otters").await.expect_status(200);
}

#[tokio::test]
async fn success_does_not_run_out() {
    let app = TestApp::start().await;
    app.user("ada").await;
    for _ in 0..12 {
        login(&app, "ada@example.com", "seven quiet otters").await.expect_status(200);
    }
}

#[tokio::test]
async fn who_only_knows_the_address_locks_nobody_out() {
    let app = TestApp::builder().set("ANNEX_TRUSTED_PROXIES", "127.0.0.1").start().await;
    app.user("ada").await;
    let from = |address: &str, password: &str| {
        let body = json!({"email": "ada@example.com", "password": password});
        app.anonymous().post("/v1/auth/login", body).header("x-forwarded-for", address)
    };
    for _ in 0..10 {
        from("203.0.113.9", "another quiet otter").await.expect_status(401);
    }
    from("203.0.113.9", "seven quiet otters").await.expect_status(429);
    // Whatever the attacker claims to have come through, the proxy adds where it really is.
    from("198.51.100.1, 203.0.113.9", "seven quiet otters").await.expect_status(429);
    from("198.51.100.1", "seven quiet otters").await.expect_status(200);
}

#[tokio::test]
async fn forwarded_addresses_do_not_count_from_everybody() {
    let app = TestApp::start().await;
    app.user("ada").await;
    let mut last = 0;
    for i in 0..11 {
        let body = json!({"email": "ada@example.com", "password": "another quiet otter"});
        let request = app.anonymous().post("/v1/auth/login", body);
        last = request.header("x-forwarded-for", &format!("203.0.113.{i}")).await.status;
    }
    assert_eq!(last, 429);
}

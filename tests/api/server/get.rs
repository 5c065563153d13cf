//! `/v1/server`

use annex_tests::TestApp;
use serde_json::json;

#[tokio::test]
async fn an_admin_sees_which_server_it_is_and_what_is_set() {
    let app = TestApp::builder()
        .set("ANNEX_CONSOLE_ORIGIN", "https://console.example.com")
        .set("ANNEX_TRUSTED_PROXIES", "10.0.0.1")
        .set("ANNEX_REGISTRATION", "true")
        .set("ANNEX_MAX_BODY", "1MiB")
        .start()
        .await;
    let admin = app.admin().await;
    let server = admin.get("/v1/server").await.expect_status(200).json();
    assert_eq!(server["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(server["http"]["public_url"], "http://annex.test");
    assert_eq!(server["http"]["console_origin"], "https://console.example.com");
    assert_eq!(server["http"]["allowed_origins"], json!(["https://console.example.com"]));
    assert_eq!(server["http"]["trusted_proxies"], json!(["10.0.0.1"]));
    assert_eq!(server["http"]["max_body_bytes"], 1 << 20);
    assert_eq!(server["auth"]["registration"], true);
    assert_eq!(server["auth"]["access_token_seconds"], 600);
    assert_eq!(server["request_log"]["enabled"], true);
    let database = &server["database"];
    assert_eq!(database["embedded"], false);
    assert_eq!(database["server_connections"], 12);
    let number = |member: &str| database[member].as_i64().unwrap();
    assert!(number("size_bytes") > 1_000_000, "{database}");
    assert!((1..=number("max_connections")).contains(&number("connections")), "{database}");
    assert!(database["version"].as_str().unwrap().parse::<f64>().is_ok(), "{database}");
    let again = admin.get("/v1/server").await.json();
    assert_eq!((&again["instance"], &again["started_at"]), (&server["instance"], &server["started_at"]));
}

#[tokio::test]
async fn nobody_else_sees_it_and_no_secret_or_path_is_in_it() {
    let app = TestApp::builder()
        .set("ANNEX_DATA_DIR", "/srv/annex-canary-folder")
        .set("ANNEX_METRICS_TOKEN", "canary-metrics-token")
        .set("ANNEX_ADMIN_EMAIL", "root@example.com")
        .set("ANNEX_ADMIN_PASSWORD", "canary-first-password")
        .start()
        .await;
    app.anonymous().get("/v1/server").await.expect_status(401).expect_problem("unauthenticated");
    let refused = app.user("ada").await.get("/v1/server").await.expect_status(403);
    refused.expect_unsaid(&["public_url", "15."]).expect_problem("forbidden");
    let database = app.database.url();
    let answer = app.admin().await.get("/v1/server").await.expect_status(200);
    answer.expect_unsaid(&["canary", "postgres://", &database, "annex_test_", "/tmp", "/srv"]);
    app.admin().await.get("/v1/server?secrets=1").await.expect_problem("invalid_parameter");
}

//! `/healthz`, `/readyz`, `/metrics`

use annex_tests::TestApp;

#[tokio::test]
async fn the_server_says_that_it_serves_and_works() {
    let app = TestApp::start().await;
    app.anonymous().get("/healthz").await.expect_status(200).expect_said("ok");
    app.anonymous().get("/readyz").await.expect_status(200).expect_said("ready");
}

#[tokio::test]
async fn an_unauthenticated_health_check_asks_nobody() {
    let app = TestApp::start().await;
    app.anonymous().get("/readyz").await.expect_status(200);
    // With the database gone the answer is the same, so nothing can have been asked of it.
    app.database.drop_database().await;
    for _ in 0..50 {
        app.anonymous().get("/healthz").await.expect_status(200).expect_said("ok");
    }
    app.anonymous().get("/readyz").await.expect_problem("database_unavailable");
}

#[tokio::test]
async fn metrics_are_for_this_machine_alone() {
    let app = TestApp::start().await;
    app.anonymous().get("/healthz").await.expect_status(200);
    app.anonymous()
        .get("/metrics")
        .undocumented()
        .await
        .expect_status(200)
        .expect_said("annex_http_requests_total");
    for proxied in ["x-forwarded-for", "forwarded"] {
        let answer = app.anonymous().get("/metrics").header(proxied, "for=203.0.113.7").undocumented().await;
        answer.expect_problem("not_found");
        answer.expect_unsaid(&["annex_http_requests_total"]);
    }
}

#[tokio::test]
async fn metrics_ask_for_the_token_where_one_is_set() {
    let app = TestApp::builder().set("ANNEX_METRICS_TOKEN", "let me count").start().await;
    let metrics = |token: &str| app.anonymous().with_token(token).get("/metrics").undocumented();
    app.anonymous().get("/metrics").undocumented().await.expect_problem("not_found");
    app.anonymous().get("/healthz").await.expect_status(200);
    metrics("let me guess").await.expect_problem("not_found");
    metrics("let me count").await.expect_status(200).expect_said("annex_http_requests_total");
}

#[tokio::test]
async fn a_path_never_becomes_a_label() {
    let app = TestApp::start().await;
    app.anonymous().get("/v1/nothing-of-this-name").await.expect_problem("not_found");
    app.anonymous()
        .get("/metrics")
        .undocumented()
        .await
        .expect_said(r#"route="unmatched""#)
        .expect_unsaid(&["nothing-of-this-name"]);
}

//! Which pages of other origins may call the API.

use annex_tests::{Answer, TestApp};

const CONSOLE: &str = "http://127.0.0.1:3000";

async fn preflight(app: &TestApp, origin: &str) -> Answer {
    app.anonymous()
        .request("OPTIONS", "/v1/auth/login")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization, content-type, if-match")
        .undocumented()
        .await
}

/// Whether it says that it would be another answer to a page of another origin.
fn varies(answer: &Answer) -> bool {
    let vary = answer.headers.get_all("vary").iter().filter_map(|vary| vary.to_str().ok());
    vary.flat_map(|vary| vary.split(',')).any(|name| name.trim().eq_ignore_ascii_case("origin"))
}

#[tokio::test]
async fn a_configured_origin_may_call() {
    let app = TestApp::builder().set("ANNEX_ALLOWED_ORIGINS", "https://app.example.com").start().await;
    for origin in [CONSOLE, "https://app.example.com"] {
        let answer = preflight(&app, origin).await;
        assert!(matches!(answer.status, 200 | 204), "{answer}");
        let answer = answer.expect_header("access-control-allow-origin", origin);
        let allowed = answer.header("access-control-allow-headers").unwrap_or_default().to_lowercase();
        assert!(allowed.contains("if-match") && allowed.contains("authorization"), "{answer}");

        let answer = app.anonymous().get("/healthz").header("origin", origin).await.expect_status(200);
        let answer = answer.expect_header("access-control-allow-origin", origin);
        assert!(varies(&answer), "Vary: Origin is missing: {answer}");
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default().to_lowercase();
        for header in
            ["etag", "link", "location", "ratelimit", "ratelimit-policy", "retry-after", "x-request-id"]
        {
            assert!(
                exposed.split(',').any(|name| name.trim() == header),
                "{header} is not exposed: {answer}"
            );
        }
        answer.expect_no_header("access-control-allow-credentials");
    }
}

#[tokio::test]
async fn no_other_origin_may() {
    let app = TestApp::builder().set("ANNEX_ALLOWED_ORIGINS", "https://app.example.com").start().await;
    for origin in [
        "null",
        "*",
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com.evil.example",
        "https://app.example.com:444",
        "https://APP.example.com",
        "http://127.0.0.1:3001",
        "http://localhost:3000",
    ] {
        preflight(&app, origin).await.expect_no_header("access-control-allow-origin");
        let answer = app.anonymous().get("/healthz").header("origin", origin).undocumented().await;
        // Or a cache would give it to a page that may call.
        assert!(varies(&answer), "Vary: Origin is missing: {answer}");
        answer
            .expect_no_header("access-control-allow-origin")
            .expect_no_header("access-control-allow-credentials");
    }
}

#[tokio::test]
async fn what_is_asked_for_without_an_origin_varies_too() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get("/healthz").await.expect_status(200);
    assert!(varies(&answer), "Vary: Origin is missing: {answer}");
}

#[tokio::test]
async fn a_problem_can_be_read_by_the_page_too() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get("/v1/nothing").header("origin", CONSOLE).await;
    answer.expect_problem("not_found");
    answer.expect_header("access-control-allow-origin", CONSOLE);
}

//! Failures look the same wherever they come from.

use annex_tests::TestApp;
use serde_json::json;

#[tokio::test]
async fn an_unknown_route_is_a_problem() {
    let app = TestApp::start().await;
    for path in ["/", "/v1", "/v1/nothing", "/v2/auth/me", "/v1/auth/login/more", "/%2e%2e/etc/passwd"] {
        app.anonymous().get(path).await.expect_problem("not_found");
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_problem_that_names_the_right_ones() {
    let app = TestApp::start().await;
    let answer = app.anonymous().delete("/v1/auth/login").await;
    answer.expect_problem("method_not_allowed");
    answer.expect_header("allow", "POST");
    for method in ["POST", "PUT", "BREW"] {
        let answer = app.anonymous().request(method, "/healthz").await;
        answer.expect_problem("method_not_allowed");
        assert!(answer.header("allow").is_some_and(|allow| allow.contains("GET")), "{answer}");
    }
}

#[tokio::test]
async fn a_row_may_have_the_name_of_a_stream_as_its_key() {
    let app = TestApp::start().await;
    app.sql("create table public.words (word text primary key, meaning text)").await;
    app.sql("insert into public.words values ('import', 'in'), ('export', 'out')").await;
    let admin = app.admin().await;
    admin.post("/v1/collections/adopt", json!({"table": "words"})).await.expect_status(201);
    for word in ["import", "export"] {
        let path = format!("/v1/records/words/{word}");
        // The document knows the stream alone.
        assert_eq!(admin.get(&path).undocumented().await.expect_status(200).json()["word"], word);
        admin.patch(&path, json!({"meaning": "-"})).undocumented().await.expect_status(200);
        let answer = admin.request("OPTIONS", &path).await;
        answer.expect_header("allow", "POST").expect_problem("method_not_allowed");
        admin.delete(&path).undocumented().await.expect_status(204);
    }
    let answer = admin.post("/v1/records/words/other", json!({})).await;
    answer.expect_header("allow", "GET, PATCH, PUT, DELETE").expect_problem("method_not_allowed");
}

#[tokio::test]
async fn trace_is_refused_everywhere() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/v1/auth/login", "/v1/auth/me", "/v1/collections", "/v1/records/posts"] {
        let answer = app.anonymous().request("TRACE", path).header("x-canary", "hush-hush").await;
        assert_eq!(answer.expect_problem("method_not_allowed").detail, "This method is not allowed here");
        answer.expect_unsaid(&["hush-hush"]);
        let ended = app.anonymous().with_token("ended");
        ended.request("TRACE", path).await.expect_problem("method_not_allowed");
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_a_problem() {
    let app = TestApp::start().await;
    let login = || app.anonymous().request("POST", "/v1/auth/login");
    login().body("text/plain", "{}").await.expect_problem("unsupported_media_type");
    login().body("application/x-www-form-urlencoded", "a=b").await.expect_problem("unsupported_media_type");
    login().await.expect_problem("unsupported_media_type");
    let problem = login().body("application/json", "{\"email\": ").await.expect_problem("invalid_json");
    assert!(problem.detail.contains("line 1, column 10"), "{}", problem.detail);
    login().body("application/json", "").await.expect_problem("invalid_json");
    login().body("application/json", vec![b'"', 0xff, b'"']).await.expect_problem("invalid_json");
}

#[tokio::test]
async fn a_wrong_member_is_pointed_at() {
    let app = TestApp::start().await;
    let body = json!({"email": "ada@example.com", "password": 1});
    let problem = app.anonymous().post("/v1/auth/login", body).await.expect_problem("validation_failed");
    assert_eq!(problem.errors[0].pointer, "/password");
}

#[tokio::test]
async fn a_fault_of_the_server_tells_nothing_of_its_inside() {
    let app = TestApp::start().await;
    let ada = app.user("ada").await;
    // The statement behind the route now fails: what it says must stay inside.
    app.sql("alter table annex.users rename column verified to verified_no_more").await;
    let answer = ada.get("/v1/auth/me").await;
    answer.expect_problem("internal");
    answer.expect_unsaid(&[
        "verified",
        "annex.users",
        "select",
        "SELECT",
        "column",
        ".rs",
        "/src/",
        "sqlx",
        "panicked",
    ]);
}

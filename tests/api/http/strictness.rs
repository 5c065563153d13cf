//! A request that says one thing twice is refused: whichever were taken, somebody would have meant the other.

use annex_tests::TestApp;

#[tokio::test]
async fn repeated_keys_are_refused_wherever_they_are() {
    let app = TestApp::start().await;
    for body in [
        r#"{"email": "ada@example.com", "password": "x", "email": "eve@example.com"}"#,
        r#"{"email": "ada@example.com", "password": "x", "\u0065mail": "eve@example.com"}"#,
        r#"{"email": "ada@example.com", "password": {"a": [{"b": 1, "b": 2}]}}"#,
    ] {
        let answer = app.anonymous().request("POST", "/v1/auth/login").body("application/json", body).await;
        let problem = answer.expect_problem("invalid_json");
        assert!(problem.detail.contains("twice"), "{}", problem.detail);
    }
}

#[tokio::test]
async fn an_array_is_not_taken_for_an_object() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.collection(serde_json::json!({"name": "posts", "fields": [{"name": "title", "type": "text"}]})).await;
    for (method, path, body, pointer) in [
        ("POST", "/v1/auth/login", r#"["ada@example.com", "seven quiet otters"]"#, ""),
        ("POST", "/v1/records/posts/export", "[]", ""),
        ("POST", "/v1/collections", r#"{"name": "notes", "fields": [["text", "text"]]}"#, "/fields/0"),
        ("PATCH", "/v1/collections/posts", r#"{"changes": [["rename", "notes"]]}"#, "/changes/0"),
        ("POST", "/v1/batch", "[[]]", ""),
        ("POST", "/v1/batch", r#"{"operations": [["create", "posts", null, {}]]}"#, "/operations/0"),
    ] {
        let answer = admin.request(method, path).body("application/json", body).await;
        let problem = answer.expect_problem("validation_failed");
        assert_eq!(problem.errors[0].pointer, pointer, "{path}: {body}");
    }
}

#[tokio::test]
async fn repeated_and_unknown_parameters_are_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.collection(serde_json::json!({"name": "posts", "fields": [{"name": "title", "type": "text"}]})).await;
    for (query, told) in [
        ("limit=1&limit=2", "twice"),
        ("limit=1&%6cimit=1", "twice"),
        ("filter=title%20%3D%20null&filter=", "twice"),
        ("limi=1", "not a parameter"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("search=%00", "NUL"),
    ] {
        let answer = admin.get(&format!("/v1/records/posts?{query}")).await;
        let problem = answer.expect_problem("invalid_parameter");
        assert!(problem.detail.contains(told), "{query}: {}", problem.detail);
        assert!(problem.errors[0].pointer.starts_with('?'), "{query}: {:?}", problem.errors);
    }
}

#[tokio::test]
async fn json_that_is_nested_too_deep_is_refused() {
    let app = TestApp::start().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let answer = app.anonymous().request("POST", "/v1/auth/login").body("application/json", deep).await;
    answer.expect_problem("invalid_json");
}

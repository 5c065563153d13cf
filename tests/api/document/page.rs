//! `/docs`: from this server alone, and nothing inline.

use annex_tests::TestApp;

#[tokio::test]
async fn the_page_and_all_that_it_needs_come_from_the_server() {
    let app = TestApp::start().await;
    let page = app.anonymous().get("/docs").undocumented().await.expect_status(200);
    assert_eq!(page.media_type(), Some("text/html"));
    let html = page.text();
    assert!(!html.contains("http://") && !html.contains("https://"), "the page names another server");
    assert!(!html.contains("<style") && !html.contains(" style="), "the page has inline styles");
    let scripts: Vec<&str> = html.match_indices("<script").map(|(at, _)| &html[at..]).collect();
    assert!(
        scripts.iter().all(|script| script.starts_with("<script src=\"/docs/")),
        "the page has inline scripts"
    );

    let needed = html.split('"').filter(|text| text.starts_with("/docs/"));
    for path in needed {
        let asset = app.anonymous().get(path).undocumented().await.expect_status(200);
        let asset = asset.expect_header("x-content-type-options", "nosniff");
        let tag = asset.header("etag").expect("there is a tag").to_owned();
        app.anonymous().get(path).header("if-none-match", &tag).undocumented().await.expect_status(304);
    }
    app.anonymous().get("/docs/index.html").undocumented().await.expect_problem("not_found");
    app.anonymous().get("/docs/..%2f..%2fCargo.toml").undocumented().await.expect_problem("not_found");
}

#[tokio::test]
async fn the_page_may_run_nothing_else() {
    let app = TestApp::start().await;
    let page = app.anonymous().get("/docs").undocumented().await;
    let policy = page.header("content-security-policy").expect("there is a policy").to_owned();
    for directive in [
        "default-src 'none'",
        "script-src 'self';",
        "connect-src 'self';",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(directive), "{directive} is not in {policy}");
    }
    assert!(!policy.contains("unsafe-eval") && !policy.contains("script-src 'self' "), "{policy}");
    page.expect_header("x-content-type-options", "nosniff").expect_header("referrer-policy", "no-referrer");
}

#[tokio::test]
async fn a_compressed_script_is_the_same_script() {
    let app = TestApp::start().await;
    let script =
        app.anonymous().get("/docs/rapidoc.js").undocumented().await.expect_no_header("content-encoding");
    let compressed = app
        .anonymous()
        .get("/docs/rapidoc.js")
        .header("accept-encoding", "br, gzip;q=0.8")
        .undocumented()
        .await;
    let compressed = compressed.expect_header("content-encoding", "gzip");
    assert!(compressed.header("vary").is_some_and(|vary| vary.contains("Accept-Encoding")), "{compressed:?}");
    assert!(compressed.body.len() * 3 < script.body.len());
    assert_ne!(compressed.header("etag"), script.header("etag"));
}

//! HEAD is answered as GET is, without the body.

use annex_tests::TestApp;

/// The length that the head of an answer announces.
fn length(head: &str) -> Option<usize> {
    let header = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-length:"))?;
    header.split_once(':')?.1.trim().parse().ok()
}

#[tokio::test]
async fn a_head_has_the_headers_of_a_get_and_no_body() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/v1/openapi.core.json", "/docs", "/v1/auth/me", "/nothing"] {
        let [get, head] = ["GET", "HEAD"].map(|method| {
            app.raw(format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        });
        let (get, head) = (get.await, head.await);
        assert_eq!(get.statuses(), head.statuses(), "{path}");
        let (_, body) = get.text.split_once("\r\n\r\n").expect("the head ends");
        let (fields, nothing) = head.text.split_once("\r\n\r\n").expect("the head ends");
        assert_eq!(nothing, "", "{path}");
        assert_eq!(length(fields), Some(body.len()), "{path}: {fields}");
    }
}

#[tokio::test]
async fn a_connection_goes_on_after_a_head() {
    let app = TestApp::start().await;
    let exchange = app
        .raw(
            "HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n\
             GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                .to_owned(),
        )
        .await;
    assert_eq!(exchange.statuses(), [200, 200], "{}", exchange.text);
}

#[tokio::test]
async fn what_answers_no_get_answers_no_head() {
    let app = TestApp::start().await;
    let exchange =
        app.raw("HEAD /v1/auth/login HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned()).await;
    assert_eq!(exchange.statuses(), [405], "{}", exchange.text);
}

//! Requests that two programs in a row could read as two different ones: refused, and the connection with them.

use annex_tests::TestApp;

/// What would be smuggled: were it answered, there would be a second answer.
const HIDDEN: &str = "GET /healthz HTTP/1.1\r\nHost: smuggled\r\n\r\n";

async fn is_refused(app: &TestApp, what: &str, request: &str) {
    let exchange = app.raw(format!("{request}{HIDDEN}")).await;
    assert_eq!(exchange.statuses(), [400], "{what}: {}", exchange.text);
}

#[tokio::test]
async fn a_request_with_two_lengths_is_refused() {
    let app = TestApp::start().await;
    let post = "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    for (what, headers) in [
        ("CL and TE", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("TE and CL", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
        ("two CL that differ", "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
        ("two CL that agree", "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
        ("a list of CL", "Content-Length: 2, 2\r\n\r\n{}"),
        ("CL with a sign", "Content-Length: +2\r\n\r\n{}"),
        ("CL that is negative", "Content-Length: -2\r\n\r\n{}"),
        ("CL in another base", "Content-Length: 0x2\r\n\r\n{}"),
        ("CL with nothing", "Content-Length: \r\n\r\n{}"),
    ] {
        is_refused(&app, what, &format!("{post}{headers}")).await;
    }
}

#[tokio::test]
async fn a_transfer_encoding_that_is_not_plainly_chunked_is_refused() {
    let app = TestApp::start().await;
    let post = "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    for (what, headers) in [
        ("TE not last", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        ("TE twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("TE twice, one other", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
        ("TE unknown", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("TE with a stray character", "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
        ("TE with a space before the colon", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
        ("a chunk's size with a sign", "Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n"),
        (
            "a chunk's size that overflows",
            "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        ),
        ("a bare LF after a chunk's size", "Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n"),
    ] {
        is_refused(&app, what, &format!("{post}{headers}")).await;
    }
    is_refused(
        &app,
        "chunked in HTTP/1.0",
        "POST /v1/auth/login HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    )
    .await;
}

#[tokio::test]
async fn a_head_that_can_be_read_in_two_ways_is_refused() {
    let app = TestApp::start().await;
    for (what, head) in [
        ("two Host", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("two Host that agree", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        ("no Host", "GET /healthz HTTP/1.1\r\nAccept: */*\r\n\r\n"),
        ("bare CR in a value", "GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\rc\r\n\r\n"),
        ("a folded header", "GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n"),
        ("a NUL in a value", "GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n\r\n"),
        ("a space before the colon", "GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n"),
        ("a bare LF behind the method's line", "GET /healthz HTTP/1.1\nHost: a\r\n\r\n"),
        ("a bare LF behind a header", "GET /healthz HTTP/1.1\r\nHost: a\nX-A: b\r\n\r\n"),
        ("bare LFs alone", "GET /healthz HTTP/1.1\nHost: a\n\n"),
        ("a bare LF at the end", "GET /healthz HTTP/1.1\r\nHost: a\r\n\n"),
        ("a bare LF before the request", "\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("another protocol", "GET /healthz HTTP/3.7\r\nHost: a\r\n\r\n"),
    ] {
        is_refused(&app, what, head).await;
    }
}

#[tokio::test]
async fn a_whole_request_is_answered_all_the_same() {
    let app = TestApp::start().await;
    let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_eq!(app.raw(request).await.statuses(), [200, 200]);
    let in_chunks = "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\
        4\r\n{\n}\n\r\n0\r\n\r\n";
    for body in [
        "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{\n}\n",
        in_chunks,
    ] {
        assert_eq!(app.raw(format!("{body}{request}")).await.statuses(), [422, 200, 200]);
    }
    // What came before a request that is refused is answered.
    let refused = "GET /healthz HTTP/1.1\nHost: a\r\n\r\n";
    assert_eq!(app.raw(format!("{in_chunks}{refused}{request}")).await.statuses(), [422, 400]);
}

//! Size is bounded while a request arrives.

use std::time::Duration;

use annex_tests::TestApp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_body_that_is_announced_too_large_is_refused() {
    let app = TestApp::builder().set("ANNEX_MAX_BODY", "1KiB").start().await;
    let large = format!("\"{}\"", "a".repeat(1024));
    let answer = app.anonymous().request("POST", "/v1/auth/login").body("application/json", large).await;
    let problem = answer.expect_problem("payload_too_large");
    assert!(problem.detail.contains("1024"), "{}", problem.detail);
}

#[tokio::test]
async fn a_body_that_turns_out_too_large_is_cut_off() {
    let app = TestApp::builder().set("ANNEX_MAX_BODY", "1KiB").start().await;
    let mut stream = TcpStream::connect(app.address()).await.expect("the server listens");
    let head = "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let chunk = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
    // The client never ends: the answer comes all the same, and the rest is not read for ever.
    let (mut incoming, mut outgoing) = stream.split();
    let sending = async { while outgoing.write_all(chunk.as_bytes()).await.is_ok() {} };
    let answered = async {
        let mut answer = String::new();
        // The connection may end hard, since not all that was sent was read.
        drop(incoming.read_to_string(&mut answer).await);
        answer
    };
    let both = async { tokio::join!(sending, answered) };
    let ((), answer) = tokio::time::timeout(Duration::from_secs(20), both).await.expect("the server closes");
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn a_body_may_be_as_large_as_the_limit_and_no_byte_larger() {
    let app = TestApp::builder().set("ANNEX_MAX_BODY", "1KiB").start().await;
    for (length, status) in [(1024, 400), (1025, 413)] {
        let head =
            "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json";
        let body = "a".repeat(length);
        let chunked =
            format!("{head}\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n");
        assert_eq!(app.raw(chunked).await.statuses(), [status], "{length} bytes in a chunk");
        let announced = format!("{head}\r\nContent-Length: {length}\r\n\r\n{body}");
        assert_eq!(app.raw(announced).await.statuses(), [status], "{length} bytes");
    }
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_not_waited_for() {
    let app = TestApp::start().await;
    for (line, status) in [
        // The import is refused before its body is looked at; the other takes none.
        ("POST /v1/records/posts/import", 404),
        ("GET /healthz", 200),
    ] {
        for rest in ["Transfer-Encoding: chunked\r\n\r\n5\r\nab", "Content-Length: 5\r\n\r\nab"] {
            let half = format!("{line} HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\n{rest}");
            let exchange = app.raw(half).await;
            assert_eq!(exchange.statuses(), [status], "{}", exchange.text);
        }
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let app = TestApp::start().await;
    let huge = format!("GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: {}\r\n\r\n", "a".repeat(300_000));
    let many = format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{}\r\n", "X-A: a\r\n".repeat(2_000));
    for head in [huge, many] {
        let exchange = app.raw(head).await;
        let statuses = exchange.statuses();
        assert!(matches!(statuses[..], [400 | 431]), "{statuses:?}: {}", exchange.text);
    }
}

#[tokio::test]
async fn a_target_that_is_too_long_is_refused() {
    let app = TestApp::start().await;
    let exchange = app
        .raw(format!("GET /healthz?{} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "a".repeat(70_000)))
        .await;
    let statuses = exchange.statuses();
    assert!(matches!(statuses[..], [400 | 414 | 431]), "{statuses:?}: {}", exchange.text);
}

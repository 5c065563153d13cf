//! Size and time are bounded while a request arrives.

use std::time::{Duration, Instant};

use annex_tests::{TestApp, raw};
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
                Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let chunk = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
    // The client never ends: the answer comes all the same.
    let (mut incoming, mut outgoing) = stream.split();
    let sending = async { while outgoing.write_all(chunk.as_bytes()).await.is_ok() {} };
    let mut answer = [0; 12];
    let answered = tokio::time::timeout(Duration::from_secs(8), incoming.read_exact(&mut answer));
    tokio::select! {
        () = sending => panic!("the server closed without an answer"),
        read = answered => { read.expect("the server answers").expect("there is an answer"); }
    }
    assert_eq!(std::str::from_utf8(&answer), Ok("HTTP/1.1 413"));
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

#[tokio::test]
async fn a_slow_head_is_cut_off() {
    let app = TestApp::builder().set("ANNEX_READ_TIMEOUT", "1").start().await;
    let started = Instant::now();
    let mut stream = TcpStream::connect(app.address()).await.expect("the server listens");
    stream.write_all(b"GET /healthz HT").await.expect("the server reads");
    let text = raw::read_to_close(&mut stream, Duration::from_secs(10)).await;
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 408"), "{text}");
    assert!(started.elapsed() >= Duration::from_millis(400), "it was cut off at once");
}

#[tokio::test]
async fn a_slow_body_is_cut_off() {
    let app = TestApp::builder().set("ANNEX_READ_TIMEOUT", "1").start().await;
    let mut stream = TcpStream::connect(app.address()).await.expect("the server listens");
    let head = "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let text = raw::read_to_close(&mut stream, Duration::from_secs(10)).await;
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 408"), "{text}");
}

#[tokio::test]
async fn slow_clients_do_not_hold_others_up() {
    let app = TestApp::builder().set("ANNEX_READ_TIMEOUT", "5").start().await;
    let mut slow = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(app.address()).await.expect("the server listens");
        stream.write_all(b"POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nX-").await.expect("the server reads");
        slow.push(stream);
    }
    let started = Instant::now();
    for _ in 0..20 {
        app.anonymous().get("/healthz").await.expect_status(200);
    }
    assert!(started.elapsed() < Duration::from_secs(2), "20 answers took {:?}", started.elapsed());
}

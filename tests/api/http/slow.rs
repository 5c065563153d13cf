//! A client that is slow, in its request or in taking the answer, holds up nobody and is let go.

use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use annex_tests::{Builder, TestApp, raw};
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// The length of a large answer.
const LARGE: usize = 16 << 20;

#[tokio::test]
async fn a_slow_head_is_cut_off() {
    let app = TestApp::builder().set("ANNEX_READ_TIMEOUT", "1").start().await;
    let started = Instant::now();
    let mut stream = TcpStream::connect(app.address()).await.expect("the server listens");
    stream.write_all(b"GET /healthz HT").await.expect("the server reads");
    let text = raw::read_to_close(&mut stream, Duration::from_secs(30)).await;
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 408"), "{text}");
    assert!(started.elapsed() >= Duration::from_millis(400), "it was cut off at once");
}

#[tokio::test]
async fn a_slow_body_is_cut_off() {
    let app = TestApp::builder().set("ANNEX_READ_TIMEOUT", "1").start().await;
    let mut stream = TcpStream::connect(app.address()).await.expect("the server listens");
    let head = "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let text = raw::read_to_close(&mut stream, Duration::from_secs(30)).await;
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 408"), "{text}");
}

#[tokio::test]
async fn a_slow_head_behind_an_answer_is_cut_off() {
    let app = TestApp::builder().set("ANNEX_READ_TIMEOUT", "1").start().await;
    for begun in ["GET /hea", "GET /healthz HTTP/1.1\r\nHost: a\r\n", "\r\n"] {
        let mut stream = TcpStream::connect(app.address()).await.expect("the server listens");
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("the server reads");
        // The answer is there: the connection waits for the next request.
        stream.readable().await.expect("the server answers");
        stream.write_all(begun.as_bytes()).await.expect("the server reads");
        let text = raw::read_to_close(&mut stream, Duration::from_secs(30)).await;
        assert_eq!(raw::Exchange { text }.statuses(), [200], "{begun}");
    }
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_given_up() {
    let app = large().set("ANNEX_READ_TIMEOUT", "1").start().await;
    for connection in ["keep-alive", "close"] {
        let socket = TcpSocket::new_v4().expect("a socket can be made");
        socket.set_recv_buffer_size(4096).expect("a socket can be set");
        let mut stream = socket.connect(app.address()).await.expect("the server listens");
        let head = format!("GET /large HTTP/1.1\r\nHost: a\r\nConnection: {connection}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("the server reads");
        app.eventually("the answer is given up", async || {
            tokio::time::sleep(Duration::from_secs(1)).await;
            app.inside().metrics.text().contains("annex_http_connections 0")
        })
        .await;
        let mut taken = Vec::new();
        drop(stream.read_to_end(&mut taken).await);
        assert!(taken.starts_with(b"HTTP/1.1 200"), "the answer began");
        assert!(taken.len() < LARGE, "all of it was sent to somebody who did not take it");
    }
}

#[tokio::test]
async fn many_who_send_slowly_hold_nobody_up() {
    let app = TestApp::builder().set("ANNEX_READ_TIMEOUT", "20").start().await;
    let head = "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nX-";
    let body = "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{";
    hold_up(&app, 500, |i| if i % 2 == 0 { head } else { body }).await;
}

#[tokio::test]
async fn many_who_take_slowly_hold_nobody_up() {
    let app = large().set("ANNEX_READ_TIMEOUT", "4").start().await;
    hold_up(&app, 100, |_| "GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await;
}

/// That many clients send so much and no more, and take nothing: others are served meanwhile, and then all are let go.
async fn hold_up(app: &TestApp, count: usize, sent: impl Fn(usize) -> &'static str) {
    app.collection(
        json!({"name": "posts", "fields": [{"name": "title", "type": "text"}], "rules": {"view": ""}}),
    )
    .await;
    let post = app.rows("posts", [json!({"title": "a"})]).await.remove(0);
    let path = format!("/v1/records/posts/{}", post["id"].as_str().expect("a post has an id"));
    let connections = || {
        let text = app.inside().metrics.text();
        let line = text.lines().find_map(|line| line.strip_prefix("annex_http_connections "));
        line.and_then(|count| count.parse::<usize>().ok()).expect("connections are counted")
    };
    let others = connections();
    let mut held = Vec::with_capacity(count);
    for i in 0..count {
        let socket = TcpSocket::new_v4().expect("a socket can be made");
        socket.set_recv_buffer_size(4096).expect("a socket can be set");
        let mut stream = socket.connect(app.address()).await.expect("the server listens");
        stream.write_all(sent(i).as_bytes()).await.expect("the server reads");
        held.push(stream);
    }
    app.eventually("all of them are connected", async || connections() >= others + count).await;
    for _ in 0..50 {
        app.anonymous().get(&path).await.expect_status(200);
    }
    assert!(connections() >= count, "they were not held while others were served");
    let begun = Instant::now();
    while connections() > others + 8 {
        assert!(begun.elapsed() < Duration::from_secs(240), "{} are still held", connections() - others);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(held);
}

/// A server with one more route, whose answer is large.
fn large() -> Builder {
    const PIECE: usize = 64 << 10;
    async fn answer() -> HttpResponse {
        let piece = Bytes::from_static(&[b'a'; PIECE]);
        HttpResponse::Ok().streaming(stream::repeat(piece).take(LARGE / PIECE).map(Ok::<_, actix_web::Error>))
    }
    TestApp::builder().routes(|routes| {
        routes.route("/large", web::get().to(answer));
    })
}

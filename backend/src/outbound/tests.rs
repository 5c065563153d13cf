//! Against servers and a name server in this process.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use hickory_resolver::proto::op::{Message, MessageType, OpCode};
use hickory_resolver::proto::rr::rdata::A;
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use hickory_resolver::proto::serialize::binary::{BinDecodable, BinEncodable};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::*;
use crate::config::Allowed;

/// A server that answers each connection with `answer`.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn start<F, Done>(ip: Ipv4Addr, port: u16, answer: F) -> Self
    where
        F: Fn(TcpStream, String) -> Done + Send + Sync + 'static,
        Done: Future<Output = ()> + Send,
    {
        let listener = TcpListener::bind((ip, port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (counted, answer) = (Arc::clone(&connections), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let answer = Arc::clone(&answer);
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        match stream.read_u8().await {
                            Ok(byte) => head.push(byte),
                            Err(_) => return,
                        }
                    }
                    answer(stream, String::from_utf8_lossy(&head).into_owned()).await;
                });
            }
        });
        Self { address, connections }
    }

    /// One that says `text` and closes.
    async fn saying(text: impl Into<String>) -> Self {
        let text: Arc<str> = text.into().into();
        Self::start(Ipv4Addr::LOCALHOST, 0, move |stream, _| say(stream, Arc::clone(&text))).await
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn say(mut stream: TcpStream, text: Arc<str>) {
    drop(stream.write_all(text.as_bytes()).await);
    drop(stream.shutdown().await);
}

fn config(allow: &[&str]) -> config::Outbound {
    config::Outbound {
        allow: allow.iter().map(|text| text.parse::<Allowed>().unwrap()).collect(),
        dns: Vec::new(),
        per_host: 10,
        max_response: 1 << 20,
    }
}

fn get(url: &str) -> Call {
    Call {
        method: Method::GET,
        target: url.parse().unwrap_or_else(|error| panic!("{url}: {error}")),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        timeout: Duration::from_secs(20),
    }
}

/// A name server that answers with these addresses: the first query for `A` with the first list, and so on, the last one
/// again and again. Nothing has an IPv6 address.
async fn name_server(answers: Vec<Vec<Ipv4Addr>>) -> (SocketAddr, Arc<Mutex<usize>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let query = Message::from_bytes(&buffer[..length]).unwrap();
            let mut answer = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
            let question = query.queries[0].clone();
            if question.query_type() == RecordType::A {
                let mut asked = counted.lock().unwrap();
                for ip in &answers[(*asked).min(answers.len() - 1)] {
                    answer.add_answer(Record::from_rdata(question.name().clone(), 0, RData::A(A(*ip))));
                }
                *asked += 1;
            }
            answer.add_query(question);
            socket.send_to(&answer.to_bytes().unwrap(), from).await.unwrap();
        }
    });
    (address, asked)
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

#[tokio::test]
async fn a_host_that_is_allowed_answers() {
    let server = Server::start(Ipv4Addr::LOCALHOST, 0, |stream, head| async move {
        let text =
            format!("HTTP/1.1 201 Created\r\nx-seen: yes\r\ncontent-length: {}\r\n\r\n{head}", head.len());
        say(stream, text.into()).await;
    })
    .await;
    let outbound = Outbound::new(&config(&["127.0.0.1"])).unwrap();
    let mut call = get(&format!("{}path?query=1", server.url()));
    call.method = Method::POST;
    call.headers.insert("x-mine", "1".parse().unwrap());
    call.body = Bytes::from_static(b"{}");
    let answer = outbound.call(call).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.headers["x-seen"]), (201, &"yes".parse().unwrap()));
    let seen = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(seen.starts_with("POST /path?query=1 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("x-mine: 1\r\n") && seen.contains("user-agent: Annex/"), "{seen}");
}

#[tokio::test]
async fn what_is_not_public_is_refused_however_it_is_written() {
    let server = Server::saying(OK).await;
    let port = server.address.port();
    // What the server stands on is reachable; that alone must not be enough.
    TcpStream::connect(server.address).await.unwrap();
    let before = server.connections();
    let outbound = Outbound::new(&config(&["10.0.0.0/8", "intranet"])).unwrap();
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "127.255.255.254",
        "%31%32%37.0.0.1",
        "①②⑦.⓪.⓪.①",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[0:0:0:0:0:0:0:1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[::ffff:0:127.0.0.1]",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "100.100.100.200",
        "100.64.0.1",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "192.0.2.1",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fc00::1]",
        "[ff02::1]",
        "[2001:db8::1]",
    ] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/");
            let error = outbound.call(get(&url)).await.unwrap_err();
            assert!(matches!(error, CallError::Refused(_)), "{url}: {error}");
            assert!(!error.is_passing(), "{url}");
        }
    }
    assert_eq!(server.connections(), before, "nobody was called");
}

#[tokio::test]
async fn a_name_that_changes_its_mind_leads_nowhere_else() {
    let allowed = Server::saying(OK).await;
    let forbidden = Server::start(Ipv4Addr::new(127, 0, 0, 2), allowed.address.port(), |stream, _| {
        say(stream, OK.into())
    })
    .await;
    let (good, bad) = (Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2));
    let (dns, asked) = name_server(vec![vec![good], vec![bad], vec![bad, good], vec![good, bad]]).await;
    let outbound = Outbound::new(&config::Outbound { dns: vec![dns], ..config(&["127.0.0.1"]) }).unwrap();
    let url = format!("http://rebind.example:{}/", allowed.address.port());

    assert_eq!(outbound.call(get(&url)).await.unwrap().body, "ok");
    assert_eq!(*asked.lock().unwrap(), 1, "what was checked is what was connected to");
    let error = outbound.call(get(&url)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`rebind.example` is an address of this machine, which is not called unless ANNEX_OUTBOUND_ALLOW names it"
    );
    for _ in 0..2 {
        assert_eq!(
            outbound.call(get(&url)).await.unwrap().body,
            "ok",
            "of several addresses the allowed one"
        );
    }
    assert_eq!((allowed.connections(), forbidden.connections()), (3, 0));
    assert_eq!(*asked.lock().unwrap(), 4);
}

#[tokio::test]
async fn a_host_is_allowed_by_its_name_alone() {
    let server = Server::saying(OK).await;
    let (dns, _) = name_server(vec![vec![Ipv4Addr::LOCALHOST]]).await;
    let outbound =
        Outbound::new(&config::Outbound { dns: vec![dns], ..config(&["search.internal"]) }).unwrap();
    let port = server.address.port();
    for host in ["search.internal", "SEARCH.internal."] {
        assert_eq!(outbound.call(get(&format!("http://{host}:{port}/"))).await.unwrap().body, "ok");
    }
    for host in ["other.internal", "a.search.internal", "127.0.0.1", "internal"] {
        let error = outbound.call(get(&format!("http://{host}:{port}/"))).await.unwrap_err();
        assert!(matches!(error, CallError::Refused(_)), "{host}: {error}");
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_not_found() {
    let (dns, _) = name_server(vec![vec![]]).await;
    let outbound = Outbound::new(&config::Outbound { dns: vec![dns], ..config(&[]) }).unwrap();
    let error = outbound.call(get("https://nothing.example/")).await.unwrap_err();
    assert!(matches!(&error, CallError::NotFound(host) if host == "nothing.example"), "{error}");
    assert!(error.is_passing());
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let inside = Server::saying(OK).await;
    let redirect = format!("HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", inside.url());
    let server = Server::saying(redirect).await;
    let outbound = Outbound::new(&config(&["127.0.0.1"])).unwrap();
    let answer = outbound.call(get(&server.url())).await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.headers["location"].to_str().unwrap()),
        (302, inside.url().as_str())
    );
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn an_answer_is_read_up_to_a_limit() {
    let outbound = Outbound::new(&config::Outbound { max_response: 1000, ..config(&["127.0.0.1"]) }).unwrap();
    let fits = Server::saying(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1000))).await;
    assert_eq!(outbound.call(get(&fits.url())).await.unwrap().body.len(), 1000);
    let announced =
        Server::saying(format!("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n{}", "x".repeat(1001))).await;
    let endless = Server::start(Ipv4Addr::LOCALHOST, 0, |mut stream, _| async move {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await);
        while stream.write_all(&[b'x'; 512]).await.is_ok() {}
    })
    .await;
    for server in [announced, endless] {
        let error = outbound.call(get(&server.url())).await.unwrap_err();
        assert!(matches!(error, CallError::TooLarge { most: 1000, .. }), "{error}");
    }
}

#[tokio::test]
async fn a_head_says_how_large_the_body_would_be_and_has_none() {
    let server =
        Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\nconnection: close\r\n\r\n").await;
    let outbound = Outbound::new(&config(&["127.0.0.1"])).unwrap();
    let answer = outbound.call(Call { method: Method::HEAD, ..get(&server.url()) }).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
}

#[tokio::test]
async fn an_answer_has_a_time_in_all() {
    let outbound = Outbound::new(&config(&["127.0.0.1"])).unwrap();
    let silent = Server::start(Ipv4Addr::LOCALHOST, 0, |stream, _| async move {
        let _stream = stream;
        std::future::pending().await
    })
    .await;
    // Each part comes soon, and the whole never.
    let slow = Server::start(Ipv4Addr::LOCALHOST, 0, |mut stream, _| async move {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await);
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    for server in [silent, slow] {
        let begun = Instant::now();
        let timeout = Duration::from_millis(300);
        let error = outbound.call(Call { timeout, ..get(&server.url()) }).await.unwrap_err();
        assert!(matches!(error, CallError::TimedOut { .. }) && error.is_passing(), "{error}");
        assert!(begun.elapsed() >= timeout && begun.elapsed() < Duration::from_secs(15));
    }
}

#[tokio::test]
async fn a_name_server_that_is_silent_holds_nothing_up() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let dns = vec![silent.local_addr().unwrap()];
    let outbound = Outbound::new(&config::Outbound { dns, ..config(&[]) }).unwrap();
    let call = Call { timeout: Duration::from_millis(300), ..get("https://nothing.example/") };
    let error = outbound.call(call).await.unwrap_err();
    assert!(matches!(error, CallError::TimedOut { .. }), "{error}");
}

#[tokio::test]
async fn a_host_has_so_many_calls_at_once() {
    let (most, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let server = Server::start(Ipv4Addr::LOCALHOST, 0, move |stream, _| {
        let (seen, now) = (Arc::clone(&seen), Arc::clone(&now));
        async move {
            seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(30)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            say(stream, OK.into()).await;
        }
    })
    .await;
    let config = config::Outbound { per_host: 3, ..config(&["127.0.0.1"]) };
    let outbound = Outbound::new(&config).unwrap();
    let calls = (0..12).map(|_| outbound.call(get(&server.url())));
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_host_that_does_not_answer_as_it_should_is_told() {
    let outbound = Outbound::new(&config(&["127.0.0.1"])).unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = outbound.call(get(&format!("http://{closed}/"))).await.unwrap_err();
    assert!(matches!(error, CallError::Connect { .. }) && error.is_passing(), "{error}");
    for text in ["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort"] {
        let server = Server::saying(text).await;
        let error = outbound.call(get(&server.url())).await.unwrap_err();
        assert!(matches!(error, CallError::Broken { .. }) && error.is_passing(), "{text:?}: {error}");
    }
}

#[test]
fn an_address_is_checked_as_it_is_connected_to() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let guard = runtime.block_on(async { Guard::new(&config(&["127.0.0.0/8"])) }).unwrap();
    let check = |text: &str| guard.check(text.parse::<IpAddr>().unwrap());
    assert!(check("127.0.0.1").is_ok() && check("8.8.8.8").is_ok());
    assert!(check("::ffff:127.0.0.1").is_err() && check("::1").is_err());
}

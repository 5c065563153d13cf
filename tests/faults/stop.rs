//! Stopping: accepted requests finish, nothing new is taken, and the end is clean.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use annex_tests::{Program, TestDatabase, raw};
use nix::sys::signal::Signal;
use reqwest::StatusCode;
use serde_json::json;
use sqlx::{Executor, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::annex::Annex;

/// How long any request may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn told_to_stop_it_ends_well() {
    let database = TestDatabase::create().await;
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut annex = Program::serve(&[("ANNEX_DATABASE_URL", &database.url())]);
        annex.signal(signal);
        assert!(annex.wait(PATIENCE).success(), "{signal}");
    }
    database.drop_database().await;
}

#[tokio::test]
async fn what_was_accepted_is_finished() {
    let database = TestDatabase::create().await;
    let settings = [
        ("ANNEX_DATABASE_URL", &*database.url()),
        ("ANNEX_DRAIN_TIMEOUT", "50"),
        ("ANNEX_READ_TIMEOUT", "60"),
        ("ANNEX_STATEMENT_TIMEOUT", "60"),
    ];
    let mut annex = Annex::serve(&settings, PATIENCE).await;
    for name in ["notes", "arrivals", "logs"] {
        annex.make_collection(name).await;
    }
    let mut other = database.connect().await;
    let rows = "insert into logs (text) select repeat('x', 1000) from generate_series(1, 30000)";
    other.execute(rows).await.expect("rows can be made");

    // A file that nobody has taken yet, and one that is still on its way.
    let export = annex.post("/v1/records/logs/export", &json!({"format": "ndjson"})).await;
    let export = export.expect("the export begins");
    let mut import = begin_import(&annex).await;
    // A write and a list that wait for a lock.
    other.execute("begin; lock table notes in access exclusive mode").await.expect("it can be locked");
    let body = json!({"text": "kept"});
    let waiting = async {
        let list = annex.client.get(annex.url("/v1/records/notes")).bearer_auth(&annex.token).send();
        tokio::join!(annex.post("/v1/records/notes", &body), list)
    };
    let meanwhile = async {
        until_locked_out(&database, 2).await;
        annex.program.signal(Signal::SIGTERM);
        until_refused(annex.program.address).await;
        other.execute("commit").await.expect("it can be unlocked");
    };
    let ((written, listed), ()) = tokio::join!(waiting, meanwhile);
    assert_eq!(written.expect("the write is answered").status(), StatusCode::CREATED);
    assert_eq!(listed.expect("the list is answered").status(), StatusCode::OK);

    import.write_all(b"7\r\nsecond\n\r\n0\r\n\r\n").await.expect("the server reads");
    let answer = raw::read_to_close(&mut import, PATIENCE).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"inserted\":2"), "{answer}");
    let exported = export.text().await.expect("the export is whole");
    assert_eq!(exported.lines().count(), 30_000);

    assert!(annex.program.wait(PATIENCE).success());
    let (notes, arrivals): (i64, i64) =
        sqlx::query_as("select (select count(*) from notes), (select count(*) from arrivals)")
            .fetch_one(&mut other)
            .await
            .expect("the rows can be counted");
    assert_eq!((notes, arrivals), (1, 2));
    database.drop_database().await;
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut_off() {
    let database = TestDatabase::create().await;
    let settings = [("ANNEX_DATABASE_URL", &*database.url()), ("ANNEX_DRAIN_TIMEOUT", "2")];
    let mut annex = Annex::serve(&settings, PATIENCE).await;
    annex.make_collection("notes").await;
    let mut other = database.connect().await;
    other.execute("begin; lock table notes in access exclusive mode").await.expect("it can be locked");
    let body = json!({"text": "late"});
    let meanwhile = async {
        until_locked_out(&database, 1).await;
        annex.program.signal(Signal::SIGTERM);
        Instant::now()
    };
    let (written, told) = tokio::join!(annex.post("/v1/records/notes", &body), meanwhile);
    assert!(written.is_err(), "nobody could answer: {written:?}");
    assert!(told.elapsed() >= Duration::from_secs(1), "it was given no time: {:?}", told.elapsed());
    assert!(annex.program.wait(PATIENCE).success());
    drop(other);
    database.drop_database().await;
}

/// An import of which the first row has been sent, and the head has been read by the server.
async fn begin_import(annex: &Annex) -> TcpStream {
    let mut stream = TcpStream::connect(annex.program.address).await.expect("the server listens");
    let head = format!(
        "POST /v1/records/arrivals/import HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nContent-Type: text/csv\r\n\
         Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
        annex.token
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let mut goes_on = *b"HTTP/1.1 100 Continue\r\n\r\n";
    stream.read_exact(&mut goes_on).await.expect("the server answers");
    assert_eq!(&goes_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"b\r\ntext\nfirst\n\r\n").await.expect("the server reads");
    stream
}

/// Waits until that many statements over records wait for a lock; the catalogue may be read meanwhile, and wait too.
async fn until_locked_out(database: &TestDatabase, count: i64) {
    let mut connection: PgConnection = database.connect().await;
    let waiting = "select count(*) from pg_stat_activity
        where datname = current_database() and application_name = 'annex records' and wait_event_type = 'Lock'";
    for _ in 0..500 {
        let found: i64 =
            sqlx::query_scalar(waiting).fetch_one(&mut connection).await.expect("Postgres answers");
        if found >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no {count} statements came to wait for a lock");
}

/// Waits until nobody listens there any more.
async fn until_refused(address: SocketAddr) {
    for _ in 0..500 {
        if TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the server still takes connections");
}

#[tokio::test]
async fn a_closed_terminal_ends_it_well() {
    let database = TestDatabase::create().await;
    let url = database.url();
    let mut annex = Program::serve(&[("ANNEX_DATABASE_URL", &url)]);
    annex.signal(Signal::SIGHUP);
    if ignores_hangup() {
        // The tests themselves were started so, and what they start inherits it.
        std::thread::sleep(Duration::from_millis(500));
        annex.signal(Signal::SIGTERM);
    }
    assert!(annex.wait(PATIENCE).success());
    database.drop_database().await;
}

#[tokio::test]
async fn the_last_requests_of_a_server_are_written_when_it_stops() {
    let database = TestDatabase::create().await;
    let mut annex = Program::serve(&[("ANNEX_DATABASE_URL", &database.url())]);
    let answer = reqwest::get(format!("http://{}/v1/nothing", annex.address)).await.unwrap();
    assert_eq!(answer.status(), 404);
    annex.signal(Signal::SIGTERM);
    assert!(annex.wait(PATIENCE).success());
    let mut connection = database.connect().await;
    let kept: i64 = sqlx::query_scalar("select count(*) from annex.requests where path = '/v1/nothing'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(kept, 1);
    drop(connection);
    database.drop_database().await;
}

fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("Linux tells");
    u64::from_str_radix(ignored.trim(), 16).expect("a mask") & 1 == 1
}

//! Webhooks are told every change at least once and in the order of each record, and triggers enqueue for each exactly once: whatever
//! fails, is killed or restarted meanwhile.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use annex_tests::TestDatabase;
use nix::sys::signal::{Signal, kill};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::annex::Annex;
use crate::durability::{folder, postmaster};

/// How long everything may take to be told, in the end.
const PATIENCE: Duration = Duration::from_secs(90);

/// The program that is told. It fails now and then.
#[derive(Debug, Default)]
struct Receiver {
    /// What it took, in order.
    taken: Mutex<Vec<Value>>,
    asked: AtomicUsize,
}

impl Receiver {
    async fn start() -> (Arc<Self>, SocketAddr) {
        let receiver = Arc::<Self>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let shared = Arc::clone(&receiver);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { shared.serve(stream).await });
            }
        });
        (receiver, address)
    }

    /// Answers until the connection ends.
    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).await? == 0 {
                    return Ok(());
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length is a number");
                }
                if line == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await?;
            let answer: &[u8] = if self.asked.fetch_add(1, Ordering::SeqCst) % 7 == 3 {
                b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"
            } else {
                self.taken
                    .lock()
                    .expect("nobody panics")
                    .push(serde_json::from_slice(&body).expect("it is JSON"));
                b"HTTP/1.1 204 No Content\r\n\r\n"
            };
            stream.write_all(answer).await?;
        }
    }

    fn taken(&self) -> Vec<Value> {
        self.taken.lock().expect("nobody panics").clone()
    }
}

/// What the writers share.
struct Course {
    address: watch::Receiver<SocketAddr>,
    ended: AtomicBool,
}

/// Makes notes and counts each of them up; of one that nobody has acknowledged it asks how it is.
async fn write(client: reqwest::Client, token: String, course: Arc<Course>) {
    const NOTES: usize = 12;
    let mut notes: Vec<(String, i64)> = Vec::new();
    let mut turn = 0;
    while !course.ended.load(Ordering::SeqCst) {
        turn += 1;
        tokio::time::sleep(Duration::from_millis(12)).await;
        let base = format!("http://{}/v1/records/notes", *course.address.borrow());
        let json = |request: reqwest::RequestBuilder, body: Value| {
            request
                .header("content-type", "application/json")
                .bearer_auth(&token)
                .body(body.to_string())
                .send()
        };
        if notes.len() < NOTES {
            if let Ok(answer) = json(client.post(&base), json!({"n": 0})).await
                && answer.status() == StatusCode::CREATED
                && let Ok(made) = answer.json::<Value>().await
            {
                notes.push((made["id"].as_str().expect("it has an id").to_owned(), 0));
            }
            continue;
        }
        let (id, n) = &mut notes[turn % NOTES];
        let one = format!("{base}/{id}");
        let changed = json(client.patch(&one), json!({"n": *n + 1})).await;
        if changed.is_ok_and(|answer| answer.status() == StatusCode::OK) {
            *n += 1;
        } else if let Ok(answer) = client.get(&one).bearer_auth(&token).send().await
            && answer.status() == StatusCode::OK
            && let Ok(note) = answer.json::<Value>().await
        {
            *n = note["n"].as_i64().expect("it is a number");
        }
    }
}

async fn get(annex: &Annex, path: &str) -> Value {
    let answer =
        annex.client.get(annex.url(path)).bearer_auth(&annex.token).send().await.expect("it answers");
    answer.json().await.expect("it is JSON")
}

/// All that a list has.
async fn all(annex: &Annex, path: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(annex, &format!("{path}limit=1000{cursor}")).await;
        items.extend(page["items"].as_array().unwrap_or_else(|| panic!("{page}")).iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

fn position(event: &Value) -> String {
    event["data"]["position"].as_str().expect("it has a position").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_is_told_in_order_and_enqueues_once_while_all_is_killed_and_restarted() {
    let data_dir = folder();
    let folder = data_dir.path().to_string_lossy().into_owned();
    let settings = [
        ("ANNEX_DATA_DIR", folder.as_str()),
        ("ANNEX_OUTBOUND_ALLOW", "127.0.0.1"),
        ("ANNEX_WEBHOOKS_FIRST_RETRY", "1"),
    ];
    let serve = || Annex::serve(&settings, Duration::from_secs(10));
    let mut annex = serve().await;
    let (receiver, receives) = Receiver::start().await;
    let collection = json!({"name": "notes", "fields": [{"name": "n", "type": "int"}]});
    assert_eq!(
        annex.post("/v1/collections", &collection).await.expect("it answers").status(),
        StatusCode::CREATED
    );
    let events = json!(["record.created", "record.updated", "record.deleted"]);
    let webhook =
        json!({"name": "all", "url": format!("http://{receives}/"), "collection": "notes", "events": events});
    assert_eq!(annex.post("/v1/webhooks", &webhook).await.expect("it answers").status(), StatusCode::CREATED);
    let trigger = json!({"collection": "notes", "events": events, "job": {"kind": "witness"}});
    let put = annex.client.put(annex.url("/v1/triggers/all")).header("content-type", "application/json");
    let put = put.bearer_auth(&annex.token).body(trigger.to_string()).send().await.expect("it answers");
    assert_eq!(put.status(), StatusCode::CREATED);

    let (addresses, address) = watch::channel(annex.program.address);
    let course = Arc::new(Course { address, ended: AtomicBool::new(false) });
    let writers: Vec<_> = (0..2)
        .map(|_| tokio::spawn(write(annex.client.clone(), annex.token.clone(), Arc::clone(&course))))
        .collect();
    for round in 0..3 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        kill(postmaster(data_dir.path()), Signal::SIGQUIT).expect("Postgres runs");
        tokio::time::sleep(Duration::from_secs(4)).await;
        annex.program.signal(Signal::SIGKILL);
        annex.program.wait(Duration::from_secs(5));
        annex = serve().await;
        addresses.send_replace(annex.program.address);
        println!("round {round}: {} taken so far", receiver.taken().len());
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    course.ended.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.expect("a writer does not fail");
    }
    let notes: BTreeMap<String, i64> = all(&annex, "/v1/records/notes?")
        .await
        .iter()
        .map(|note| (note["id"].as_str().expect("an id").to_owned(), note["n"].as_i64().expect("a number")))
        .collect();
    for id in notes.keys() {
        let delete =
            annex.client.delete(annex.url(&format!("/v1/records/notes/{id}"))).bearer_auth(&annex.token);
        assert_eq!(delete.send().await.expect("it answers").status(), StatusCode::NO_CONTENT);
    }

    let began = Instant::now();
    let is_gone = |event: &Value| event["type"] == "record.deleted";
    while receiver.taken().iter().filter(|event| is_gone(event)).count() < notes.len()
        || get(&annex, "/v1/event-log").await["pending_deliveries"] != 0
    {
        assert!(began.elapsed() < PATIENCE, "{}", get(&annex, "/v1/event-log").await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    let taken = receiver.taken();
    println!(
        "{} taken of {} changes, {} asked",
        taken.len(),
        notes.values().sum::<i64>(),
        receiver.asked.load(Ordering::SeqCst)
    );
    assert!(notes.values().sum::<i64>() > 100, "much was written");
    for (id, last) in &notes {
        let told: Vec<&Value> = taken.iter().filter(|event| event["data"]["id"] == **id).collect();
        let positions: Vec<String> = told.iter().map(|event| position(event)).collect();
        assert!(positions.is_sorted(), "{id} was told in order");
        assert_eq!(told[0]["type"], "record.created");
        assert!(is_gone(told[told.len() - 1]), "{id}");
        let numbers: HashSet<i64> =
            told.iter().map(|event| event["data"]["record"]["n"].as_i64().expect("a number")).collect();
        assert_eq!(numbers, (0..=*last).collect(), "{id}: each change was told");
    }
    let jobs = all(&annex, "/v1/jobs?kind=witness&").await;
    let enqueued: Vec<String> = jobs.iter().map(|job| position(&job["args"]["event"])).collect();
    let once: HashSet<&String> = enqueued.iter().collect();
    assert_eq!(enqueued.len(), once.len(), "nothing is enqueued twice");
    let told: HashSet<String> = taken.iter().map(position).collect();
    assert_eq!(once, told.iter().collect(), "what is told and what enqueues is the same");
    assert!(get(&annex, "/v1/event-log").await["events_lost_at"].is_null());
}

/// Which rows the jobs of the trigger are about.
async fn enqueued(pool: &sqlx::PgPool) -> Vec<i32> {
    sqlx::query_scalar(
        "select (args #>> '{event,data,record,n}')::int from annex.jobs where kind = 'witness' order by id",
    )
    .fetch_all(pool)
    .await
    .expect("jobs can be listed")
}

#[tokio::test]
async fn another_server_goes_on_where_one_died() {
    let database = TestDatabase::create_empty().await;
    let url = database.url();
    let settings =
        [("ANNEX_DATABASE_URL", url.as_str()), ("ANNEX_MAX_CONNECTIONS", "12"), ("ANNEX_JOBS_RUN", "false")];
    let serve = || Annex::serve(&settings, Duration::from_secs(20));
    let mut servers = vec![serve().await, serve().await];
    let collection = json!({"name": "notes", "fields": [{"name": "n", "type": "int"}]});
    let answer = servers[0].post("/v1/collections", &collection).await.expect("it answers");
    assert_eq!(answer.status(), StatusCode::CREATED);
    let trigger = json!({"collection": "notes", "events": ["record.created"], "job": {"kind": "witness"}});
    let put = servers[0].client.put(servers[0].url("/v1/triggers/all")).bearer_auth(&servers[0].token);
    let put = put.header("content-type", "application/json").body(trigger.to_string()).send().await;
    assert_eq!(put.expect("it answers").status(), StatusCode::CREATED);
    let pool = sqlx::PgPool::connect(&url).await.expect("Postgres answers");
    let mut written = 0;
    let mut readers = HashSet::new();
    for round in 0..4 {
        for _ in 0..50 {
            written += 1;
            sqlx::query("insert into public.notes (n) values ($1)")
                .bind(written)
                .execute(&pool)
                .await
                .expect("it is written");
        }
        // In the middle of it, wherever that is.
        if round < 3 {
            let mut dead = servers.remove(0);
            dead.program.signal(Signal::SIGKILL);
            dead.program.wait(Duration::from_secs(5));
            servers.push(serve().await);
        }
        let began = Instant::now();
        while enqueued(&pool).await.len() < written as usize {
            assert!(began.elapsed() < PATIENCE, "{:?} of {written}", enqueued(&pool).await.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let reader: Option<i32> = sqlx::query_scalar("select active_pid from pg_replication_slots where slot_name = (select slot from annex.event_log)")
            .fetch_one(&pool)
            .await
            .expect("there is a slot");
        readers.insert(reader);
    }
    assert_eq!(
        enqueued(&pool).await,
        (1..=written).collect::<Vec<i32>>(),
        "once, and in the order of the log"
    );
    assert!(readers.len() > 1, "the log had more than one reader");
    drop(servers);
    pool.close().await;
    database.drop_database().await;
}

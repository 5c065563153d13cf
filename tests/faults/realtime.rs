//! Whoever follows a collection has, in the end, exactly what is in it: whatever was cut, killed or restarted meanwhile, nothing is
//! missed and nothing is told twice.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use annex_tests::Socket;
use nix::sys::signal::{Signal, kill};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::annex::Annex;
use crate::durability::{folder, postmaster};

/// How long the followers have, in the end, for what they do not know yet.
const PATIENCE: Duration = Duration::from_secs(60);

/// A series of numbers that looks like chance (Knuth, "The Art of Computer Programming", volume 2, MMIX).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// What one client knows.
#[derive(Debug, Default)]
struct Follower {
    name: String,
    filter: Option<&'static str>,
    records: HashMap<String, Value>,
    cursor: Option<String>,
    resyncs: usize,
    resumed: usize,
    events: usize,
}

/// What the followers share.
#[derive(Debug)]
struct Course {
    address: watch::Receiver<SocketAddr>,
    ended: AtomicBool,
    cuts: AtomicUsize,
}

impl Follower {
    /// Follows until all has ended and it knows the last record.
    async fn follow(mut self, course: Arc<Course>, mut chance: Chance) -> Self {
        loop {
            let address = *course.address.borrow();
            let Ok(Ok(mut socket)) =
                timeout(Duration::from_secs(2), Socket::connect_with(address, &[])).await
            else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            if self.converse(&mut socket, &course, &mut chance).await {
                return self;
            }
        }
    }

    /// Follows over one connection; true where all is done.
    async fn converse(&mut self, socket: &mut Socket, course: &Course, chance: &mut Chance) -> bool {
        let mut subscribe = json!({"op": "subscribe", "id": "n", "collection": "notes"});
        match &self.cursor {
            Some(cursor) => {
                subscribe["after"] = json!(cursor);
                self.resumed += 1;
            }
            None => subscribe["snapshot"] = json!(true),
        }
        if let Some(filter) = self.filter {
            subscribe["filter"] = json!(filter);
        }
        if socket.try_send(subscribe.to_string()).await.is_err() {
            return false;
        }
        loop {
            if course.ended.load(Ordering::SeqCst)
                && self.records.values().any(|record| record["text"] == "the end")
            {
                return true;
            }
            let message = match timeout(Duration::from_millis(500), socket.message()).await {
                Ok(Some(message)) => message,
                Ok(None) => return false,
                Err(_) if course.address.has_changed().unwrap_or(false) => return false,
                Err(_) => continue,
            };
            match message["op"].as_str().unwrap_or_default() {
                "snapshot" => {
                    let records = message["records"].as_array().expect("a snapshot has records");
                    self.records = records.iter().map(|record| (id(record), record.clone())).collect();
                    self.take_cursor(&message, false);
                }
                "subscribed" => self.take_cursor(&message, false),
                "event" => self.take(&message),
                "resync" => {
                    self.resyncs += 1;
                    self.cursor = None;
                    return false;
                }
                "error" => return false,
                other => panic!("{}: {other}", self.name),
            }
            if !course.ended.load(Ordering::SeqCst) && chance.below(100) == 0 {
                course.cuts.fetch_add(1, Ordering::SeqCst);
                return false;
            }
        }
    }

    fn take(&mut self, event: &Value) {
        self.take_cursor(event, true);
        self.events += 1;
        let (kind, record) = (event["type"].as_str().unwrap_or_default(), &event["record"]);
        let before = match kind {
            "leave" => self.records.remove(&id(record)),
            _ => self.records.insert(id(record), record.clone()),
        };
        assert_eq!(before.is_some(), kind != "enter", "{}: {event} of {before:?}", self.name);
    }

    fn take_cursor(&mut self, message: &Value, strictly: bool) {
        let cursor = message["cursor"].as_str().expect("there is a cursor").to_owned();
        if let Some(before) = &self.cursor {
            let (before, after) = (position(before), position(&cursor));
            assert!(
                after > before || !strictly && after == before,
                "{}: {before:?}, then {message}",
                self.name
            );
        }
        self.cursor = Some(cursor);
    }
}

fn id(record: &Value) -> String {
    record["id"].as_str().expect("a record has an id").to_owned()
}

/// Where a cursor stands in its log.
fn position(cursor: &str) -> (u64, u64) {
    let mut parts =
        cursor.split('-').skip(1).map(|part| u64::from_str_radix(part, 16).expect("it is hexadecimal"));
    (parts.next().expect("there is a place"), parts.next().expect("there is a place in it"))
}

/// Makes, changes and deletes notes until it is told to stop, as far as the server lets it.
async fn write(client: reqwest::Client, token: String, course: Arc<Course>, mut chance: Chance) {
    let mut ids: Vec<String> = Vec::new();
    while !course.ended.load(Ordering::SeqCst) {
        let base = format!("http://{}/v1/records/notes", *course.address.borrow());
        let body = json!({"text": chance.below(1000).to_string(), "public": chance.below(2) == 0, "n": chance.below(100)});
        let which = if ids.is_empty() { 0 } else { chance.below(4) };
        let at = if ids.is_empty() { 0 } else { chance.below(ids.len()) };
        let request = match which {
            0 => client.post(&base).body(body.to_string()),
            3 => client.delete(format!("{base}/{}", ids.swap_remove(at))),
            _ => client.patch(format!("{base}/{}", ids[at])).body(body.to_string()),
        };
        let answer = request.header("content-type", "application/json").bearer_auth(&token).send().await;
        if let (0, Ok(answer)) = (which, answer)
            && answer.status() == StatusCode::CREATED
            && let Ok(made) = answer.json::<Value>().await
        {
            ids.push(id(&made));
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_miss_nothing_while_all_is_cut_killed_and_restarted() {
    let data_dir = folder();
    let mut annex = Annex::over(data_dir.path()).await;
    let collection = json!({
        "name": "notes",
        "realtime": true,
        "fields": [{"name": "text", "type": "text"}, {"name": "public", "type": "bool"}, {"name": "n", "type": "int"}],
        "rules": {"list": "public", "view": "public"}
    });
    let answer = annex.post("/v1/collections", &collection).await.expect("it answers");
    assert_eq!(answer.status(), StatusCode::CREATED);

    let (addresses, address) = watch::channel(annex.program.address);
    let course = Arc::new(Course { address, ended: AtomicBool::new(false), cuts: AtomicUsize::new(0) });
    let followers: Vec<_> = [None, Some("n < 50"), Some("n in [1, 2, 3, 4, 5]"), None]
        .into_iter()
        .enumerate()
        .map(|(number, filter)| {
            let follower = Follower { name: format!("follower {number}"), filter, ..Follower::default() };
            tokio::spawn(follower.follow(Arc::clone(&course), Chance(number as u64)))
        })
        .collect();
    let writers: Vec<_> = (0..2)
        .map(|number| {
            let (client, token) = (annex.client.clone(), annex.token.clone());
            tokio::spawn(write(client, token, Arc::clone(&course), Chance(100 + number)))
        })
        .collect();

    for round in 0..3 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        kill(postmaster(data_dir.path()), Signal::SIGQUIT).expect("Postgres runs");
        tokio::time::sleep(Duration::from_secs(3)).await;
        annex.program.signal(Signal::SIGKILL);
        annex.program.wait(Duration::from_secs(5));
        annex = Annex::over(data_dir.path()).await;
        addresses.send_replace(annex.program.address);
        println!("round {round}: {} cuts so far", course.cuts.load(Ordering::SeqCst));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    course.ended.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.expect("a writer does not fail");
    }
    let last = json!({"text": "the end", "public": true, "n": 3});
    let answer = annex.post("/v1/records/notes", &last).await.expect("it answers");
    assert_eq!(answer.status(), StatusCode::CREATED);

    let page: Value = annex
        .client
        .get(annex.url("/v1/records/notes?limit=1000&filter=public"))
        .bearer_auth(&annex.token)
        .send()
        .await
        .expect("it answers")
        .json()
        .await
        .expect("it is JSON");
    assert!(page["next_cursor"].is_null(), "the notes fit a page");
    let all: Vec<&Value> = page["items"].as_array().expect("it is a page").iter().collect();
    for follower in followers {
        let follower = timeout(PATIENCE, follower).await.expect("it ends in time").expect("it does not fail");
        let Follower { name, filter, records, resyncs, resumed, events, .. } = follower;
        println!("{name}: {events} events, resumed {resumed} times, began anew {resyncs} times");
        let fits = |record: &&&Value| match filter {
            Some("n < 50") => record["n"].as_i64().is_some_and(|n| n < 50),
            Some(_) => record["n"].as_i64().is_some_and(|n| (1..=5).contains(&n)),
            None => true,
        };
        let expected: HashMap<String, Value> =
            all.iter().filter(fits).map(|record| (id(record), (**record).clone())).collect();
        assert_eq!(records, expected, "{name}");
        assert!(events > 20 && resumed > 2, "{name} saw {events} events and resumed {resumed} times");
        assert_eq!(resyncs, 0, "{name} could always go on where it was");
    }
}

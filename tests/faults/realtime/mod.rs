//! Whoever follows a collection has, in the end, exactly what is in it: whatever was cut, stalled, killed, restarted or lost meanwhile,
//! nothing is missed, nothing is told twice, and nothing is told behind what took the right to see it.
//!
//! `make proof` does so for ten minutes; what is set here is the short form.

mod follower;
mod proxy;

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sqlx::Executor;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::annex::Annex;
use crate::cluster::Cluster;
use follower::{Follower, LAST, id};
use proxy::Weather;

/// How long anything may take, however slow the machine is.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often Postgres is stopped at once and, halfway between, the server is killed, in seconds.
const EVERY: u64 = 16;

/// How many notes there are at the most, about.
const MOST_NOTES: usize = 300;

/// How many bytes the server may take: it keeps 64 MiB of what happened, and is built without optimization here.
const MOST_MEMORY: u64 = 600 << 20;

/// A series of numbers that looks like chance (Knuth, "The Art of Computer Programming", volume 2, MMIX).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

async fn serve(cluster: &Cluster) -> Annex {
    let (url, files) = (cluster.url(), cluster.files());
    let settings = [
        ("ANNEX_DATABASE_URL", url.as_str()),
        ("ANNEX_DATA_DIR", &files.to_string_lossy()),
        ("ANNEX_ACCESS_TOKEN_LIFETIME", "3600"),
    ];
    Annex::serve(&settings, PATIENCE).await
}

/// An account with the role `staff`: its token.
async fn staff(annex: &Annex, cluster: &Cluster) -> String {
    let account = json!({"email": "ada@example.com", "password": "a password for the tests alone", "display_name": "Ada"});
    let answer = annex.post("/v1/auth/register", &account).await.expect("it answers");
    assert_eq!(answer.status(), StatusCode::CREATED);
    let body: Value = answer.json().await.expect("it is JSON");
    let give = "update annex.users set roles = '{staff}' where email = 'ada@example.com'";
    cluster.connect().await.expect("it runs").execute(give).await.expect("roles can be given");
    body["access_token"].as_str().expect("there is a token").to_owned()
}

/// Makes, changes and deletes notes until it is told to stop, as far as the server lets it.
async fn write(
    client: Client,
    token: String,
    server: watch::Receiver<SocketAddr>,
    ended: Arc<AtomicBool>,
    mut chance: Chance,
) {
    let mut ids: Vec<String> = Vec::new();
    while !ended.load(Ordering::SeqCst) {
        let base = format!("http://{}/v1/records/notes", *server.borrow());
        let text = "n".repeat(chance.below(4000));
        let body = json!({"text": text, "public": chance.below(2) == 0, "n": chance.below(100)});
        let which = if ids.is_empty() { 0 } else { chance.below(4) };
        let at = if ids.is_empty() { 0 } else { chance.below(ids.len()) };
        let request = match which {
            0 if ids.len() < MOST_NOTES => client.post(&base).body(body.to_string()),
            3 | 0 => client.delete(format!("{base}/{}", ids.swap_remove(at))),
            _ => client.patch(format!("{base}/{}", ids[at])).body(body.to_string()),
        };
        let answer = request.header("content-type", "application/json").bearer_auth(&token).send().await;
        if let Ok(answer) = answer
            && answer.status() == StatusCode::CREATED
            && let Ok(made) = answer.json::<Value>().await
        {
            ids.push(id(&made));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What a list answers somebody.
async fn list(annex: &Annex, token: Option<&str>, filter: Option<&str>) -> HashMap<String, Value> {
    let mut notes = HashMap::new();
    let mut cursor = None;
    loop {
        let filter = filter.map(|filter| ("filter", filter.to_owned()));
        let query: Vec<(&str, String)> =
            [("limit", "500".to_owned())].into_iter().chain(filter).chain(cursor.take()).collect();
        let url = reqwest::Url::parse_with_params(&annex.url("/v1/records/notes"), &query);
        let request = annex.client.get(url.expect("it is one"));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let page: Value = request.send().await.expect("it answers").json().await.expect("it is JSON");
        let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
        notes.extend(items.iter().map(|note| (id(note), note.clone())));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(("cursor", next.to_owned())),
            None => return notes,
        }
    }
}

/// Drops the slot that keeps the log, and has nobody read on.
async fn lose_log(cluster: &Cluster) {
    let lose = "select pg_drop_replication_slot(slot) from annex.feed;
        select pg_terminate_backend(active_pid) from pg_replication_slots where active";
    let begun = Instant::now();
    // While it is being moved on it cannot be dropped.
    while cluster.connect().await.expect("it runs").execute(lose).await.is_err() {
        assert!(begun.elapsed() < PATIENCE, "the slot cannot be dropped");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Makes the last note, which everybody may see, as soon as the server can.
async fn make_last(annex: &Annex) {
    let last = json!({"text": LAST, "public": true, "n": 3});
    let begun = Instant::now();
    loop {
        match annex.post("/v1/records/notes", &last).await {
            Ok(answer) if answer.status() == StatusCode::CREATED => return,
            answer => assert!(begun.elapsed() < PATIENCE, "{answer:?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// How many bytes a process takes.
fn memory(pid: u32) -> u64 {
    let pages = fs::read_to_string(format!("/proc/{pid}/statm")).ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()));
    pages.unwrap_or_default() * 4096
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_miss_nothing_while_all_is_cut_killed_and_restarted() {
    let seconds = std::env::var("ANNEX_PROOF_SECONDS");
    let seconds: u64 = seconds.map_or(60, |text| text.parse().expect("the setting is a number"));
    let mut cluster = Cluster::start().await;
    let mut annex = serve(&cluster).await;
    let rule = "public or \"staff\" in @user.roles";
    let collection = json!({
        "name": "notes",
        "realtime": true,
        "fields": [{"name": "text", "type": "text"}, {"name": "public", "type": "bool"}, {"name": "n", "type": "int"}],
        "rules": {"list": rule, "view": rule}
    });
    let answer = annex.post("/v1/collections", &collection).await.expect("it answers");
    assert_eq!(answer.status(), StatusCode::CREATED);
    let ada = staff(&annex, &cluster).await;

    let (servers, server) = watch::channel(annex.program.address);
    let (weather, ended) = (Arc::new(Weather::default()), Arc::new(AtomicBool::new(false)));
    let proxy = proxy::start(server.clone(), Arc::clone(&weather)).await;
    let filters = [None, Some("n < 50"), Some("n in [1, 2, 3, 4, 5]")];
    let followers: Vec<_> = (0..24)
        .map(|number: usize| {
            let (who, token) = match number % 4 {
                0 => ("an admin", Some(annex.token.clone())),
                1 => ("Ada", Some(ada.clone())),
                _ => ("somebody", None),
            };
            let name = format!("{who} ({number})");
            let follower = Follower::new(name, token, filters[number % 3]);
            tokio::spawn(follower.follow(proxy, Arc::clone(&ended)))
        })
        .collect();
    let writers: Vec<_> = (0..2)
        .map(|number| {
            let (client, token) = (annex.client.clone(), annex.token.clone());
            tokio::spawn(write(client, token, server.clone(), Arc::clone(&ended), Chance(100 + number)))
        })
        .collect();

    let (begun, mut revoked, mut largest) = (Instant::now(), 0, 0);
    let (mut stops, mut kills) = (0, 0);
    for second in 1..=seconds {
        tokio::time::sleep(Duration::from_secs(1)).await;
        largest = largest.max(memory(annex.program.pid()));
        if second % EVERY == EVERY / 2 {
            cluster.stop_at_once();
            cluster.resume().await;
            stops += 1;
        } else if second % EVERY == 0 {
            annex.program.signal(Signal::SIGKILL);
            annex.program.wait(PATIENCE);
            annex = serve(&cluster).await;
            servers.send_replace(annex.program.address);
            kills += 1;
        }
        if second == seconds / 2 + 3 {
            let mut connection = cluster.connect().await.expect("it runs");
            let take = "update annex.users set roles = '{}' where email = 'ada@example.com'";
            connection.execute(take).await.expect("roles can be taken");
            let place = "select (pg_current_wal_insert_lsn() - '0/0')::int8";
            revoked =
                sqlx::query_scalar::<_, i64>(place).fetch_one(&mut connection).await.expect("it answers");
        }
        if second == seconds * 3 / 4 + 1 {
            lose_log(&cluster).await;
        }
    }
    ended.store(true, Ordering::SeqCst);
    weather.calm.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.expect("a writer does not fail");
    }
    make_last(&annex).await;

    let (mut events, mut resumed) = (0, 0);
    for follower in followers {
        let follower = timeout(PATIENCE, follower).await.expect("it ends in time").expect("it does not fail");
        let expected = list(&annex, follower.token.as_deref(), follower.filter).await;
        let name = &follower.name;
        println!(
            "{name}: {} events, resumed {} times, {:?}",
            follower.events, follower.resumed, follower.resyncs
        );
        assert_eq!(follower.records, expected, "{name}");
        match name.split(' ').next() {
            Some("an") => assert!(follower.private_until > 0, "{name}"),
            Some("Ada") => {
                assert!(follower.private_until > 0, "{name}");
                assert!(
                    follower.private_until <= revoked as u64,
                    "{name} was told what is not for everybody"
                );
            }
            _ => assert_eq!(follower.private_until, 0, "{name}"),
        }
        // A log is lost once, and a role is taken once.
        for (reason, times) in &follower.resyncs {
            let most = match (reason.as_str(), follower.token.is_some()) {
                ("log_lost", _) => 2,
                ("access_changed", true) => 2,
                _ => 0,
            };
            assert!(*times <= most, "{name}: {reason} {times} times");
        }
        events += follower.events;
        resumed += follower.resumed;
    }
    println!(
        "{:.0} s: {} connections cut, {} stalled, {stops} immediate stops of Postgres, {kills} kills of the server; {events} events, resumed \
        {resumed} times; at most {} MiB",
        begun.elapsed().as_secs_f64(),
        weather.cuts.load(Ordering::SeqCst),
        weather.stalls.load(Ordering::SeqCst),
        largest >> 20,
    );
    assert!(events > 1000 && resumed > 24, "{events} events, resumed {resumed} times");
    assert!(largest < MOST_MEMORY, "the server took {largest} bytes");
}

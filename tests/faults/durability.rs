//! What was acknowledged is there, whoever was killed, and nothing hangs while the database is away.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::StatusCode;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::annex::Annex;

/// How long any request may take, whatever happens to the database.
const PATIENCE: Duration = Duration::from_secs(10);

impl Annex {
    pub async fn over(data_dir: &Path) -> Self {
        Self::serve(&[("ANNEX_DATA_DIR", &data_dir.to_string_lossy())], PATIENCE).await
    }

    /// The ids of all notes.
    async fn notes(&self) -> HashSet<String> {
        let mut ids = HashSet::new();
        let mut path = "/v1/records/notes?limit=1000&fields=id".to_owned();
        loop {
            let request = self.client.get(self.url(&path)).bearer_auth(&self.token);
            let page: Value = request.send().await.expect("it answers").json().await.expect("it is JSON");
            let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
            ids.extend(items.iter().filter_map(|note| note["id"].as_str().map(str::to_owned)));
            match page["next_cursor"].as_str() {
                Some(next) => path = format!("/v1/records/notes?limit=1000&fields=id&cursor={next}"),
                None => return ids,
            }
        }
    }

    /// Writes notes over and over, until dropped, and keeps what came of each.
    fn write_on(&self, written: &Arc<Mutex<Written>>) -> JoinSet<()> {
        let mut writers = JoinSet::new();
        for _ in 0..4 {
            let (client, token) = (self.client.clone(), self.token.clone());
            let (url, written) = (self.url("/v1/records/notes"), Arc::clone(written));
            writers.spawn(async move {
                loop {
                    let begin = Instant::now();
                    let request = client.post(&url).header("content-type", "application/json");
                    let answer = request.bearer_auth(&token).body(r#"{"text": "kept"}"#).send().await;
                    let outcome = match answer {
                        Ok(answer) => {
                            let status = answer.status();
                            let waits = answer.headers().contains_key("retry-after");
                            answer.json::<Value>().await.map(|body| (status, waits, body))
                        }
                        Err(error) => Err(error),
                    };
                    written.lock().expect("no writer panics").note(outcome, begin.elapsed());
                    // A client that is turned away does not come back at once.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            });
        }
        writers
    }
}

/// What came of the writes.
#[derive(Debug, Default)]
struct Written {
    acknowledged: HashSet<String>,
    unavailable: usize,
    cut_off: usize,
    others: Vec<String>,
    slowest: Duration,
    last: Option<Instant>,
}

impl Written {
    fn note(&mut self, outcome: reqwest::Result<(StatusCode, bool, Value)>, took: Duration) {
        self.slowest = self.slowest.max(took);
        match outcome {
            Ok((StatusCode::CREATED, _, body)) => {
                self.acknowledged.insert(body["id"].as_str().expect("a note has an id").to_owned());
                self.last = Some(Instant::now());
            }
            Ok((StatusCode::SERVICE_UNAVAILABLE, true, _)) => self.unavailable += 1,
            Ok((status, _, body)) => self.others.push(format!("{status} {body}")),
            Err(_) => self.cut_off += 1,
        }
    }
}

pub fn folder() -> TempDir {
    tempfile::Builder::new().prefix("annex-durability-").tempdir().expect("a temporary folder")
}

pub fn postmaster(data_dir: &Path) -> Pid {
    let lock = fs::read_to_string(data_dir.join("postgres/postmaster.pid")).expect("it runs");
    Pid::from_raw(lock.lines().next().and_then(|line| line.parse().ok()).expect("its process is named"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_row_outlives_twenty_kills_of_annex() {
    let data_dir = folder();
    let written = Arc::new(Mutex::new(Written::default()));
    for round in 0..20_u64 {
        let mut annex = Annex::over(data_dir.path()).await;
        if round == 0 {
            annex.make_collection("notes").await;
        }
        let mut writers = annex.write_on(&written);
        // Not always at the same moment of a write.
        tokio::time::sleep(Duration::from_millis(60 + 37 * round % 140)).await;
        annex.program.signal(Signal::SIGKILL);
        annex.program.wait(Duration::from_secs(5));
        writers.shutdown().await;
    }
    let mut annex = Annex::over(data_dir.path()).await;
    let notes = annex.notes().await;
    {
        let written = written.lock().expect("no writer panics");
        println!("{} rows acknowledged, {} there", written.acknowledged.len(), notes.len());
        assert!(written.acknowledged.len() > 20, "{written:?}");
        let lost: Vec<_> = written.acknowledged.difference(&notes).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        assert!(written.others.is_empty(), "{:?}", written.others);
    }
    annex.program.signal(Signal::SIGTERM);
    assert!(annex.program.wait(Duration::from_secs(15)).success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_comes_and_goes_under_load_costs_no_row_and_no_hang() {
    let data_dir = folder();
    let mut annex = Annex::over(data_dir.path()).await;
    annex.make_collection("notes").await;
    let written = Arc::new(Mutex::new(Written::default()));
    let mut writers = annex.write_on(&written);
    // Stopped in good order, at once, and killed.
    for signal in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGKILL] {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let before = postmaster(data_dir.path());
        kill(before, signal).expect("it runs");
        let gone = Instant::now();
        // Writing goes on once the next server is there; on an idle machine that takes half a second.
        loop {
            let last = written.lock().expect("no writer panics").last;
            let lock =
                fs::read_to_string(data_dir.path().join("postgres/postmaster.pid")).unwrap_or_default();
            let back = lock.contains("ready") && !lock.starts_with(&format!("{before}\n"));
            if back && last.is_some_and(|last| last > gone + Duration::from_millis(100)) {
                break;
            }
            assert!(
                gone.elapsed() < Duration::from_secs(15),
                "no write for {:?} after {signal}",
                gone.elapsed()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("{signal}: writing again after {:?}", gone.elapsed());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    writers.shutdown().await;

    let notes = annex.notes().await;
    {
        let written = written.lock().expect("no writer panics");
        println!(
            "{} acknowledged, {} told to come back later, slowest {:?}",
            written.acknowledged.len(),
            written.unavailable,
            written.slowest
        );
        let lost: Vec<_> = written.acknowledged.difference(&notes).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        assert!(written.others.is_empty(), "only 201, and 503 with Retry-After: {:?}", written.others);
        assert_eq!(written.cut_off, 0, "no connection was cut, and no request took {PATIENCE:?}");
    }
    annex.program.signal(Signal::SIGTERM);
    assert!(annex.program.wait(Duration::from_secs(15)).success());
}

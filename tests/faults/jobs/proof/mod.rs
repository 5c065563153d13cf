//! The proof that nothing is lost: jobs by the thousand while servers and workers are killed every two seconds, one sleeps past its life,
//! Postgres is stopped in the middle of everything, and clocks jump. Each job leaves rows that are only ever added to, and those say what
//! happened.
//!
//! `make proof` runs it with a million jobs; what is set here is the short form.

mod storm;
mod witness;

use std::time::{Duration, Instant};

use crate::cluster::Cluster;
use storm::{Process, Storm};

/// How long nothing may end before the test gives up. It says nothing of how fast anything has to be.
const PATIENCE: Duration = Duration::from_secs(120);

/// The fewest that are killed or sleep, however soon the jobs are done.
const LEAST: usize = 8;

/// How many jobs there are, and how often Postgres is stopped.
fn size() -> (i64, i64) {
    let set = |name, otherwise| {
        std::env::var(name).map_or(otherwise, |text| text.parse().expect("the setting is a number"))
    };
    (set("ANNEX_PROOF_JOBS", 20_000), set("ANNEX_PROOF_STOPS", 10))
}

/// Jobs over time.
struct Pace {
    begun: Instant,
    /// When it was looked last at how many had ended, and when one had last.
    seen: i64,
    moved_at: Instant,
    longest: Duration,
    /// Since when Postgres is back, how many had ended then, and how long it took at the most until as many as usual did.
    back: Option<(Instant, i64)>,
    recovered: Duration,
}

impl Pace {
    fn begin() -> Self {
        let now = Instant::now();
        Self {
            begun: now,
            seen: 0,
            moved_at: now,
            longest: Duration::ZERO,
            back: None,
            recovered: Duration::ZERO,
        }
    }

    fn note(&mut self, ended: i64) {
        let now = Instant::now();
        if ended > self.seen {
            self.longest = self.longest.max(now - self.moved_at);
            (self.seen, self.moved_at) = (ended, now);
        }
        assert!(self.moved_at.elapsed() < PATIENCE, "{ended} have ended, and none since {PATIENCE:?}");
        if let Some((since, before)) = self.back {
            let usual = before as f64 / (since - self.begun).as_secs_f64();
            if (ended - before) as f64 >= usual {
                self.recovered = self.recovered.max(now - since);
                self.back = None;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_done_twice_whatever_dies() {
    let (jobs, stops) = size();
    let portions = witness::portions(jobs);
    let mut cluster = Cluster::start().await;
    // A kind is known from the first start of a server on: before that its jobs would wait for workers over HTTP.
    let first = Process::start(&cluster, "serve");
    let begun = Instant::now();
    while cluster.value("select count(*) from annex.job_kinds where name = 'sql.function'").await != Some(1) {
        assert!(begun.elapsed() < PATIENCE, "the server does not start");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(first);
    witness::prepare(&cluster).await;

    let enqueuing = tokio::spawn(witness::enqueue_all(cluster.url(), portions));
    let mut storm = Storm::begin(&cluster);
    let mut pace = Pace::begin();
    let mut stopped = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        storm.rage(&cluster);
        let Some(ended) = witness::progress(&cluster).await else { continue };
        pace.note(ended);
        if stopped < stops && ended >= jobs * (stopped + 1) / (stops + 2) {
            cluster.stop_at_once();
            stopped += 1;
            cluster.resume().await;
            pace.back = Some((Instant::now(), ended));
        }
        let is_enough = stopped == stops && storm.kills + storm.sleeps >= LEAST;
        if is_enough && enqueuing.is_finished() && witness::is_over(&cluster).await {
            break;
        }
    }
    let took = pace.begun.elapsed();
    enqueuing.await.expect("all was enqueued");
    storm.calm().await;

    let lost = witness::lost(&cluster).await;
    println!(
        "{jobs} jobs in {:.0} s: {} kills, {} sleeps, {stopped} immediate stops of Postgres, {} jumps of the clock; {lost} attempts were \
        lost. The longest while without an end was {:.1} s; a usual second of work was done at the latest {:.1} s after Postgres was back.",
        took.as_secs_f64(),
        storm.kills,
        storm.sleeps,
        storm.jumps,
        pace.longest.as_secs_f64(),
        pace.recovered.as_secs_f64(),
    );
    let unsuccessful = witness::unsuccessful(&cluster).await;
    assert!(unsuccessful.is_empty(), "{unsuccessful:#?}");
    witness::expect_nothing_lost(&cluster, portions).await;
    assert!(lost > 0, "nothing died in the middle of its work");
}

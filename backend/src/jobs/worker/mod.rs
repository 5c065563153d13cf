//! Runs the jobs of the kinds that this program knows.
//!
//! Three loops share one [`Shift`]: `claim` takes jobs while there is room, `finish` writes what became of them, many in one
//! statement, and `life` says that the worker lives. Each job runs in a task of its own.

mod claim;
mod finish;
mod life;
mod run;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::web::Data;
use sqlx::PgPool;
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::store::{self, Finish};
use crate::app::App;
use crate::background::supervised;
use crate::db;

/// How much work is taken ahead of time, where jobs are short.
const AHEAD: Duration = Duration::from_millis(50);
/// How long a job may be held that has not begun, where those before it take longer than was thought.
const HELD: Duration = Duration::from_secs(1);
/// How many jobs are held at the most, however short they are.
const MOST_HELD: usize = 1600;

/// How long the last ends may take to be written.
const LAST_ENDS: Duration = Duration::from_secs(5);

/// What a worker does.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its queues; empty for all.
    pub queues: Vec<String>,
    /// How many jobs it runs at once.
    pub concurrency: usize,
}

/// A worker that runs.
#[derive(Debug)]
pub struct Worker {
    shift: Arc<Shift>,
    loops: Vec<JoinHandle<()>>,
    finishing: JoinHandle<()>,
}

/// What the loops and the jobs of a worker share.
#[derive(Debug)]
struct Shift {
    app: Data<App>,
    options: Options,
    name: String,
    /// As whom it runs jobs.
    runners: Vec<String>,
    /// Who the worker is in this life.
    id: Mutex<Uuid>,
    /// Whether the others know of this life.
    alive: watch::Sender<bool>,
    /// No more jobs are begun.
    stopping: CancellationToken,
    jobs: TaskTracker,
    slots: Semaphore,
    /// Jobs that are claimed and have not ended.
    held: AtomicUsize,
    /// Wakes `claim` when there is room again.
    room: Notify,
    running: Mutex<HashMap<Uuid, Running>>,
    /// How long a job takes, in nanoseconds: a moving average; 0 before one has ended.
    mean: AtomicU64,
    finishes: mpsc::UnboundedSender<Finish>,
    given_back: Mutex<Vec<(i64, i32)>>,
    /// What the claim loop holds; it outlives the loop, which may begin again.
    known: tokio::sync::Mutex<claim::Known>,
    /// A connection of its own to say that the worker lives: where all others are busy it lives all the same.
    heart: PgPool,
}

/// A job that is held.
#[derive(Debug)]
struct Running {
    lease: i64,
    stop: CancellationToken,
}

impl Worker {
    /// Begins to work.
    pub fn start(app: Data<App>, options: Options) -> Self {
        let (finishes, ended) = mpsc::unbounded_channel();
        let shift = Arc::new(Shift {
            name: life::name(),
            runners: app.jobs.registry.runners(),
            id: Mutex::new(app.clock.uuid_v7()),
            alive: watch::Sender::new(false),
            stopping: CancellationToken::new(),
            jobs: TaskTracker::new(),
            slots: Semaphore::new(options.concurrency),
            held: AtomicUsize::new(0),
            room: Notify::new(),
            running: Mutex::default(),
            mean: AtomicU64::new(0),
            finishes,
            given_back: Mutex::default(),
            known: tokio::sync::Mutex::default(),
            heart: db::single(&app.db.pool),
            options,
            app,
        });
        let (living, claiming) = (Arc::clone(&shift), Arc::clone(&shift));
        let loops = vec![
            tokio::spawn(async move {
                supervised(&living.app.metrics, "jobs_life", || life::live(&living)).await;
            }),
            tokio::spawn(async move {
                supervised(&claiming.app.metrics, "jobs_claim", || claim::claim(&claiming)).await;
            }),
        ];
        let (app, stopping) = (shift.app.clone(), shift.stopping.clone());
        let finishing = tokio::spawn(async move {
            let ended = tokio::sync::Mutex::new(ended);
            let finish = async || finish::finish(&app, &mut *ended.lock().await, &stopping).await;
            supervised(&app.metrics, "jobs_finish", finish).await;
        });
        Self { shift, loops, finishing }
    }

    /// Begins no more jobs, gives those that have not begun back at once, and those that still run after `grace`.
    pub async fn stop(self, grace: Duration) {
        let shift = self.shift;
        shift.stopping.cancel();
        // The claim that is on its way ends first: what it takes is given back too.
        let mut loops = self.loops.into_iter();
        let life = loops.next();
        for claiming in loops {
            drop(claiming.await);
        }
        shift.jobs.close();
        if tokio::time::timeout(grace, shift.jobs.wait()).await.is_err() {
            shift.stop_all();
            shift.jobs.wait().await;
        }
        let back = std::mem::take(&mut *shift.given_back.lock().unwrap_or_else(PoisonError::into_inner));
        let pool = shift.app.db.pool.clone();
        let id = shift.id();
        drop(shift);
        if let Some(life) = life {
            life.abort();
            drop(life.await);
        }
        // Whatever still is to be written.
        let mut finishing = self.finishing;
        if tokio::time::timeout(LAST_ENDS, &mut finishing).await.is_err() {
            tracing::warn!("What became of some attempts could not be written; others try them again");
            finishing.abort();
        }
        let ended = async {
            if !back.is_empty() {
                store::release(&pool, &back).await?;
            }
            store::unregister(&pool, id).await
        };
        match tokio::time::timeout(Duration::from_secs(2), ended).await {
            Ok(Ok(())) => {}
            _ => tracing::warn!("Jobs could not be given back; others take them over in a few seconds"),
        }
    }
}

impl Shift {
    fn id(&self) -> Uuid {
        *self.id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many more jobs may be taken now.
    fn room(&self) -> usize {
        let concurrency = self.options.concurrency;
        // Until one has ended nobody knows whether they are short.
        let mean = self.mean.load(Ordering::Relaxed);
        let ahead =
            (concurrency as u64).saturating_mul(AHEAD.as_nanos() as u64).checked_div(mean).unwrap_or(0);
        let most = (ahead as usize).clamp(concurrency, MOST_HELD.max(concurrency));
        most.saturating_sub(self.held.load(Ordering::Relaxed))
    }

    /// Notes how long a job took.
    fn took(&self, time: Duration) {
        let took = time.as_nanos() as u64;
        let mean = self.mean.load(Ordering::Relaxed);
        // What is long is believed at once: much was taken ahead of time on the word that all are short.
        let next = if mean == 0 || time >= HELD { took.max(mean) } else { mean - mean / 16 + took / 16 };
        self.mean.store(next, Ordering::Relaxed);
    }

    fn stop_all(&self) {
        for running in self.running.lock().unwrap_or_else(PoisonError::into_inner).values() {
            running.stop.cancel();
        }
    }

    fn stop_job(&self, job: Uuid) {
        if let Some(running) = self.running.lock().unwrap_or_else(PoisonError::into_inner).get(&job) {
            running.stop.cancel();
        }
    }
}

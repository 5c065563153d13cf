//! Takes jobs while there is room for them.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use uuid::Uuid;

use super::{Shift, run};
use crate::jobs::store::{self, Claimant};
use crate::jobs::wake::Heard;

/// How often all queues are looked at, where nothing is heard.
const LOOK: Duration = Duration::from_secs(2);
const AFTER_ERROR: Duration = Duration::from_millis(250);
/// How many jobs one statement takes at the most.
const MOST: usize = 400;
/// For how long after an error a claim may turn up whose answer was lost: as long as Postgres may work on it.
const UNSURE: Duration = Duration::from_secs(15);
/// How many leases are remembered before those that have ended are forgotten.
const MOST_LEASES: usize = 10_000;

/// What this worker holds, as far as it knows.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// All leases that it was told of, in this life.
    leases: BTreeSet<i64>,
    life: Uuid,
    /// Until when others may turn up.
    unsure: Option<Instant>,
}

/// Goes on until the worker stops.
pub(super) async fn claim(shift: &Arc<Shift>) {
    let mut heard = shift.app.jobs.wake.subscribe();
    let mut alive = shift.alive.subscribe();
    // The queues that may have jobs.
    let mut queues = VecDeque::new();
    let mut known = shift.known.lock().await;
    // This loop may have ended while a claim was on its way, and begun again.
    known.unsure = (!known.life.is_nil()).then(|| Instant::now() + UNSURE);
    look(shift, &mut queues).await;
    loop {
        tokio::select! {
            () = shift.stopping.cancelled() => return,
            _ = alive.wait_for(|alive| *alive) => {}
        }
        while !queues.is_empty() && shift.room() > 0 && !shift.stopping.is_cancelled() {
            take(shift, &mut queues, &mut known).await;
            if known.unsure.is_some() {
                release_unknown(shift, &mut known).await;
            }
            loop {
                match heard.try_recv() {
                    Ok(news) => hear(shift, &mut queues, news).await,
                    Err(TryRecvError::Lagged(_)) => look(shift, &mut queues).await,
                    Err(_) => break,
                }
            }
        }
        give_back(shift).await;
        release_unknown(shift, &mut known).await;
        tokio::select! {
            () = shift.stopping.cancelled() => return,
            () = shift.room.notified(), if !queues.is_empty() => {}
            news = heard.recv() => match news {
                Ok(news) => hear(shift, &mut queues, news).await,
                Err(RecvError::Lagged(_)) => look(shift, &mut queues).await,
                Err(RecvError::Closed) => return,
            },
            () = tokio::time::sleep(LOOK) => look(shift, &mut queues).await,
        }
    }
}

async fn hear(shift: &Shift, queues: &mut VecDeque<String>, news: Heard) {
    match news {
        Heard::Queue(name) => add(shift, queues, &name),
        Heard::Anything => look(shift, queues).await,
        Heard::Cancelled(job) => shift.stop_job(job),
    }
}

fn add(shift: &Shift, queues: &mut VecDeque<String>, name: &str) {
    let mine = &shift.options.queues;
    let is_mine = mine.is_empty() || mine.iter().any(|queue| queue == name);
    if is_mine && !queues.iter().any(|queue| queue == name) {
        queues.push_back(name.to_owned());
    }
}

async fn look(shift: &Shift, queues: &mut VecDeque<String>) {
    match store::queues_with_work(&shift.app.db.pool, &shift.runners).await {
        Ok(names) => names.iter().for_each(|name| add(shift, queues, name)),
        Err(error) => tracing::debug!(%error, "the queues could not be looked at"),
    }
}

/// Takes jobs of the first queue, which is the last one then where it may have more.
async fn take(shift: &Arc<Shift>, queues: &mut VecDeque<String>, known: &mut Known) {
    let Some(queue) = queues.pop_front() else { return };
    let wanted = shift.room().min(MOST);
    let life = shift.id();
    if known.life != life {
        *known = Known { life, ..Known::default() };
    }
    let claimant = Claimant::Server(life, &shift.name, &shift.runners);
    match store::claim(&shift.app.db.pool, &queue, wanted as i32, claimant).await {
        Ok(claimed) => {
            // Another that this worker runs jobs as may have more.
            if claimed.len() == wanted || shift.runners.len() > 1 && !claimed.is_empty() {
                queues.push_back(queue);
            }
            shift.held.fetch_add(claimed.len(), Ordering::Relaxed);
            known.leases.extend(claimed.first().map(|job| job.lease));
            for job in claimed {
                run::begin(shift, job, life);
            }
        }
        Err(error) => {
            tracing::warn!(%error, queue, "jobs could not be claimed");
            queues.push_back(queue);
            known.unsure = Some(Instant::now() + UNSURE);
            tokio::time::sleep(AFTER_ERROR).await;
        }
    }
}

/// Gives back what was held for too long without being begun.
async fn give_back(shift: &Shift) {
    let back = std::mem::take(&mut *shift.given_back.lock().unwrap_or_else(PoisonError::into_inner));
    if back.is_empty() {
        return;
    }
    if let Err(error) = store::release(&shift.app.db.pool, &back).await {
        tracing::debug!(%error, "jobs could not be given back; they are tried again");
        shift.given_back.lock().unwrap_or_else(PoisonError::into_inner).extend(back);
    }
}

/// A claim whose answer was lost holds jobs that nobody runs.
async fn release_unknown(shift: &Shift, known: &mut Known) {
    let pool = &shift.app.db.pool;
    if known.leases.len() > MOST_LEASES {
        let leases: Vec<i64> = known.leases.iter().copied().collect();
        if let Ok(held) = store::leases_of(pool, known.life, &leases).await {
            known.leases = held.into_iter().collect();
        }
    }
    let Some(until) = known.unsure else { return };
    let leases: Vec<i64> = known.leases.iter().copied().collect();
    match store::release_unknown(pool, known.life, &leases).await {
        Ok(0) if until < Instant::now() => known.unsure = None,
        Ok(0) => {}
        Ok(jobs) => tracing::warn!(jobs, "the answer to a claim was lost; its jobs are in the line again"),
        Err(error) => tracing::debug!(%error, "it could not be seen what this worker holds"),
    }
}

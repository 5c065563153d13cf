//! Takes jobs while there is room for them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::{Shift, run};
use crate::jobs::store::{self, Claimant};
use crate::jobs::wake::Heard;

/// How often all queues are looked at, where nothing is heard.
const LOOK: Duration = Duration::from_secs(2);
const AFTER_ERROR: Duration = Duration::from_millis(250);
/// How many jobs one statement takes at the most.
const MOST: usize = 400;

/// Goes on until the worker stops.
pub(super) async fn claim(shift: &Arc<Shift>) {
    let mut heard = shift.app.jobs.wake.subscribe();
    let mut alive = shift.alive.subscribe();
    // The queues that may have jobs.
    let mut queues = VecDeque::new();
    look(shift, &mut queues).await;
    loop {
        tokio::select! {
            () = shift.stopping.cancelled() => return,
            _ = alive.wait_for(|alive| *alive) => {}
        }
        while !queues.is_empty() && shift.room() > 0 && !shift.stopping.is_cancelled() {
            take(shift, &mut queues).await;
            loop {
                match heard.try_recv() {
                    Ok(news) => hear(shift, &mut queues, news).await,
                    Err(TryRecvError::Lagged(_)) => look(shift, &mut queues).await,
                    Err(_) => break,
                }
            }
        }
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
    match store::queues_with_work(&shift.app.db.pool).await {
        Ok(names) => names.iter().for_each(|name| add(shift, queues, name)),
        Err(error) => tracing::debug!(%error, "the queues could not be looked at"),
    }
}

/// Takes jobs of the first queue, which is the last one then where it may have more.
async fn take(shift: &Arc<Shift>, queues: &mut VecDeque<String>) {
    let Some(queue) = queues.pop_front() else { return };
    let wanted = shift.room().min(MOST);
    let claimant = Claimant::Server(shift.id(), &shift.name);
    match store::claim(&shift.app.db.pool, &queue, wanted as i32, claimant).await {
        Ok(claimed) => {
            if claimed.len() == wanted {
                queues.push_back(queue);
            }
            shift.held.fetch_add(claimed.len(), Ordering::Relaxed);
            for job in claimed {
                run::begin(shift, job);
            }
        }
        Err(error) => {
            tracing::warn!(%error, queue, "jobs could not be claimed");
            queues.push_back(queue);
            tokio::time::sleep(AFTER_ERROR).await;
        }
    }
}

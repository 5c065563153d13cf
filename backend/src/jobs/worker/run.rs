//! One attempt of one job.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{HELD, Running, Shift};
use crate::jobs::job::{Completed, Context, End, JobError};
use crate::jobs::store::{Claimed, Finish, Outcome};

/// What is to be done about an attempt that is over.
enum Over {
    Write(Outcome),
    GiveBack,
    Nothing,
}

/// Runs the job, which was claimed in that life, in a task of its own.
pub(super) fn begin(shift: &Arc<Shift>, job: Claimed, life: Uuid) {
    let stop = CancellationToken::new();
    let running = Running { lease: job.lease, stop: stop.clone() };
    shift.running.lock().unwrap_or_else(PoisonError::into_inner).insert(job.id, running);
    let shift = Arc::clone(shift);
    let jobs = shift.jobs.clone();
    jobs.spawn(async move {
        let (id, lease, position) = (job.id, job.lease, job.position);
        match attempt(&shift, job, life, stop).await {
            Over::Write(outcome) => drop(shift.finishes.send(Finish { lease, position, outcome })),
            Over::GiveBack => {
                shift.given_back.lock().unwrap_or_else(PoisonError::into_inner).push((lease, position));
            }
            Over::Nothing => {}
        }
        let mut running = shift.running.lock().unwrap_or_else(PoisonError::into_inner);
        // The same job may have come again under another lease.
        if running.get(&id).is_some_and(|running| running.lease == lease) {
            running.remove(&id);
        }
        drop(running);
        shift.held.fetch_sub(1, Ordering::Relaxed);
        shift.room.notify_one();
    });
}

async fn attempt(shift: &Arc<Shift>, job: Claimed, life: Uuid, stop: CancellationToken) -> Over {
    if shift.id() != life {
        // The claim's answer came when others had taken over what this worker held.
        return Over::Nothing;
    }
    let slot = tokio::select! {
        biased;
        () = shift.stopping.cancelled() => return Over::GiveBack,
        () = stop.cancelled() => None,
        slot = tokio::time::timeout(HELD, shift.slots.acquire()) => match slot {
            Ok(slot) => slot.ok(),
            // Others may be free to begin it, and where this worker dies it must not count as begun.
            Err(_) => {
                shift.took(HELD);
                return Over::GiveBack;
            }
        },
    };
    let outcome = match slot {
        Some(_) => work(shift, &job, &stop).await,
        None => None,
    };
    match outcome {
        Some(outcome) => outcome,
        // Stopped: because the worker ends, because others took its jobs over, or because somebody wants it.
        None if shift.stopping.is_cancelled() => Over::GiveBack,
        None if shift.id() != life => Over::Nothing,
        None => Over::Write(Outcome::Cancelled),
    }
}

/// Does the work; `None` where it was stopped.
async fn work(shift: &Shift, job: &Claimed, stop: &CancellationToken) -> Option<Over> {
    if job.deadline.is_some_and(|deadline| deadline <= shift.app.clock.now()) {
        let late = JobError::permanent(
            "deadline_passed",
            "The job's deadline had passed before the attempt could start",
        );
        return Some(Over::Write(late.into_outcome()));
    }
    let context = Context {
        app: shift.app.clone(),
        job: job.id,
        attempt: job.attempt,
        lease: job.lease,
        position: job.position,
        stopped: stop.clone(),
    };
    let began = Instant::now();
    let limit = job
        .timeout_seconds
        .map_or(Duration::MAX, |seconds| Duration::from_secs(seconds.unsigned_abs().into()));
    let registry = &shift.app.jobs.registry;
    let work = async {
        let Some(begun) = registry.begin(&job.kind, &job.args, context) else {
            let message = format!("No server here runs jobs of the kind `{}`", job.kind);
            return Err(JobError::retry(message).code("unknown_kind"));
        };
        begun?.await
    };
    let ended = tokio::select! {
        biased;
        () = stop.cancelled() => return None,
        ended = tokio::time::timeout(limit, AssertUnwindSafe(work).catch_unwind()) => ended,
    };
    shift.took(began.elapsed());
    Some(match ended {
        Ok(Ok(Ok(Completed(End::Committed)))) => Over::Nothing,
        Ok(Ok(Ok(Completed(End::Result(result))))) => Over::Write(Outcome::Succeeded(result)),
        // Whoever has the job now says how it ends; where nobody has it, it comes again.
        Ok(Ok(Err(error))) if error.is_stale() => Over::GiveBack,
        Ok(Ok(Err(error))) => Over::Write(error.into_outcome()),
        Ok(Err(panic)) => {
            // The hook has logged where it was.
            let what =
                panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            tracing::error!(job = %job.id, kind = job.kind, what, "the handler of a job panicked");
            Over::Write(JobError::retry("The job's handler panicked").code("panic").into_outcome())
        }
        Err(_) => {
            let message = format!("The attempt took longer than {} s", limit.as_secs());
            Over::Write(JobError::retry(message).code("timeout").into_outcome())
        }
    })
}

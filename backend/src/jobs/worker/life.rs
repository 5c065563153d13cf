//! Says once a second that the worker lives. Where that was not heard for [`LIFE`], its jobs are others'.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::Shift;
use crate::jobs::store::{self, WorkerRow};

/// How long a worker is believed to live after it was heard of, in seconds.
const LIFE: f64 = 4.0;
const BEAT: Duration = Duration::from_secs(1);

/// Goes on until it is aborted.
pub(super) async fn live(shift: &Shift) {
    let pool = &shift.heart;
    let mut beats = tokio::time::interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_registered = false;
    loop {
        beats.tick().await;
        if !is_registered {
            let row = WorkerRow {
                id: shift.id(),
                name: shift.name.clone(),
                queues: shift.options.queues.clone(),
                concurrency: shift.options.concurrency as i32,
            };
            match store::register(pool, &row, LIFE).await {
                Ok(()) => is_registered = true,
                Err(error) => {
                    tracing::warn!(%error, "the worker could not say that it begins; it takes no jobs yet")
                }
            }
            shift.alive.send_replace(is_registered);
            continue;
        }
        match store::beat(pool, shift.id(), LIFE).await {
            Ok(beat) if beat.alive => beat.cancelled.into_iter().for_each(|job| shift.stop_job(job)),
            Ok(_) => {
                tracing::warn!("This worker was not heard of for too long: others have taken its jobs over");
                *shift.id.lock().unwrap_or_else(PoisonError::into_inner) = shift.app.clock.uuid_v7();
                shift.alive.send_replace(false);
                shift.stop_all();
                is_registered = false;
                beats.reset_immediately();
            }
            Err(error) => tracing::debug!(%error, "the worker could not say that it lives"),
        }
    }
}

/// What people call this worker: the host and the process.
pub(super) fn name() -> String {
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    format!("{}:{}", host.as_deref().unwrap_or("host"), std::process::id())
}

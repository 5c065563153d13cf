//! What goes on beside the work: jobs become due, what dead workers held is taken back, drained tables are emptied, and old jobs are forgotten.
//!
//! Every server does it; the statements pass over what another has locked.

use std::time::Duration;

use actix_web::web::Data;
use tokio::time::{Instant, sleep, timeout};

use super::schedules::enqueue_due;
use super::{files, store};
use crate::app::App;
use crate::background::supervised;

/// How long at the most until what is due is looked for: where nothing was heard.
const PROMOTE: Duration = Duration::from_secs(3);
/// How often the dead are looked for: their jobs are back within 5 s.
const RECLAIM: Duration = Duration::from_millis(750);
const ROTATE: Duration = Duration::from_secs(3);
const FORGET: Duration = Duration::from_secs(60);
/// How many at a time: so that no statement takes long.
const BATCH: i64 = 5000;

/// Goes on until it is aborted.
pub async fn maintain(app: Data<App>) {
    let (app, metrics) = (&*app, &app.metrics);
    tokio::join!(
        supervised(metrics, "jobs_promote", || promote(app)),
        supervised(metrics, "jobs_reclaim", || reclaim(app)),
        supervised(metrics, "jobs_rotate", || rotate(app)),
        supervised(metrics, "jobs_forget", || forget(app)),
    );
}

async fn promote(app: &App) {
    loop {
        let next = match store::promote(&app.db.pool).await {
            Ok(next) => next,
            Err(error) => {
                tracing::debug!(%error, "what is due could not be put into the line");
                None
            }
        };
        let planned = match enqueue_due(app).await {
            Ok(planned) => planned,
            Err(error) => {
                tracing::debug!(%error, "schedules that are due could not be looked for");
                None
            }
        };
        let next = next.into_iter().chain(planned.map(|planned| planned.as_secs_f64())).reduce(f64::min);
        let wait = next
            .map_or(PROMOTE, |seconds| Duration::from_secs_f64(seconds.clamp(0.001, PROMOTE.as_secs_f64())));
        drop(timeout(wait, app.jobs.wake.scheduled()).await);
    }
}

async fn reclaim(app: &App) {
    loop {
        match store::reclaim(&app.db.pool).await {
            Ok(0) => {}
            Ok(jobs) => {
                tracing::warn!(jobs, "jobs of workers that are gone are in the line again");
                // There may be more.
                continue;
            }
            Err(error) => tracing::warn!(%error, "leases that ended could not be looked for"),
        }
        sleep(RECLAIM).await;
    }
}

async fn rotate(app: &App) {
    loop {
        sleep(ROTATE).await;
        if let Err(error) = store::rotate(&app.db.pool).await {
            tracing::debug!(%error, "drained tables of jobs could not be emptied");
        }
    }
}

async fn forget(app: &App) {
    loop {
        let began = Instant::now();
        if let Err(error) = forget_ended(app).await {
            tracing::warn!(%error, "old jobs could not be forgotten");
        }
        sleep(FORGET.saturating_sub(began.elapsed())).await;
    }
}

/// Forgets what is not to be kept any more.
///
/// # Errors
/// The database does not answer.
async fn forget_ended(app: &App) -> sqlx::Result<()> {
    let (config, pool, now) = (&app.config.jobs, &app.db.pool, app.clock.now());
    files::sweep(app).await?;
    store::name_queues(pool).await?;
    // Rows that cannot be cleaned up would only be in the way.
    if store::is_held_back(pool).await? {
        return Ok(());
    }
    while store::delete_ended(pool, now - config.keep_succeeded, now - config.keep_failed, now, BATCH).await?
        == BATCH as u64
    {}
    Ok(())
}

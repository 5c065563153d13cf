//! Writes what became of attempts: whatever ended while the statement before was on its way, in one statement.
//!
//! No end holds the others up. Where Postgres refuses one of them, or one waits for a row that somebody has locked, each is written
//! alone, beside those that come.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::jobs::job::JobError;
use crate::jobs::store::{self, Finish};

/// How many ends one statement writes at the most.
const MOST: usize = 500;
/// How long a statement waits for what others have locked. It keeps its own leases locked meanwhile.
const PATIENCE: Duration = Duration::from_millis(200);
/// How many ends are written alone at the same time.
const ALONE: usize = 4;
const FIRST_DELAY: Duration = Duration::from_millis(20);
const LONGEST_DELAY: Duration = Duration::from_secs(1);
/// After how long a job is given back whose end cannot be kept in any form: it is done all over again.
const REST: Duration = Duration::from_secs(60);

/// Goes on until nobody can send any more, and all is written. What rests is not waited for when the worker stops.
pub(super) async fn finish(
    app: &Data<App>,
    ended: &mut UnboundedReceiver<Finish>,
    stopping: &CancellationToken,
) {
    let places = Arc::new(Semaphore::new(ALONE));
    let mut alone = JoinSet::new();
    let mut finishes = Vec::with_capacity(MOST);
    while ended.recv_many(&mut finishes, MOST).await > 0 {
        if !write(app, &finishes).await {
            for finish in finishes.drain(..) {
                alone.spawn(write_alone(app.clone(), finish, Arc::clone(&places), stopping.clone()));
            }
        }
        finishes.clear();
        while alone.try_join_next().is_some() {}
    }
    while alone.join_next().await.is_some() {}
}

/// Writes ends in one statement. Whether they are written: not where one of them may be in the way of the others.
async fn write(app: &App, finishes: &[Finish]) -> bool {
    let mut delay = FIRST_DELAY;
    loop {
        match store::finish_within(&app.db.pool, finishes, Some(PATIENCE)).await {
            Ok(refused) => {
                tell_stale(refused.len());
                return true;
            }
            Err(error) if is_refused(&error) || has_waited(&error) => return false,
            Err(error) => tell_delay(&error),
        }
        sleep(delay).await;
        delay = (delay * 2).min(LONGEST_DELAY);
    }
}

async fn write_alone(
    app: Data<App>,
    mut finish: Finish,
    places: Arc<Semaphore>,
    stopping: CancellationToken,
) {
    let mut delay = FIRST_DELAY;
    let mut is_replaced = false;
    loop {
        let place = places.acquire().await;
        let written = store::finish_within(&app.db.pool, std::slice::from_ref(&finish), Some(PATIENCE)).await;
        drop(place);
        match written {
            Ok(refused) => return tell_stale(refused.len()),
            // A result that Postgres cannot keep, with a NUL in a text for example.
            Err(error) if is_refused(&error) && !is_replaced => {
                tracing::warn!(%error, "the end of an attempt cannot be kept as it is");
                is_replaced = true;
                finish.outcome =
                    JobError::permanent("result_not_kept", "The result cannot be kept by the database")
                        .into_outcome();
            }
            Err(error) if is_refused(&error) => {
                tracing::error!(%error, lease = finish.lease, "the end of an attempt cannot be kept at all; its job is given back");
                break;
            }
            Err(error) => {
                tell_delay(&error);
                sleep(delay).await;
                delay = (delay * 2).min(LONGEST_DELAY);
            }
        }
    }
    tokio::select! {
        () = sleep(REST) => {}
        () = stopping.cancelled() => {}
    }
    if let Err(error) = store::release(&app.db.pool, &[(finish.lease, finish.position)]).await {
        tracing::error!(%error, lease = finish.lease, "a job could not be given back; others take it over when this worker ends");
    }
}

fn tell_stale(count: usize) {
    if count > 0 {
        tracing::warn!(jobs = count, "attempts ended that others had taken over; their ends count nothing");
    }
}

fn tell_delay(error: &sqlx::Error) {
    tracing::debug!(%error, "the ends of attempts could not be written; they are tried again");
}

/// Whether what was sent is wrong: it is refused again, whenever it is sent.
fn is_refused(error: &sqlx::Error) -> bool {
    ["22", "23", "54", "P0", "XX"].iter().any(|class| code(error).starts_with(class))
}

/// Whether it took too long: `lock_not_available`, and `query_canceled`.
fn has_waited(error: &sqlx::Error) -> bool {
    ["55P03", "57014"].contains(&code(error).as_str())
}

fn code(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.unwrap_or_default().into_owned()
}

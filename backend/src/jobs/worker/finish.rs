//! Writes what became of attempts: whatever ended while the statement before was on its way, in one statement.

use std::time::Duration;

use actix_web::web::Data;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::app::App;
use crate::jobs::job::JobError;
use crate::jobs::store::{self, Finish};

/// How many ends one statement writes at the most.
const MOST: usize = 500;
const FIRST_DELAY: Duration = Duration::from_millis(20);
const LONGEST_DELAY: Duration = Duration::from_secs(1);

/// Goes on until nobody can send any more.
pub(super) async fn finish(app: Data<App>, mut ended: UnboundedReceiver<Finish>) {
    let mut finishes = Vec::with_capacity(MOST);
    while ended.recv_many(&mut finishes, MOST).await > 0 {
        write(&app, &mut finishes).await;
        finishes.clear();
    }
}

async fn write(app: &App, finishes: &mut [Finish]) {
    let mut delay = FIRST_DELAY;
    loop {
        let error = match store::finish(&app.db.pool, finishes).await {
            Ok(refused) => {
                if !refused.is_empty() {
                    tracing::warn!(
                        jobs = refused.len(),
                        "attempts ended that others had taken over; their ends count nothing"
                    );
                }
                return;
            }
            Err(error) => error,
        };
        // A result that Postgres cannot keep, with a NUL in a text for example, must not hold the others up.
        if is_refused(&error) {
            if let [finish] = finishes {
                tracing::warn!(%error, "the end of an attempt cannot be kept as it is");
                finish.outcome =
                    JobError::permanent("result_not_kept", "The result cannot be kept by the database")
                        .into_outcome();
                continue;
            }
            for finish in finishes {
                Box::pin(write(app, std::slice::from_mut(finish))).await;
            }
            return;
        }
        tracing::debug!(%error, "the ends of attempts could not be written; they are tried again");
        tokio::time::sleep(delay).await;
        delay = (delay * 2).min(LONGEST_DELAY);
    }
}

/// Whether what was sent is wrong: classes 22 and 23, and a value over a limit.
fn is_refused(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| ["22", "23", "54"].iter().any(|class| code.starts_with(class)))
}

//! Writes what waits to the database, once a second.

use std::time::Duration;

use actix_web::web::Data;

use super::store;
use crate::app::App;
use crate::telemetry::{Counters, Entry, MOST_LOGGED};

/// How often.
const INTERVAL: Duration = Duration::from_secs(1);

/// How much is kept for a database that does not answer.
const UNWRITTEN: usize = 4 * MOST_LOGGED;

/// Goes on until it is aborted.
pub async fn write(app: Data<App>) {
    let counters = app.stats.worker();
    // An outage is told once, not at every try.
    let mut told = false;
    loop {
        tokio::time::sleep(INTERVAL).await;
        match flush(&app, &counters).await {
            Ok(()) => told = false,
            Err(error) if !told => {
                told = true;
                tracing::warn!(%error, "the log of requests cannot be written");
            }
            Err(_) => {}
        }
    }
}

/// Writes what waits, so that whoever reads the log next finds it there. Where there is more than the database bears,
/// successes are left out before failures are.
///
/// # Errors
/// The database does not take it; it is tried again with what comes, as far as there is room.
pub async fn flush(app: &App, counters: &Counters) -> Result<(), sqlx::Error> {
    let mut unwritten = app.request_log.unwritten.lock().await;
    let (entries, left_out) = app.request_log.take();
    unwritten.extend(entries);
    if unwritten.is_empty() {
        return Ok(());
    }
    let written = store::insert(&app.db.pool, &unwritten, app.instance).await;
    let lost = match &written {
        Ok(()) => {
            unwritten.clear();
            0
        }
        // What Postgres itself refuses it would refuse again.
        Err(sqlx::Error::Database(error)) if !is_passing(error.code().as_deref()) => {
            std::mem::take(&mut *unwritten).len()
        }
        Err(_) => shorten(&mut unwritten),
    };
    (0..left_out + lost).for_each(|_| counters.unlogged());
    written
}

/// Whether Postgres says that it cannot now, and not that it never will: shutdown, too many connections, out of disk,
/// a timeout, read-only while another takes over.
fn is_passing(code: Option<&str>) -> bool {
    code.is_some_and(|code| matches!(&code[..2], "08" | "25" | "40" | "53" | "55" | "57"))
}

/// Lets go of what is too much, the oldest successes first; says how much that was.
fn shorten(entries: &mut Vec<Entry>) -> usize {
    let before = entries.len();
    let mut too_many = before.saturating_sub(UNWRITTEN);
    entries.retain(|entry| {
        let goes = too_many > 0 && entry.status < 400;
        too_many -= usize::from(goes);
        !goes
    });
    entries.drain(..too_many);
    before - entries.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::test_entry as entry;

    #[test]
    fn failures_are_kept_longest() {
        let mut entries: Vec<Entry> =
            [200, 404].into_iter().cycle().take(UNWRITTEN + 100).map(entry).collect();
        assert_eq!(shorten(&mut entries), 100);
        assert_eq!(entries.iter().filter(|entry| entry.status == 404).count(), UNWRITTEN / 2 + 50);
        let mut entries: Vec<Entry> = vec![entry(500); UNWRITTEN + 7];
        assert_eq!((shorten(&mut entries), entries.len()), (7, UNWRITTEN));
        assert_eq!(shorten(&mut vec![entry(200)]), 0);
    }
}

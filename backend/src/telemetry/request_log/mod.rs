//! Requests as they are noted when they end, on their way to the log that admins see.
//!
//! They wait in memory for `requests::write`, which writes them once a second. There is room for as many as the database
//! bears; what finds none is counted, and costs no more than that.

mod entry;
mod note;
mod redact;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use entry::Entry;
#[cfg(test)]
pub(crate) use entry::tests::entry as test_entry;
pub use note::{Arrival, Ending};

/// How many entries are written in a second at the most, and as many of either kind may wait.
pub const MOST: usize = 500;

/// Entries on their way to the database.
#[derive(Debug, Default)]
pub struct RequestLog {
    waiting: Mutex<Waiting>,
    /// Whether no more successes may wait; asked before one is made into an entry.
    successes_full: AtomicBool,
    /// The same for failures.
    failures_full: AtomicBool,
    /// What was taken out and could not be written yet; held while it is written.
    pub unwritten: tokio::sync::Mutex<Vec<Entry>>,
}

#[derive(Debug, Default)]
struct Waiting {
    successes: Vec<Entry>,
    failures: Vec<Entry>,
}

impl RequestLog {
    /// Whether an entry of that status may wait.
    fn has_room(&self, status: u16) -> bool {
        !self.full(status).load(Relaxed)
    }

    fn full(&self, status: u16) -> &AtomicBool {
        if status < 400 { &self.successes_full } else { &self.failures_full }
    }

    /// Puts an entry among those that wait; says whether there was room.
    fn push(&self, entry: Entry) -> bool {
        let full = self.full(entry.status);
        let mut waiting = self.waiting();
        let entries = if entry.status < 400 { &mut waiting.successes } else { &mut waiting.failures };
        let has_room = entries.len() < MOST;
        if has_room {
            entries.push(entry);
        }
        full.store(entries.len() >= MOST, Relaxed);
        has_room
    }

    /// Takes out what waits, failures first, and how many entries are too many.
    pub fn take(&self) -> (Vec<Entry>, usize) {
        let mut waiting = self.waiting();
        let Waiting { successes, failures } = std::mem::take(&mut *waiting);
        self.successes_full.store(false, Relaxed);
        self.failures_full.store(false, Relaxed);
        drop(waiting);
        let mut entries = failures;
        let room = MOST - entries.len();
        let left_out = successes.len().saturating_sub(room);
        entries.extend(successes.into_iter().take(room));
        (entries, left_out)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(log: &RequestLog, status: u16, count: usize) -> usize {
        (0..count).filter(|_| log.has_room(status) && log.push(entry::tests::entry(status))).count()
    }

    #[test]
    fn failures_come_before_successes_and_no_more_is_taken_than_is_borne() {
        let log = RequestLog::default();
        assert_eq!(push(&log, 200, 700), 500);
        assert!(!log.has_room(200) && log.has_room(404));
        assert_eq!(push(&log, 404, 20), 20);
        assert_eq!(push(&log, 500, 20), 20);
        let (entries, left_out) = log.take();
        assert_eq!((entries.len(), left_out), (500, 40));
        assert_eq!(entries.iter().filter(|entry| entry.status >= 400).count(), 40);
        assert!(log.has_room(200), "there is room again");
        assert_eq!(log.take().0.len(), 0);
        assert_eq!(push(&log, 500, 700), 500);
        assert_eq!(push(&log, 200, 10), 10);
        let (entries, left_out) = log.take();
        assert_eq!((entries.len(), left_out), (500, 10));
        assert!(entries.iter().all(|entry| entry.status == 500));
    }
}

//! The newest changes, for who comes back.

use std::collections::VecDeque;

use annex_openapi::realtime::WindowStatus;
use time::OffsetDateTime;

use crate::realtime::feed::Committed;
use crate::realtime::position::{Lsn, Position};
use crate::realtime::seen::Seen;

/// A transaction is in the log a moment before it is seen; one that was committed so many bytes of log ago is. Their numbers do not go
/// round within so few: each takes at least 30.
const RECENT: Lsn = 32 << 30;

/// The changes behind a position.
#[derive(Debug)]
pub struct Window {
    changes: VecDeque<(Committed, usize)>,
    /// Everything behind it is there.
    floor: Position,
    /// The newest change that there was.
    newest: Position,
    /// The transaction of the last change that is kept no more: of a large one a part may be.
    forgotten: Option<u32>,
    size: usize,
    most: usize,
}

impl Window {
    /// Keeps changes of at most so many bytes.
    pub fn new(most: usize) -> Self {
        Self {
            changes: VecDeque::new(),
            floor: Position::default(),
            newest: Position::default(),
            forgotten: None,
            size: 0,
            most,
        }
    }

    /// Forgets everything; what comes is behind that position.
    pub fn clear(&mut self, floor: Position) {
        *self = Self { floor, newest: floor, ..Self::new(self.most) };
    }

    /// Keeps a change, and forgets the oldest where there are too many.
    pub fn push(&mut self, committed: Committed) {
        let size = committed.change.size();
        self.size += size;
        self.newest = committed.position;
        self.changes.push_back((committed, size));
        while self.size > self.most {
            let Some((oldest, size)) = self.changes.pop_front() else { return };
            self.floor = oldest.position;
            self.forgotten = Some(oldest.transaction);
            self.size -= size;
        }
    }

    /// Where the newest change stands that there was, also where it is kept no more.
    pub fn newest(&self) -> Position {
        self.newest
    }

    /// Whether every change behind that position is there.
    pub fn reaches_back_to(&self, position: Position) -> bool {
        position >= self.floor
    }

    /// Whether what stands there is kept no more.
    pub fn is_behind(&self, position: Position) -> bool {
        position <= self.floor
    }

    /// The changes behind a position, oldest first.
    pub fn after(&self, position: Position) -> impl Iterator<Item = &Committed> + Clone {
        let from = self.changes.partition_point(|(committed, _)| committed.position <= position);
        self.changes.range(from..).map(|(committed, _)| committed)
    }

    /// The changes of transactions that a snapshot of the database does not see, which was taken before the log had reached that end.
    pub fn unseen<'a>(&'a self, seen: &'a Seen, end: Lsn) -> impl Iterator<Item = &'a Committed> + Clone {
        let recent = self.after(Position::at(end.saturating_sub(RECENT)));
        recent.filter(|committed| !seen.sees(committed.transaction))
    }

    /// Whether some of those are kept no more.
    pub fn has_forgotten_unseen(&self, seen: &Seen, end: Lsn) -> bool {
        let is_recent = self.floor > Position::at(end.saturating_sub(RECENT));
        is_recent && self.forgotten.is_some_and(|transaction| !seen.sees(transaction))
    }

    /// When the newest change was committed that is kept.
    pub fn changed_at(&self) -> Option<OffsetDateTime> {
        self.changes.back().map(|(committed, _)| committed.at)
    }

    /// How it stands.
    pub fn status(&self) -> WindowStatus {
        WindowStatus {
            changes: self.changes.len() as u64,
            bytes: self.size as u64,
            max_bytes: self.most as u64,
            since: self.changes.front().map(|(committed, _)| committed.at),
        }
    }
}

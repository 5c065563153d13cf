//! Where in the log something stands.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// A byte position in the write-ahead log.
pub type Lsn = u64;

/// Where a change stands: transactions in the order of their commits, and the changes of each in their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Where the transaction was committed.
    pub commit: Lsn,
    /// The place of the change within the transaction, from 1. The change of a row that was there and is there has two, since it may be told as two events.
    pub change: u32,
}

impl Position {
    /// Behind all of the transactions that were committed before `lsn`, and before any other.
    pub const fn at(lsn: Lsn) -> Self {
        Self { commit: lsn, change: 0 }
    }

    /// Behind the change that stands there.
    pub const fn after(self) -> Self {
        Self { commit: self.commit, change: self.change + 1 }
    }

    /// Behind everything before the change that stands there, which has so many places.
    pub const fn before(self, places: u32) -> Self {
        Self { commit: self.commit, change: self.change - places }
    }

    /// The first of the two places of a row's change, which stands at its second: where its key is another, the row leaves there.
    pub const fn first_place(self) -> Self {
        Self { commit: self.commit, change: self.change - 1 }
    }
}

/// A position in one certain log, as clients give it back: `1c0d3b5a-16b3748-2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Which log.
    pub epoch: u32,
    /// Where in it.
    pub position: Position,
}

impl Cursor {
    /// The short form in which cursors name a log.
    pub fn epoch(epoch: Uuid) -> u32 {
        epoch.as_u128() as u32
    }

    /// As [`Position::first_place`].
    pub const fn first_place(self) -> Self {
        Self { epoch: self.epoch, position: self.position.first_place() }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { commit, change } = self.position;
        write!(f, "{:08x}-{commit:x}-{change:x}", self.epoch)
    }
}

/// The text is not a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of the feed")]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let mut parts = text.split('-');
        let (Some(epoch), Some(commit), Some(change), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NoCursor);
        };
        let epoch = u32::from_str_radix(epoch, 16).map_err(|_| NoCursor)?;
        let commit = u64::from_str_radix(commit, 16).map_err(|_| NoCursor)?;
        let change = u32::from_str_radix(change, 16).map_err(|_| NoCursor)?;
        Ok(Self { epoch, position: Position { commit, change } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for (epoch, commit, change) in [(0, 0, 0), (u32::MAX, u64::MAX, u32::MAX), (7, 0x16b_3748, 2)] {
            let cursor = Cursor { epoch, position: Position { commit, change } };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for wrong in ["", "1-2", "1-2-3-4", "x-2-3", "1--3", "100000000-1-1"] {
            assert_eq!(wrong.parse::<Cursor>(), Err(NoCursor), "{wrong}");
        }
    }
}

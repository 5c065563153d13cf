//! The log as the feed reads it: in pieces, again after the connection was lost, and not at all where the slot was.

use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::world::{Commit, Fact, World, id, image};
use crate::collections::catalogue::{Catalogue, Snapshot, Table};
use crate::realtime::feed::{Change, Committed, Event, RowChange};
use crate::realtime::position::{Lsn, Position};

/// What the largest change takes.
pub const LARGEST: usize = size_of::<Committed>() + size_of::<RowChange>() + 2 * (5 + 3 * size_of::<u32>());

/// How far the log has been read.
#[derive(Debug)]
pub struct Log {
    /// Which one it is.
    pub epoch: Uuid,
    /// From where it is kept.
    slot: Lsn,
    /// Behind what everything has been read; nothing where this server has not read any.
    pub end: Option<Lsn>,
    /// While it is read: how much of the transaction that is underway.
    reading: Option<usize>,
    /// The collection, as rows are told by it.
    table: Arc<Table>,
    /// From where on there is anything to go back to.
    pub floor: Position,
    /// The last that was told.
    pub told: Position,
}

impl Log {
    pub fn new(world: &World, snapshot: &Snapshot) -> Self {
        let slot = world.end();
        Self {
            epoch: Uuid::from_u128(1),
            slot,
            end: None,
            reading: None,
            table: Arc::clone(&snapshot.tables["notes"]),
            floor: Position::at(slot),
            told: Position::default(),
        }
    }

    /// The next event; nothing where all has been read.
    pub fn next(&mut self, world: &World, catalogue: &Catalogue) -> Option<Event> {
        let Some(done) = self.reading else { return Some(self.begin(world, catalogue)) };
        let end = self.end.expect("it is read from somewhere");
        let commit = world.commits.iter().find(|commit| commit.at >= end)?;
        let Some((position, fact)) = commit.facts.get(done) else {
            (self.end, self.reading) = (Some(commit.end), Some(0));
            return Some(Event::Reached(commit.end));
        };
        self.reading = Some(done + 1);
        if let Fact::Leaves(_) = fact {
            return self.next(world, catalogue);
        }
        self.told = self.told.max(*position);
        Some(self.change(world, catalogue, commit, *position, *fact))
    }

    fn begin(&mut self, world: &World, catalogue: &Catalogue) -> Event {
        let continues = self.end.is_some();
        let from = self.end.unwrap_or(self.slot);
        if !continues {
            catalogue.set(world.snapshot());
            (self.floor, self.told) = (Position::at(from), Position::at(from));
        }
        self.table = Arc::clone(&catalogue.snapshot().tables["notes"]);
        (self.end, self.reading) = (Some(from), Some(0));
        Event::Began { epoch: self.epoch, from, until: world.end(), continues }
    }

    fn change(
        &mut self,
        world: &World,
        catalogue: &Catalogue,
        commit: &Commit,
        position: Position,
        fact: Fact,
    ) -> Event {
        let change = match fact {
            Fact::Row { old, new } => Change::Row(Arc::new(RowChange {
                table: Arc::clone(&self.table),
                old: old.map(image),
                new: new.map(image),
            })),
            Fact::Leaves(_) => unreachable!("it is told with its second half"),
            Fact::Truncated => Change::Truncated(Arc::clone(&self.table)),
            Fact::Role { user, .. } => Change::Identity(Some(id(user))),
            Fact::Rule(_) => {
                catalogue.set(world.snapshot());
                self.table = Arc::clone(&catalogue.snapshot().tables["notes"]);
                Change::Schema
            }
        };
        let at = OffsetDateTime::UNIX_EPOCH;
        Event::Change(Committed { position, transaction: commit.transaction, at, change })
    }

    /// The connection is lost, where there is one.
    pub fn lose_connection(&mut self) -> Option<Event> {
        self.reading.take().map(|_| Event::Interrupted)
    }

    /// The server ends; another one will know nothing.
    pub fn forget(&mut self) {
        (self.end, self.reading) = (None, None);
    }

    /// The slot is gone, and another is made.
    pub fn lose_slot(&mut self, world: &World) -> Option<Event> {
        self.epoch = Uuid::from_u128(self.epoch.as_u128() + 1);
        self.slot = world.end();
        self.end = None;
        self.lose_connection()
    }

    /// What has been read by now is kept no more.
    pub fn advance(&mut self) {
        self.slot = self.slot.max(self.end.unwrap_or_default());
    }
}

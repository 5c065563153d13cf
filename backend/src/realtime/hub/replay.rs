//! The beginning of a subscription, and the going on of one that fell behind: what happened before, as far as it is kept.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use annex_openapi::realtime::{ResyncReason, ServerMessage, Subscribed};

use super::command::{ConnectionId, Start, Subscribe};
use super::outbox::Outbox;
use super::records::Records;
use super::registry::Behind;
use super::topics::Join;
use super::view::{Passage, View};
use super::{Log, State};
use crate::evaluator::Mirrors;
use crate::realtime::feed::{Change, Committed, RowChange};
use crate::realtime::position::{Cursor, Position};

/// How many changes are looked at for one that comes back, before others have their turn.
pub(super) const PORTION: usize = 1024;

/// For how many ticks a client may take nothing, where more is to be told.
const PATIENCE: u32 = 15;

/// Who comes back to a subscription or a topic, and subscriptions that fell behind: they are told what they missed in portions, as fast as
/// their clients take it.
#[derive(Debug, Default)]
pub(super) struct Returning {
    queue: VecDeque<Late>,
    /// Whose clients have not taken what they were sent yet.
    full: HashMap<ConnectionId, Full>,
}

/// Somebody who is to be told of the past first.
#[derive(Debug)]
pub(super) enum Late {
    /// A subscription.
    Subscribe(Subscribe),
    /// One that joins a topic.
    Join(Join),
}

impl Late {
    fn connection(&self) -> ConnectionId {
        match self {
            Self::Subscribe(subscribe) => subscribe.connection,
            Self::Join(join) => join.connection,
        }
    }
}

/// Those of a client, which wait until it has taken what it was sent.
#[derive(Debug, Default)]
struct Full {
    late: Vec<Late>,
    /// For how many ticks the client has taken nothing, and how much it has until then.
    ticks: u32,
    taken: u64,
}

impl Returning {
    /// Whether one can be told more now.
    pub(super) fn is_any(&self) -> bool {
        !self.queue.is_empty()
    }

    /// One comes back.
    pub(super) fn push(&mut self, late: Late) {
        self.queue.push_back(late);
    }

    /// A client has room for more.
    pub(super) fn has_room(&mut self, connection: ConnectionId) {
        self.queue.extend(self.full.remove(&connection).into_iter().flat_map(|full| full.late));
    }

    /// Time goes by; `taken` says how much a connection's client has taken. Gives the connections whose clients have taken nothing for too
    /// long.
    fn tick(&mut self, taken: impl Fn(ConnectionId) -> u64) -> Vec<ConnectionId> {
        for (connection, full) in &mut self.full {
            let taken = taken(*connection);
            full.ticks = if taken == full.taken { full.ticks + 1 } else { 0 };
            full.taken = taken;
        }
        self.full.extract_if(|_, full| full.ticks > PATIENCE).map(|(connection, _)| connection).collect()
    }

    /// The subscriptions among them.
    pub(super) fn subscriptions(&self) -> impl Iterator<Item = &Subscribe> {
        let full = self.full.values().flat_map(|full| &full.late);
        self.queue.iter().chain(full).filter_map(|late| match late {
            Late::Subscribe(subscribe) => Some(subscribe),
            Late::Join(_) => None,
        })
    }

    /// The join of a topic that a connection is about.
    pub(super) fn join_mut(&mut self, connection: ConnectionId, topic: &str) -> Option<&mut Join> {
        let full = self.full.get_mut(&connection).into_iter().flat_map(|full| &mut full.late);
        self.queue.iter_mut().chain(full).find_map(|late| match late {
            Late::Join(join) if join.connection == connection && *join.topic == *topic => Some(join),
            _ => None,
        })
    }

    /// Forgets those of a connection for which that holds.
    pub(super) fn forget(&mut self, connection: ConnectionId, is_over: impl Fn(&Late) -> bool) {
        self.queue.retain(|late| late.connection() != connection || !is_over(late));
        if let Some(full) = self.full.get_mut(&connection) {
            full.late.retain(|late| !is_over(late));
            if full.late.is_empty() {
                self.full.remove(&connection);
            }
        }
    }
}

impl State {
    /// Tells one that comes back a portion of what it missed.
    pub(super) fn go_on(&mut self) {
        let Some(log) = self.log else { return };
        let Some(late) = self.returning.queue.pop_front() else { return };
        let Some(outbox) = self.registry.outbox(late.connection()) else { return };
        if !outbox.has_room() {
            return self.returning.full.entry(late.connection()).or_default().late.push(late);
        }
        match late {
            Late::Subscribe(subscribe) if self.may_begin(&subscribe, log) => {
                self.begin_subscription(subscribe, log);
            }
            Late::Subscribe(subscribe) => self.waiting.push(subscribe),
            Late::Join(join) if self.may_join(&join, log) => self.join(join, log),
            Late::Join(join) => self.topics.wait(join),
        }
    }

    pub(super) fn begin_subscription(&mut self, subscribe: Subscribe, log: Log) {
        let Subscribe { connection, id, view, mut start, begun } = subscribe;
        let mut records = match &mut start {
            Start::Snapshot { records, .. } => std::mem::take(records),
            _ => Records::default(),
        };
        let current = self.catalogue.snapshot();
        let Some(outbox) = self.registry.outbox(connection) else { return };
        let outbox = Arc::clone(outbox);
        let begins_anew = |reason| {
            outbox.begin_anew(&id, reason);
        };
        let is_current = view.is_current(&current);
        let is_caller = self.registry.caller(connection).is_some_and(|caller| {
            !view.asks_caller && caller.is_admin() == view.caller.is_admin()
                || caller.identity() == view.caller.identity()
        });
        if !is_current {
            return begins_anew(ResyncReason::CollectionChanged);
        }
        if !is_caller {
            return begins_anew(ResyncReason::AccessChanged);
        }
        let now = self.now(log);
        let cursor = Cursor { epoch: log.epoch, position: now };
        let after = match &start {
            Start::Now(_) => now,
            Start::After { cursor, .. } if cursor.epoch != log.epoch => {
                return begins_anew(ResyncReason::LogLost);
            }
            Start::After { cursor, .. } => cursor.position,
            Start::Snapshot { .. } => Position::default(),
        };
        let since = match &start {
            Start::Now(_) => None,
            Start::After { cursor, .. } if cursor.position > now => {
                return begins_anew(ResyncReason::LogLost);
            }
            Start::After { cursor, .. } => Some(cursor.position),
            Start::Snapshot { before, .. } if before.epoch != log.epoch => {
                return begins_anew(ResyncReason::LogLost);
            }
            Start::Snapshot { before, .. } => Some(before.position),
        };
        let is_partly_kept = matches!(
            &start,
            Start::Snapshot { seen, reached, .. } if self.window.has_forgotten_unseen(seen, *reached)
        );
        if let Some(since) = since {
            if !self.window.reaches_back_to(since) || is_partly_kept {
                return begins_anew(ResyncReason::TooOld);
            }
            if self.is_reshaped(&view, since) {
                return begins_anew(ResyncReason::CollectionChanged);
            }
            // Of whoever is there it is asked who it is, each time that this changes.
            if matches!(start, Start::After { .. }) && !begun && self.is_other(&view, since) {
                return begins_anew(ResyncReason::AccessChanged);
            }
        }
        let told = match &start {
            Start::Now(_) => Told::All,
            Start::After { asked, .. } => {
                let end = self.window.after(after).nth(PORTION - 1).map(|last| last.position);
                let (told, behind) = match (self.tell(&view, &id, log, &outbox, after), end) {
                    (Told::Until(position), _) | (Told::All, Some(position)) => (Told::All, Some(position)),
                    (told, _) => (told, None),
                };
                if let Some(position) = behind {
                    let start = Start::After { cursor: Cursor { epoch: log.epoch, position }, asked: *asked };
                    let rest = Subscribe { connection, id, view, start, begun };
                    return self.returning.push(Late::Subscribe(rest));
                }
                told
            }
            Start::Snapshot { seen, reached, .. } => {
                let unseen = self.window.unseen(seen, *reached);
                match amend(&mut records, &view, &self.mirrors, unseen) {
                    Ok(()) if send_snapshot(&outbox, &id, &cursor, &records) => Told::All,
                    Ok(()) => Told::TooSlowly,
                    Err(misfit) => misfit,
                }
            }
        };
        let cursor = cursor.to_string();
        let subscribed = Subscribed { id: id.clone().into(), cursor: cursor.clone() };
        match told {
            Told::All if begun || outbox.send_at(&ServerMessage::Subscribed(subscribed), &cursor) => {
                self.registry.subscribe(connection, id, view);
            }
            Told::All | Told::Until(_) | Told::TooSlowly => self.registry.give_up(connection),
            Told::Misfit => begins_anew(ResyncReason::CollectionChanged),
            Told::Otherwise => begins_anew(ResyncReason::AccessChanged),
        }
    }

    /// A subscription fell behind: it is told what happened since as one that comes back is.
    pub(super) fn catch_up(&mut self, behind: Behind) {
        let Behind { connection, id, after } = behind;
        let Some(log) = self.log else { return };
        let Some(view) = self.registry.view(connection, &id).map(Arc::clone) else { return };
        self.registry.unsubscribe(connection, &id);
        // Another one of that name takes its place.
        if self.late().any(|other| other.connection == connection && other.id == id) {
            return;
        }
        let start = Start::After { cursor: Cursor { epoch: log.epoch, position: after }, asked: 0 };
        let rest = Subscribe { connection, id, view, start, begun: true };
        self.returning.push(Late::Subscribe(rest));
    }

    /// The subscriptions that are still to begin, or to go on.
    pub(super) fn late(&self) -> impl Iterator<Item = &Subscribe> {
        self.waiting.iter().chain(self.returning.subscriptions())
    }

    /// Lets clients go that have taken nothing for long, though more is to be told.
    pub(super) fn tick(&mut self) {
        let registry = &self.registry;
        let taken = |connection| registry.outbox(connection).map_or(0, |outbox| outbox.taken());
        for connection in self.returning.tick(taken) {
            self.registry.give_up(connection);
        }
    }

    /// Tells one subscription of a portion of what happened behind a position, until so much waits that the client is to take some of it
    /// first.
    fn tell(&self, view: &View, id: &str, log: Log, outbox: &Outbox, after: Position) -> Told {
        let changes = self.window.after(after).take(PORTION);
        let id = serde_json::to_string(id).expect("text can be written as JSON");
        let head = format!("{{\"op\":\"event\",\"id\":{id},");
        if let Some(obstacle) = obstacle(view, changes.clone()) {
            return obstacle;
        }
        for (committed, row) in of_view(view, changes) {
            let (old, new) = (row.old.as_ref(), row.new.as_ref());
            let cursor = Cursor { epoch: log.epoch, position: committed.position };
            let text = cursor.to_string();
            let is_half_known = committed.position.first_place() == after;
            let mut taken = true;
            view.passages(&self.mirrors, old, new, committed.at).write(
                cursor,
                &text,
                old,
                new,
                |cursor, tail| {
                    if !is_half_known || cursor == text {
                        taken &= outbox.send_parts(head.as_bytes(), &tail, Some(cursor));
                    }
                },
            );
            if !taken {
                return Told::TooSlowly;
            }
            if !outbox.has_room() {
                return Told::Until(committed.position);
            }
        }
        Told::All
    }
}

/// The changes of rows of a view's collection.
fn of_view<'a>(
    view: &View,
    changes: impl Iterator<Item = &'a Committed>,
) -> impl Iterator<Item = (&'a Committed, &'a RowChange)> {
    changes.filter_map(|committed| match &committed.change {
        Change::Row(row) if row.table.collection.name == view.table.collection.name => {
            Some((committed, &**row))
        }
        _ => None,
    })
}

/// What keeps changes from being told as what the view is now.
fn obstacle<'a>(view: &View, changes: impl Iterator<Item = &'a Committed> + Clone) -> Option<Told> {
    if of_view(view, changes.clone()).any(|(_, row)| !view.fits(&row.table)) {
        return Some(Told::Misfit);
    }
    let depends = !view.needs.is_empty()
        && changes.into_iter().any(|committed| match &committed.change {
            Change::Row(row) => {
                view.depends_on(&row.table.collection.name, row.old.as_ref(), row.new.as_ref())
            }
            Change::Truncated(table) => view.looks_into(&table.collection.name),
            _ => false,
        });
    depends.then_some(Told::Otherwise)
}

/// Makes the records of a snapshot those of a later position of the log.
fn amend<'a>(
    records: &mut Records,
    view: &View,
    mirrors: &Mirrors,
    changes: impl Iterator<Item = &'a Committed> + Clone,
) -> Result<(), Told> {
    if let Some(obstacle) = obstacle(view, changes.clone()) {
        return Err(obstacle);
    }
    for committed in changes {
        let row = match &committed.change {
            Change::Row(row) if row.table.collection.name == view.table.collection.name => row,
            Change::Truncated(table) if table.collection.name == view.table.collection.name => {
                records.clear();
                continue;
            }
            _ => continue,
        };
        let (old, new) = (row.old.as_ref(), row.new.as_ref());
        let passages = view.passages(mirrors, old, new, committed.at);
        for (passage, row) in passages.each(old, new) {
            let mut key = Vec::new();
            view.write_key(&mut key, row);
            if passage == Passage::Leave {
                records.remove(&key);
            } else {
                let mut record = Vec::new();
                passages.write_record(&mut record, passage, row);
                records.put(key, record);
            }
        }
    }
    Ok(())
}

fn send_snapshot(outbox: &Outbox, id: &str, cursor: &Cursor, records: &Records) -> bool {
    let id = serde_json::to_string(id).expect("text can be written as JSON");
    let head = format!("{{\"op\":\"snapshot\",\"id\":{id},\"cursor\":\"{cursor}\",\"records\":");
    let mut tail = Vec::new();
    records.write(&mut tail);
    tail.push(b'}');
    outbox.send_large(head.as_bytes(), &tail, Some(&cursor.to_string()))
}

/// What became of telling a subscription of what happened before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// It was told.
    All,
    /// It was told up to there, and the client is to take that first.
    Until(Position),
    /// The client did not take it.
    TooSlowly,
    /// A row is of the collection as it was before its columns changed.
    Misfit,
    /// What the caller may see has changed since.
    Otherwise,
}

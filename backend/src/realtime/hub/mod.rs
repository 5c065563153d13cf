//! Keeps the newest part of the log, and tells each subscription what concerns it.
//!
//! One task has all of it: what it does is in one order, that of the log. Whoever is not at its pace is let go of, and comes back with
//! a cursor.

mod command;
mod demand;
mod index;
mod mirroring;
#[cfg(test)]
mod model;
mod outbox;
mod presence;
mod records;
mod registry;
mod related;
mod replay;
mod topics;
mod view;
mod window;

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use annex_openapi::realtime::ResyncReason;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

pub use command::{Command, ConnectionId, Start, Status, Subscribe};
pub use outbox::{Framing, Outbox, Sending};
pub use records::Records;
pub use topics::{Ask, Declared, Join, TopicCommand};
pub use view::{View, ViewError};

use super::channels::presence::Here;
use super::feed::{Change, Committed, Event, RowChange};
use super::position::{Cursor, Lsn, Position};
use crate::clock::Clock;
use crate::collections::catalogue::{Catalogue, Snapshot};
use crate::db::Own;
use crate::evaluator::Mirrors;
use crate::telemetry::Metrics;
use mirroring::Mirrored;
use registry::Registry;
use replay::{Late, Returning};
use topics::Topics;
use window::Window;

/// How many bytes of log another server may be ahead.
const FURTHEST: Lsn = 16 << 30;

/// How many accounts it is remembered of when they changed, before it is looked who need not be.
const MOST_IDENTITIES: usize = 10_000;

/// How often it is looked who takes nothing.
const TICK: Duration = Duration::from_secs(1);

/// How many events the feed may be ahead.
const AHEAD: usize = 8;

/// The way to the hub.
#[derive(Debug, Clone)]
pub struct Hub {
    commands: mpsc::UnboundedSender<Command>,
}

impl Hub {
    /// A hub, which is told what happens through the sender that comes with it.
    pub fn start(
        catalogue: &Arc<Catalogue>,
        own: &Own,
        clock: Clock,
        here: Arc<Here>,
        metrics: &Metrics,
        most_kept: usize,
    ) -> (Self, mpsc::Sender<Vec<Event>>) {
        let (commands, commanded) = mpsc::unbounded_channel();
        let (events, told) = mpsc::channel(AHEAD);
        let state =
            State::new(catalogue, own, Topics::new(clock, here), metrics, most_kept, commands.downgrade());
        tokio::spawn(state.run(commanded, told));
        (Self { commands }, events)
    }

    /// Has the hub do something; where the server is ending nothing is done any more.
    pub fn tell(&self, command: Command) {
        drop(self.commands.send(command));
    }
}

/// What the hub knows.
struct State {
    catalogue: Arc<Catalogue>,
    /// The log that is read, and how far it has been.
    log: Option<Log>,
    window: Window,
    /// Behind where what is told of a collection fits it as it is.
    reshaped: HashMap<String, Position>,
    /// The same of all collections.
    all_reshaped: Position,
    /// The collections as they were when the log last told that they changed.
    known: Option<Arc<Snapshot>>,
    /// Where accounts changed last.
    identities: HashMap<Uuid, Position>,
    /// The same of all accounts.
    all_identities: Position,
    registry: Registry,
    /// Subscriptions that begin further on in the log.
    waiting: Vec<Subscribe>,
    /// Subscriptions that are told what they missed.
    returning: Returning,
    /// Who waits until the past has been told.
    expecting: Vec<oneshot::Sender<Cursor>>,
    own: Own,
    metrics: Metrics,
    /// The way back here, for what is done beside.
    hub: mpsc::WeakUnboundedSender<Command>,
    /// The rows that conditions look into.
    mirrors: Mirrors,
    /// The collections whose rows are being read.
    reading: HashSet<String>,
    /// Rows that have been read, of a later moment than the log has been read to.
    arriving: Vec<Mirrored>,
    topics: Topics,
}

#[derive(Debug, Clone, Copy)]
struct Log {
    epoch: u32,
    reached: Lsn,
    /// Until there the past is told.
    until: Lsn,
}

impl State {
    /// A hub that has heard of nothing.
    fn new(
        catalogue: &Arc<Catalogue>,
        own: &Own,
        topics: Topics,
        metrics: &Metrics,
        most_kept: usize,
        hub: mpsc::WeakUnboundedSender<Command>,
    ) -> Self {
        Self {
            catalogue: Arc::clone(catalogue),
            log: None,
            window: Window::new(most_kept),
            reshaped: HashMap::new(),
            all_reshaped: Position::default(),
            known: None,
            identities: HashMap::new(),
            all_identities: Position::default(),
            registry: Registry::default(),
            waiting: Vec::new(),
            returning: Returning::default(),
            expecting: Vec::new(),
            own: own.clone(),
            metrics: metrics.clone(),
            hub,
            mirrors: Mirrors::default(),
            reading: HashSet::new(),
            arriving: Vec::new(),
            topics,
        }
    }

    async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut events: mpsc::Receiver<Vec<Event>>,
    ) {
        let mut patience = tokio::time::interval(TICK);
        // Who takes nothing while this was busy has not been waited for.
        patience.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = patience.tick() => self.guarded(Self::tick),
                command = commands.recv() => match command {
                    Some(command) => self.guarded(|state| state.command(command)),
                    None => return,
                },
                told = events.recv() => match told {
                    Some(told) => told.into_iter().for_each(|event| self.guarded(|state| state.event(event))),
                    None => return,
                },
                () = tokio::task::yield_now(), if self.log.is_some() && self.returning.is_any() => {}
            }
            self.guarded(Self::go_on);
        }
    }

    /// Does something. Where that panics nobody is told anything that may be wrong: all clients are let go, and come back.
    fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            // The hook has logged where it was.
            tracing::error!("The hub of realtime panicked; its clients are let go, and it begins anew");
            self.metrics.panicked_in_background("realtime");
            std::mem::take(&mut self.registry).let_go();
            self.waiting.clear();
            self.returning = Returning::default();
            self.expecting.clear();
            self.forget_mirrors();
            // What the change was that it was about nobody knows: who comes back begins behind it.
            let reached = self.log.map(|log| Position::at(log.reached)).unwrap_or_default();
            let begins = reached.max(self.window.newest()).after();
            self.window.clear(begins);
            self.topics = self.topics.anew(&self.catalogue.snapshot(), begins);
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Began { epoch, from, until, continues } => self.begin(epoch, from, until, continues),
            Event::Change(committed) => self.change(committed),
            Event::Reached(lsn) => {
                if let Some(log) = &mut self.log {
                    log.reached = log.reached.max(lsn);
                }
                self.admit();
            }
            Event::Interrupted => {}
            Event::Ended => {
                self.log = None;
                self.window.clear(Position::default());
                self.registry.resync_all(ResyncReason::LogLost);
                self.put_all_out();
            }
        }
    }

    fn begin(&mut self, epoch: Uuid, from: Lsn, until: Lsn, continues: bool) {
        let epoch = Cursor::epoch(epoch);
        if !continues {
            self.window.clear(Position::at(from));
            self.forget_mirrors();
            self.reshaped.clear();
            self.identities.clear();
            (self.all_reshaped, self.all_identities) = Default::default();
            let snapshot = self.catalogue.snapshot();
            self.registry.resync_all(ResyncReason::LogLost);
            self.put_all_out();
            // Who clients are may have changed in a part of the log that nobody has read.
            self.registry.pause(None, Position::at(from));
            self.declare(&snapshot, Position::at(from));
            self.known = Some(snapshot);
        }
        self.log = Some(Log { epoch, reached: from, until });
        self.admit();
    }

    fn forget_mirrors(&mut self) {
        self.mirrors = Mirrors::default();
        self.arriving.clear();
        self.reading.clear();
    }

    fn change(&mut self, committed: Committed) {
        let Some(log) = self.log else { return };
        // What was told of a transaction before the connection was lost within it comes again.
        let is_again = committed.position <= self.window.newest();
        if is_again && !matches!(committed.change, Change::Reshaped(_)) {
            return;
        }
        let cursor = Cursor { epoch: log.epoch, position: committed.position };
        match &committed.change {
            Change::Row(row) => self.row(row, cursor, committed.at),
            Change::Truncated(table) => {
                self.mirrors.remove(&table.collection.name);
                self.registry.resync(&table.collection.name, ResyncReason::Truncated);
                self.put_out_looking_into(&table.collection.name);
                self.reshaped.insert(table.collection.name.clone(), committed.position);
            }
            Change::Reshaped(table) => {
                self.mirrors.remove(&table.collection.name);
                self.registry.resync(&table.collection.name, ResyncReason::CollectionChanged);
                self.put_out_looking_into(&table.collection.name);
                self.reshaped.insert(table.collection.name.clone(), committed.position);
            }
            Change::Schema => self.schema(log, committed.position),
            Change::Identity(id) => {
                match id {
                    Some(id) => drop(self.identities.insert(*id, committed.position)),
                    None => self.all_identities = committed.position,
                }
                if self.identities.len() > MOST_IDENTITIES {
                    // Nobody comes back from before what is kept.
                    let window = &self.window;
                    self.identities.retain(|_, at| !window.is_behind(*at));
                }
                let paused = self.registry.pause(*id, committed.position);
                self.pause_topics(&paused, committed.position);
            }
            Change::Broadcast(on) => self.broadcast(on, cursor),
            Change::Presence(on) => self.presence(on, cursor),
        }
        self.window.push(committed);
        if self.registry.has_let_go() {
            self.let_go_of_mirrors();
        }
    }

    /// Collections may be others from here on, also to who is not there now.
    fn schema(&mut self, log: Log, at: Position) {
        let snapshot = self.catalogue.snapshot();
        self.registry.resync_changed(&snapshot);
        self.declare(&snapshot, at);
        let before = self.known.replace(Arc::clone(&snapshot));
        let is_present = log.reached >= log.until;
        let before = before.filter(|before| is_present && before.version != snapshot.version);
        let Some(before) = before else {
            // Of the past it is not known what the collections were before, nor where the catalogue was ahead of the log.
            self.all_reshaped = at;
            return;
        };
        for (name, table) in &before.tables {
            if snapshot.tables.get(name).is_none_or(|now| **now != **table) {
                self.reshaped.insert(name.clone(), at);
            }
        }
    }

    /// Whether a collection is another than at that position, or those that are looked into are.
    fn is_reshaped(&self, view: &View, since: Position) -> bool {
        let mut names =
            view.needs.iter().map(|need| need.collection()).chain([view.table.collection.name.as_str()]);
        self.all_reshaped > since || names.any(|name| self.reshaped.get(name).is_some_and(|at| *at > since))
    }

    /// Whether the account of a view's caller is another than at that position.
    fn is_other(&self, view: &View, since: Position) -> bool {
        let Some(identity) = view.caller.identity().filter(|_| view.depends_on_caller()) else {
            return false;
        };
        self.all_identities > since || self.identities.get(&identity.user_id).is_some_and(|at| *at > since)
    }

    fn row(&mut self, row: &RowChange, cursor: Cursor, at: OffsetDateTime) {
        if let Some(mirror) = self.mirrors.get_mut(&row.table.collection.name) {
            if row.table.columns != mirror.need().table.columns {
                self.mirrors.remove(&row.table.collection.name);
                self.registry.resync(&row.table.collection.name, ResyncReason::CollectionChanged);
                self.put_out_looking_into(&row.table.collection.name);
            } else if mirror.apply(row.old.as_ref(), row.new.as_ref()) {
                self.registry.resync_depending(row);
                self.look_again_at_members(row);
            }
        }
        for behind in self.registry.deliver(&self.mirrors, row, cursor, at) {
            self.catch_up(behind);
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Connect { id, outbox, caller, at } => self.registry.connect(id, outbox, &caller, at),
            Command::Identify { id, caller, asked } => {
                let now = self.log.map_or(Position::default(), |log| self.now(log));
                for behind in self.registry.identify(id, caller, asked, now) {
                    self.catch_up(behind);
                }
                self.resume_topics(id, self.log);
                self.admit();
            }
            Command::Room(id) => self.returning.has_room(id),
            Command::Disconnect(id) => {
                self.forget(id, None);
                self.registry.disconnect(id);
                self.leave_all(id);
                self.let_go_of_mirrors();
            }
            Command::Mirrored { collection, read } => {
                self.take_mirrored(&collection, *read);
                self.admit();
            }
            Command::Subscribe(subscribe) => {
                self.forget(subscribe.connection, Some(&subscribe.id));
                self.waiting.push(*subscribe);
                self.admit();
            }
            Command::Unsubscribe { connection, id } => {
                self.forget(connection, Some(&id));
                self.registry.unsubscribe(connection, &id);
                self.let_go_of_mirrors();
            }
            Command::Topic(command) => self.topic_command(command),
            Command::Ready(answer) => {
                self.expecting.push(answer);
                self.admit();
            }
            Command::Status(answer) => drop(answer.send(self.status())),
        }
    }

    fn status(&self) -> Status {
        Status {
            reached: self.log.map(|log| Cursor { epoch: log.epoch, position: Position::at(log.reached) }),
            caught_up: self.log.is_some_and(|log| log.reached >= log.until),
            changed_at: self.window.changed_at(),
            window: self.window.status(),
            clients: self.registry.status(),
        }
    }

    /// Up to where everything has been told: of the transaction that is being read a part may have been.
    fn now(&self, log: Log) -> Position {
        Position::at(log.reached).max(self.window.newest())
    }

    /// Begins the subscriptions whose beginning the log has reached.
    fn admit(&mut self) {
        self.expecting.retain(|expecting| !expecting.is_closed());
        let Some(log) = self.log.filter(|log| log.reached >= log.until) else { return };
        self.settle_mirrors(log.reached);
        for expecting in self.expecting.drain(..) {
            // Who has gone does not wait.
            expecting.send(Cursor { epoch: log.epoch, position: Position::at(log.reached) }).ok();
        }
        self.admit_topics(log);
        for subscribe in std::mem::take(&mut self.waiting) {
            if !self.may_begin(&subscribe, log) {
                self.waiting.push(subscribe);
            } else if matches!(subscribe.start, Start::After { .. } | Start::Snapshot { .. }) {
                // What may be much waits until the client has taken what it was sent.
                self.returning.push(Late::Subscribe(subscribe));
            } else {
                self.begin_subscription(subscribe, log);
            }
        }
    }

    /// Whether the log has been read to where a subscription begins, and what it needs is at hand.
    fn may_begin(&mut self, subscribe: &Subscribe, log: Log) -> bool {
        let begins = match &subscribe.start {
            // It was there already.
            _ if subscribe.begun => 0,
            Start::Now(asked) => *asked,
            // No log is so far ahead of this server.
            Start::After { cursor, asked }
                if cursor.epoch != log.epoch
                    || cursor.position.commit > log.reached.saturating_add(FURTHEST) =>
            {
                *asked
            }
            Start::After { cursor, asked } => cursor.position.commit.max(*asked),
            Start::Snapshot { reached, .. } => *reached,
        };
        // A position within a transaction is reached with the end of it.
        // Until it is known who the client is nothing can begin.
        log.reached >= log.until
            && log.reached >= begins
            && !self.registry.is_paused(subscribe.connection)
            // What is not as it was begins anew, and needs nothing for that.
            && (!subscribe.view.is_current(&self.catalogue.snapshot())
                || self.has_at_hand(&subscribe.view.needs, log.reached))
    }

    /// Forgets what is to begin on a connection: the subscription of that name, or all.
    fn forget(&mut self, connection: ConnectionId, id: Option<&str>) {
        self.waiting.retain(|one| one.connection != connection || id.is_some_and(|id| *one.id != *id));
        self.returning.forget(connection, |late| match late {
            Late::Subscribe(one) => id.is_none_or(|id| *one.id == *id),
            Late::Join(_) => id.is_none(),
        });
    }
}

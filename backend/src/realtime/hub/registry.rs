//! Who is told what: connections, their subscriptions, and the views that these share.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use annex_openapi::realtime::{ClientsStatus, ErrorMessage, RealtimeClient, ResyncReason, ServerMessage};
use time::OffsetDateTime;
use uuid::Uuid;

use super::command::ConnectionId;
use super::index::Index;
use super::outbox::Outbox;
use super::view::View;
use crate::collections::catalogue::{Snapshot, Table};
use crate::evaluator::Mirrors;
use crate::extract::Caller;
use crate::problem::{Code, Problem};
use crate::realtime::feed::RowChange;
use crate::realtime::position::{Cursor, Position};

/// The close code for a client that does not take what it is sent (RFC 6455: policy violation).
pub const TOO_SLOW: u16 = 1008;

/// The close code for clients that may come back at once (IANA's registry of WebSocket close codes: service restart).
const RESTART: u16 = 1012;

/// How many connections are listed for whoever runs the server.
const MOST_LISTED: usize = 100;

/// Connections and what they are told.
#[derive(Debug, Default)]
pub struct Registry {
    connections: HashMap<ConnectionId, Connection>,
    /// Whose connections depend on an account or a session.
    depending: HashMap<Uuid, HashSet<ConnectionId>>,
    views: Vec<Option<Shared>>,
    free: Vec<usize>,
    by_key: HashMap<String, usize>,
    /// The views of each collection.
    collections: HashMap<String, Index>,
    subscriptions: usize,
    /// How many views look into each collection.
    looked_into: HashMap<String, usize>,
    /// How many clients were let go of.
    slow: u64,
    /// A collection is not looked into any more.
    let_go: bool,
}

#[derive(Debug)]
struct Connection {
    outbox: Arc<Outbox>,
    caller: Caller,
    at: OffsetDateTime,
    subscriptions: HashMap<Box<str>, Place>,
    /// While it is asked who the client is, nothing is told: the question, and behind what is still to be told.
    paused: Option<(u64, Position)>,
}

impl Connection {
    fn status(&self, id: ConnectionId) -> RealtimeClient {
        let identity = self.caller.identity();
        RealtimeClient {
            id,
            user_id: identity.map(|identity| identity.user_id),
            email: identity.map(|identity| identity.email.clone()),
            transport: self.outbox.transport(),
            connected_at: self.at,
            subscriptions: self.subscriptions.len() as u64,
            waiting_bytes: self.outbox.waiting() as u64,
        }
    }
}

/// Where a subscription stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    view: usize,
    index: usize,
}

#[derive(Debug)]
struct Shared {
    view: Arc<View>,
    /// By which of its demands it is found.
    found_by: Option<usize>,
    subscribers: Vec<Subscriber>,
    /// The newest table that a row was of, and whether it has the view's columns.
    newest: Option<(Arc<Table>, bool)>,
}

impl Shared {
    /// Whether rows of the table have the columns that the view knows.
    fn fits(&mut self, table: &Arc<Table>) -> bool {
        match &self.newest {
            Some((newest, fits)) if Arc::ptr_eq(newest, table) => *fits,
            _ => {
                let fits = self.view.fits(table);
                self.newest = Some((Arc::clone(table), fits));
                fits
            }
        }
    }
}

#[derive(Debug)]
struct Subscriber {
    connection: ConnectionId,
    id: Box<str>,
    outbox: Arc<Outbox>,
    /// The beginning of every event that it is told.
    head: Box<[u8]>,
    paused: bool,
}

/// A subscription that was told of all that happened up to a position, and goes on behind it.
#[derive(Debug)]
pub struct Behind {
    /// Whose it is.
    pub connection: ConnectionId,
    /// What the client calls it.
    pub id: Box<str>,
    /// Behind what it goes on.
    pub after: Position,
}

impl Registry {
    /// Who is told.
    pub fn status(&self) -> ClientsStatus {
        let list = self.connections.iter().map(|(id, connection)| connection.status(*id));
        let mut list: Vec<RealtimeClient> = list.collect();
        list.sort_unstable_by_key(|client| (Reverse(client.waiting_bytes), client.id));
        list.truncate(MOST_LISTED);
        ClientsStatus {
            connections: self.connections.len() as u64,
            subscriptions: self.subscriptions as u64,
            views: self.by_key.len() as u64,
            slow_consumers: self.slow,
            list,
        }
    }

    /// A client is there. Who it is was read before changes of that were followed for it, so it is asked once more.
    pub fn connect(&mut self, id: ConnectionId, outbox: Arc<Outbox>, caller: &Caller, at: OffsetDateTime) {
        self.depend(id, caller, true);
        let paused = caller.identity().map(|_| (outbox.ask(), Position::default()));
        let caller = caller.clone();
        let connection = Connection { outbox, caller, at, subscriptions: HashMap::new(), paused };
        self.connections.insert(id, connection);
    }

    /// A client has gone.
    pub fn disconnect(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let names: Vec<Box<str>> = connection.subscriptions.keys().cloned().collect();
        let caller = connection.caller.clone();
        for name in &names {
            self.unsubscribe(id, name);
        }
        self.depend(id, &caller, false);
        self.connections.remove(&id);
    }

    fn depend(&mut self, id: ConnectionId, caller: &Caller, does: bool) {
        let Some(identity) = caller.identity() else { return };
        let ids = [Some(identity.user_id), identity.session_id, identity.impersonator];
        for on in ids.into_iter().flatten() {
            if does {
                self.depending.entry(on).or_default().insert(id);
            } else if let Some(connections) = self.depending.get_mut(&on) {
                connections.remove(&id);
                if connections.is_empty() {
                    self.depending.remove(&on);
                }
            }
        }
    }

    /// Where a connection's client is told things.
    pub fn outbox(&self, id: ConnectionId) -> Option<&Arc<Outbox>> {
        self.connections.get(&id).map(|connection| &connection.outbox)
    }

    /// Whether it is being asked who a connection's client is.
    pub fn is_paused(&self, id: ConnectionId) -> bool {
        self.connections.get(&id).is_some_and(|connection| connection.paused.is_some())
    }

    /// Who a connection's client is.
    pub fn caller(&self, id: ConnectionId) -> Option<&Caller> {
        self.connections.get(&id).map(|connection| &connection.caller)
    }

    /// What a subscription is about.
    pub fn view(&self, connection: ConnectionId, id: &str) -> Option<&Arc<View>> {
        let place = self.connections.get(&connection)?.subscriptions.get(id)?;
        self.views[place.view].as_ref().map(|shared| &shared.view)
    }

    /// Begins a subscription; one of the same name ends.
    pub fn subscribe(&mut self, connection: ConnectionId, id: Box<str>, view: Arc<View>) {
        self.unsubscribe(connection, &id);
        let Some(found) = self.connections.get(&connection) else { return };
        let name = serde_json::to_string(&id).expect("text can be written as JSON");
        let subscriber = Subscriber {
            connection,
            id: id.clone(),
            outbox: Arc::clone(&found.outbox),
            head: format!("{{\"op\":\"event\",\"id\":{name},").into_bytes().into(),
            paused: found.paused.is_some(),
        };
        let place = match self.by_key.get(&view.key) {
            // A view of the collection as it was is another one.
            Some(&place)
                if self.views[place]
                    .as_ref()
                    .is_some_and(|shared| Arc::ptr_eq(&shared.view.table, &view.table)) =>
            {
                place
            }
            _ => self.add_view(view),
        };
        let shared = self.views[place].as_mut().expect("a view that is listed is there");
        shared.subscribers.push(subscriber);
        let place = Place { view: place, index: shared.subscribers.len() - 1 };
        let found = self.connections.get_mut(&connection).expect("it was looked up");
        found.subscriptions.insert(id, place);
        self.subscriptions += 1;
    }

    fn add_view(&mut self, view: Arc<View>) -> usize {
        let place = self.free.pop().unwrap_or_else(|| {
            self.views.push(None);
            self.views.len() - 1
        });
        let index = self.collections.entry(view.table.collection.name.clone()).or_default();
        let found_by = index.insert(&view.demands, place);
        for need in &view.needs {
            *self.looked_into.entry(need.collection().to_owned()).or_default() += 1;
        }
        self.by_key.insert(view.key.clone(), place);
        self.views[place] = Some(Shared { view, found_by, subscribers: Vec::new(), newest: None });
        place
    }

    fn remove_view(&mut self, place: usize) {
        let Some(Shared { view, found_by, .. }) = self.views[place].take() else { return };
        if let Some(index) = self.collections.get_mut(&view.table.collection.name) {
            index.remove(found_by.map(|number| &view.demands[number]), place);
            if index.is_empty() {
                self.collections.remove(&view.table.collection.name);
            }
        }
        for need in &view.needs {
            if let Some(views) = self.looked_into.get_mut(need.collection()) {
                *views -= 1;
                if *views == 0 {
                    self.let_go = true;
                    self.looked_into.remove(need.collection());
                }
            }
        }
        if self.by_key.get(&view.key) == Some(&place) {
            self.by_key.remove(&view.key);
        }
        self.free.push(place);
    }

    /// Ends a subscription, where there is one.
    pub fn unsubscribe(&mut self, connection: ConnectionId, id: &str) {
        let Some(found) = self.connections.get_mut(&connection) else { return };
        let Some(place) = found.subscriptions.remove(id) else { return };
        self.subscriptions -= 1;
        let shared = self.views[place.view].as_mut().expect("a view with a subscriber is there");
        shared.subscribers.swap_remove(place.index);
        if let Some(moved) = shared.subscribers.get(place.index) {
            let other =
                self.connections.get_mut(&moved.connection).expect("a subscriber's connection is there");
            other.subscriptions.insert(moved.id.clone(), place);
        }
        if shared.subscribers.is_empty() {
            self.remove_view(place.view);
        }
    }

    /// Tells whom it concerns of a row that changed. Gives the subscriptions whose clients are to take first what they were sent.
    pub fn deliver(
        &mut self,
        mirrors: &Mirrors,
        change: &RowChange,
        cursor: Cursor,
        at: OffsetDateTime,
    ) -> Vec<Behind> {
        let name = &change.table.collection.name;
        let Some(collection) = self.collections.get(name) else { return Vec::new() };
        let (old, new) = (change.old.as_ref(), change.new.as_ref());
        let text = cursor.to_string();
        let (mut behind, mut misfit) = (Vec::new(), false);
        for place in collection.concerned(old, new) {
            let Some(shared) = &mut self.views[place] else { continue };
            if !shared.fits(&change.table) {
                misfit = true;
                continue;
            }
            let passages = shared.view.passages(mirrors, old, new, at);
            if passages.are_any() {
                let mut told = cursor.position.before(1 + u32::from(old.is_some() && new.is_some()));
                passages.write(cursor, &text, old, new, |place, tail| {
                    for subscriber in shared.subscribers.iter_mut().filter(|subscriber| !subscriber.paused) {
                        if !subscriber.outbox.send_where_room(&subscriber.head, &tail, place) {
                            subscriber.paused = true;
                            let Subscriber { connection, id, .. } = subscriber;
                            behind.push(Behind { connection: *connection, id: id.clone(), after: told });
                        }
                    }
                    told = cursor.position.first_place();
                });
            }
        }
        if misfit {
            let table = Arc::clone(&change.table);
            self.resync_where(ResyncReason::CollectionChanged, |view| {
                view.table.collection.name == *name && !view.fits(&table)
            });
        }
        behind
    }

    /// Lets a client go that does not take what it is sent.
    pub fn give_up(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        let detail = "More was to be told than this connection took; connect again and give the last cursor";
        let problem = Problem::new(Code::SlowConsumer, detail);
        connection.outbox.give_up(&ServerMessage::Error(ErrorMessage::of(None, problem.body(""))), TOO_SLOW);
        self.slow += 1;
        self.disconnect(id);
    }

    /// Has subscriptions begin anew.
    fn resync_where(&mut self, reason: ResyncReason, concerned: impl Fn(&View) -> bool) {
        let mut ended = Vec::new();
        for shared in self.views.iter().flatten().filter(|shared| concerned(&shared.view)) {
            ended.extend(
                shared.subscribers.iter().map(|subscriber| (subscriber.connection, subscriber.id.clone())),
            );
        }
        for (connection, id) in ended {
            self.unsubscribe(connection, &id);
            let sent = self.outbox(connection).is_none_or(|outbox| outbox.begin_anew(&id, reason));
            if !sent {
                self.give_up(connection);
            }
        }
    }

    /// Has every subscription begin anew.
    pub fn resync_all(&mut self, reason: ResyncReason) {
        self.resync_where(reason, |_| true);
    }

    /// Has the subscriptions to a collection begin anew.
    pub fn resync(&mut self, collection: &str, reason: ResyncReason) {
        self.resync_where(reason, |view| {
            view.table.collection.name == collection || view.looks_into(collection)
        });
    }

    /// Whether a collection is not looked into any more, since this was asked last.
    pub fn has_let_go(&mut self) -> bool {
        std::mem::take(&mut self.let_go)
    }

    /// Says goodbye to every client.
    pub fn let_go(self) {
        self.connections.values().for_each(|connection| connection.outbox.close(RESTART));
    }

    /// Whether a view looks into the collection.
    pub fn is_looked_into(&self, collection: &str) -> bool {
        self.looked_into.contains_key(collection)
    }

    /// Has the subscriptions begin anew that may see other rows since a row of a collection that they look into changed.
    pub fn resync_depending(&mut self, change: &RowChange) {
        let name = &change.table.collection.name;
        if self.is_looked_into(name) {
            let (old, new) = (change.old.as_ref(), change.new.as_ref());
            self.resync_where(ResyncReason::AccessChanged, |view| view.depends_on(name, old, new));
        }
    }

    /// Has the subscriptions begin anew whose collection is another than it was.
    pub fn resync_changed(&mut self, snapshot: &Snapshot) {
        self.resync_where(ResyncReason::CollectionChanged, |view| !view.is_current(snapshot));
    }

    /// Tells the connections that depend on an account or a session (or all) nothing more from that position on, until it is known
    /// who their clients are. Gives these connections.
    pub fn pause(&mut self, id: Option<Uuid>, at: Position) -> Vec<ConnectionId> {
        let concerned: Vec<ConnectionId> = match id {
            Some(id) => self.depending.get(&id).into_iter().flatten().copied().collect(),
            None => self.connections.keys().copied().collect(),
        };
        for id in &concerned {
            let connection = self.connections.get_mut(id).expect("it is listed");
            let from = connection.paused.map_or(at, |(_, from)| from);
            connection.paused = Some((connection.outbox.ask(), from));
            let places: Vec<Place> = connection.subscriptions.values().copied().collect();
            self.set_paused(&places, true);
        }
        concerned
    }

    fn set_paused(&mut self, places: &[Place], paused: bool) {
        for place in places {
            if let Some(shared) = &mut self.views[place.view] {
                shared.subscribers[place.index].paused = paused;
            }
        }
    }

    /// Says who a client is now, when everything up to that position has been told. Gives its subscriptions that may go on, where that was the newest question.
    pub fn identify(&mut self, id: ConnectionId, caller: Caller, asked: u64, now: Position) -> Vec<Behind> {
        let Some(connection) = self.connections.get_mut(&id) else { return Vec::new() };
        let before = std::mem::replace(&mut connection.caller, caller.clone());
        let is_other = before.identity() != caller.identity();
        let paused = connection.paused.filter(|(question, _)| *question <= asked);
        if paused.is_some() {
            connection.paused = None;
        }
        self.depend(id, &before, false);
        self.depend(id, &caller, true);
        if is_other {
            self.resync_caller(id, &before, &caller);
        }
        // Somebody else: who that is was read before changes of that were followed here.
        let is_new =
            is_other && caller.identity().map(|now| now.user_id) != before.identity().map(|was| was.user_id);
        if let Some(connection) = self.connections.get_mut(&id).filter(|_| is_new) {
            connection.paused = Some((connection.outbox.ask(), paused.map_or(now, |(_, from)| from)));
            let places: Vec<Place> = connection.subscriptions.values().copied().collect();
            self.set_paused(&places, true);
            return Vec::new();
        }
        let Some((_, after)) = paused else { return Vec::new() };
        // One that did not take what it was told may be gone by now.
        let Some(connection) = self.connections.get(&id) else { return Vec::new() };
        let names = connection.subscriptions.keys().cloned();
        names.map(|name| Behind { connection: id, id: name, after }).collect()
    }

    /// Has those subscriptions of a connection begin anew that are not the same for who its client is now.
    fn resync_caller(&mut self, id: ConnectionId, before: &Caller, after: &Caller) {
        let is_admin_alike = before.is_admin() == after.is_admin();
        let connection = &self.connections[&id];
        let concerned: Vec<Box<str>> = connection
            .subscriptions
            .iter()
            .filter(|(_, place)| {
                let shared = self.views[place.view].as_ref();
                !is_admin_alike || shared.is_none_or(|shared| shared.view.asks_caller)
            })
            .map(|(name, _)| name.clone())
            .collect();
        for name in concerned {
            self.unsubscribe(id, &name);
            let sent =
                self.outbox(id).is_none_or(|outbox| outbox.begin_anew(&name, ResyncReason::AccessChanged));
            if !sent {
                return self.give_up(id);
            }
        }
    }
}

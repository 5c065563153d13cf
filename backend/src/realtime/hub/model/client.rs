//! A client, which holds what it is told against what is true.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Buf, BytesMut};
use serde_json::Value;
use time::OffsetDateTime;

use super::log::Log;
use super::truth::{self, Sight};
use super::world::{FILTERS, Rows, World, image, read, record};
use super::{State, WAITING};
use crate::collections::catalogue::Catalogue;
use crate::extract::Caller;
use crate::realtime::hub::command::{Command, Start, Subscribe};
use crate::realtime::hub::outbox::{Framing, Outbox};
use crate::realtime::hub::records::Records;
use crate::realtime::hub::view::View;
use crate::realtime::position::{Cursor, Lsn, Position};
use crate::records::parameters;
use crate::records::projection::Projection;

/// Who a client is, as the database said at that moment.
#[derive(Debug, Clone)]
struct Who {
    caller: Caller,
    role: usize,
    at: Lsn,
}

impl Who {
    fn read(world: &World, user: usize) -> Self {
        Self { caller: world.caller(user), role: world.now.roles[user], at: world.end() }
    }
}

/// A subscription, from what is asked for to what is told.
#[derive(Debug)]
struct Asked {
    view: Arc<View>,
    filter: usize,
    role: usize,
    rule: usize,
    epoch: u32,
    /// Until there the log had been read.
    before: Cursor,
    /// What happened behind this may have it begin anew.
    since: Position,
    /// Where it begins, until the hub is told.
    start: Option<Start>,
    resumes: bool,
    told: bool,
}

#[derive(Debug)]
struct Connection {
    id: u64,
    outbox: Arc<Outbox>,
    inbox: BytesMut,
    who: Who,
    /// A question that is being answered.
    looking: Option<(u64, Who)>,
    answered: u64,
    asked: Option<Asked>,
    /// Whether everything before has been told.
    live: bool,
}

/// What clients were told, all in all.
#[derive(Debug, Default)]
pub struct Counts {
    pub events: usize,
    pub snapshots: usize,
    pub resumed: usize,
    pub let_go: usize,
    pub resyncs: BTreeMap<String, usize>,
}

/// A client, and what it knows.
#[derive(Debug)]
pub struct Client {
    user: usize,
    rows: Rows,
    cursor: Option<Cursor>,
    filter: usize,
    connection: Option<Connection>,
}

impl Client {
    pub fn new(user: usize) -> Self {
        Self { user, rows: Rows::new(), cursor: None, filter: 0, connection: None }
    }

    pub fn connect(&mut self, id: u64, world: &World, state: &mut State) {
        if self.connection.is_some() {
            return;
        }
        let who = Who::read(world, self.user);
        let outbox = Outbox::new(Framing::WebSocket, WAITING);
        state.command(Command::Connect {
            id,
            outbox: Arc::clone(&outbox),
            caller: who.caller.clone(),
            at: OffsetDateTime::UNIX_EPOCH,
        });
        let inbox = BytesMut::new();
        let connection =
            Connection { id, outbox, inbox, who, looking: None, answered: 0, asked: None, live: false };
        self.connection = Some(connection);
    }

    /// The connection is lost, with what is on its way.
    pub fn disconnect(&mut self, state: &mut State) {
        if let Some(connection) = self.connection.take() {
            state.command(Command::Disconnect(connection.id));
        }
    }

    /// The server is not there any more.
    pub fn lose_server(&mut self) {
        self.connection = None;
    }

    /// Reads who the client is, where that is asked.
    pub fn look(&mut self, world: &World) {
        let Some(connection) = &mut self.connection else { return };
        let asked = connection.outbox.asked();
        if asked != connection.answered && connection.looking.is_none() {
            connection.looking = Some((asked, Who::read(world, self.user)));
        }
    }

    /// Says who it is.
    pub fn answer(&mut self, state: &mut State) {
        let Some(connection) = &mut self.connection else { return };
        let Some((asked, who)) = connection.looking.take() else { return };
        let caller = who.caller.clone();
        (connection.answered, connection.who) = (asked, who);
        state.command(Command::Identify { id: connection.id, caller, asked });
    }

    /// Asks for a subscription: behind what the client knows, or with the rows as they are.
    pub fn subscribe(&mut self, filter: usize, catalogue: &Catalogue, world: &World, state: &State) {
        let Some(connection) = self.connection.as_mut().filter(|one| one.asked.is_none()) else { return };
        // Whoever subscribes waits until the past has been told.
        let Some(read) = state.log.filter(|read| read.reached >= read.until) else { return };
        let snapshot = catalogue.snapshot();
        let table = &snapshot.tables["notes"];
        if self.cursor.is_none() {
            self.filter = filter;
        }
        let (who, filter) = (&connection.who, self.filter);
        let predicate = parameters::filter(&snapshot, table, &who.caller, FILTERS[filter]).unwrap();
        let projection = Projection::new(table, &who.caller, None).unwrap();
        let with_filter = FILTERS[filter].zip(predicate.as_ref());
        let view = View::new(&snapshot, table, &who.caller, with_filter, projection, &[]).unwrap();
        let begins = self.cursor.map_or(Position::at(read.reached), |cursor| cursor.position);
        connection.asked = Some(Asked {
            view: Arc::new(view),
            filter,
            role: who.role,
            rule: snapshot.version.parse().unwrap(),
            epoch: self.cursor.map_or(read.epoch, |cursor| cursor.epoch),
            before: Cursor { epoch: read.epoch, position: Position::at(read.reached) },
            since: begins.min(Position::at(who.at)),
            start: self.cursor.map(|cursor| Start::After { cursor, asked: world.end() }),
            resumes: self.cursor.is_some(),
            told: false,
        });
    }

    /// Reads the rows as they are. The newest transaction may be in the log, and not seen yet.
    pub fn read(&mut self, sees_all: bool, log: &Log, world: &World) {
        let Some(asked) = self.connection.as_mut().and_then(|one| one.asked.as_mut()) else { return };
        if asked.told || asked.start.is_some() {
            return;
        }
        // A log begins when all that was under way has ended.
        let newest = world.commits.last().filter(|newest| !sees_all && Position::at(newest.at) >= log.floor);
        let before = newest.map_or(Position::at(world.end()), |commit| Position::at(commit.at));
        asked.since = asked.since.min(before);
        let mut moment = world.at(before);
        (moment.roles[self.user], moment.rule) = (asked.role, asked.rule);
        let mut records = Records::default();
        for (key, row) in moment.select(self.user, asked.filter) {
            let mut name = Vec::new();
            asked.view.write_key(&mut name, &image((key, row)));
            records.put(name, record((key, row)));
        }
        let (seen, reached, before) = (world.seen(newest.is_none()), world.end(), asked.before);
        asked.start = Some(Start::Snapshot { records, seen, reached, before });
    }

    /// Tells the hub of the subscription.
    pub fn tell(&mut self, state: &mut State) {
        let Some(connection) = &mut self.connection else { return };
        let Some(asked) = &mut connection.asked else { return };
        let Some(start) = asked.start.take() else { return };
        asked.told = true;
        state.command(Command::Subscribe(Box::new(Subscribe {
            connection: connection.id,
            id: "s".into(),
            view: Arc::clone(&asked.view),
            start,
            begun: false,
        })));
    }

    /// Asks for something else in place of what it is told, which begins behind that position; gives the connection, and what it is about.
    pub fn replace(&mut self, asked: Lsn, state: &mut State) -> (u64, Arc<View>) {
        let connection = self.connection.as_ref().unwrap();
        let snapshot = state.catalogue.snapshot();
        let (table, caller) = (&snapshot.tables["notes"], &connection.who.caller);
        let projection = Projection::new(table, caller, None).unwrap();
        let predicate = parameters::filter(&snapshot, table, caller, FILTERS[1]).unwrap();
        let filter = FILTERS[1].zip(predicate.as_ref());
        let view = Arc::new(View::new(&snapshot, table, caller, filter, projection, &[]).unwrap());
        state.command(Command::Subscribe(Box::new(Subscribe {
            connection: connection.id,
            id: "s".into(),
            view: Arc::clone(&view),
            start: Start::Now(asked),
            begun: false,
        })));
        (connection.id, view)
    }

    /// Takes so many messages of what it was sent.
    pub fn take(&mut self, most: usize, log: &Log, world: &World, state: &mut State, counts: &mut Counts) {
        let Some(connection) = &mut self.connection else { return };
        connection.inbox.unsplit(connection.outbox.take());
        if connection.outbox.takes_more() {
            state.command(Command::Room(connection.id));
        }
        for _ in 0..most {
            let Some(connection) = &mut self.connection else { return };
            match frame(&mut connection.inbox) {
                None => return,
                Some((0x8, _)) => {
                    counts.let_go += 1;
                    return self.disconnect(state);
                }
                Some((_, text)) => self.hear(&serde_json::from_slice(&text).unwrap(), log, world, counts),
            }
        }
    }

    fn hear(&mut self, message: &Value, log: &Log, world: &World, counts: &mut Counts) {
        let cursor = message["cursor"].as_str().map(|cursor| cursor.parse::<Cursor>().unwrap());
        let connection = self.connection.as_mut().unwrap();
        let asked = connection.asked.as_mut().unwrap_or_else(|| panic!("nothing was asked for: {message}"));
        match message["op"].as_str().unwrap() {
            "snapshot" => {
                counts.snapshots += 1;
                let records = message["records"].as_array().unwrap().iter().map(read);
                self.rows = records.map(|(key, row)| (key, row.unwrap())).collect();
            }
            "subscribed" => {
                counts.resumed += usize::from(asked.resumes);
                connection.live = true;
            }
            "event" => {
                counts.events += 1;
                let (key, row) = read(&message["record"]);
                let before = match message["type"].as_str().unwrap() {
                    "leave" => self.rows.remove(&key),
                    _ => self.rows.insert(key, row.unwrap()),
                };
                let is_first = message["type"] == "enter";
                assert_eq!(before.is_none(), is_first, "{message} of {before:?}");
                let last = self.cursor.map(|last| last.position);
                assert!(last < cursor.map(|cursor| cursor.position), "{last:?}, and then {message}");
            }
            "resync" => {
                let reason = message["reason"].as_str().unwrap();
                *counts.resyncs.entry(reason.to_owned()).or_default() += 1;
                let (since, epoch) = match self.cursor.filter(|_| connection.live) {
                    Some(cursor) => (cursor.position, cursor.epoch),
                    None => (asked.since, asked.epoch),
                };
                assert!(
                    truth::is_allowed(reason, since, epoch, self.user, log, world),
                    "there is no reason since {since:?} for {message}"
                );
                (connection.asked, connection.live, self.cursor) = (None, false, None);
                return;
            }
            "error" => return assert_eq!(message["code"], "slow_consumer"),
            other => panic!("{other} was not to come"),
        }
        self.cursor = cursor;
        let asked = connection.asked.as_ref().unwrap();
        let sight = Sight { user: self.user, filter: asked.filter, role: asked.role, rule: asked.rule };
        truth::check(&self.rows, cursor.unwrap().position, sight, message, world);
    }

    /// Goes one step on towards a subscription.
    pub fn go_on(
        &mut self,
        id: u64,
        filter: usize,
        log: &Log,
        catalogue: &Catalogue,
        world: &World,
        state: &mut State,
    ) {
        match &self.connection {
            None => self.connect(id, world, state),
            Some(one) if one.looking.is_some() => self.answer(state),
            Some(one) if one.outbox.asked() != one.answered => self.look(world),
            Some(one) => match &one.asked {
                None => self.subscribe(filter, catalogue, world, state),
                Some(asked) if asked.start.is_some() => self.tell(state),
                Some(asked) if !asked.told => self.read(true, log, world),
                Some(_) => {}
            },
        }
    }

    /// Whether it has been told everything.
    pub fn knows(&self, world: &World) -> bool {
        let is_live = self.connection.as_ref().is_some_and(|connection| connection.live);
        is_live && self.rows == world.now.select(self.user, self.filter)
    }
}

/// Takes a message (RFC 6455, section 5.2): what it is, and what it says.
fn frame(bytes: &mut BytesMut) -> Option<(u8, BytesMut)> {
    let first = *bytes.first()?;
    bytes.advance(1);
    let length = match bytes.get_u8() {
        126 => bytes.get_u16().into(),
        127 => bytes.get_u64() as usize,
        short => short.into(),
    };
    Some((first & 0xF, bytes.split_to(length)))
}

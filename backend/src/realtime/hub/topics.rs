//! Who has joined which topics, and what is said there.

use std::collections::HashMap;
use std::sync::Arc;

use annex_openapi::expression::Predicate;
use annex_openapi::realtime::{ErrorMessage, Joined, Left, LeftReason, ServerMessage};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::command::ConnectionId;
use super::demand::{Watch, needs, watches};
use super::outbox::Outbox;
use super::presence::{Arriving, Present};
use super::{FURTHEST, Log, State};
use crate::clock::Clock;
use crate::collections::catalogue::Snapshot;
use crate::evaluator::{Context, Image, Need};
use crate::extract::Caller;
use crate::problem::{Code, Problem, Result};
use crate::realtime::channels::presence::Here;
use crate::realtime::channels::store::Row;
use crate::realtime::channels::{Action, Channel, Channels, Said, no_channel};
use crate::realtime::feed::{Change, OnTopic, RowChange};
use crate::realtime::position::{Cursor, Position};

/// The most topics that a connection has joined.
const MOST_JOINED: usize = 100;

/// What connections and requests have the hub do about topics.
#[derive(Debug)]
pub enum TopicCommand {
    /// A client wants to be told what is said.
    Join(Join),
    /// A client does not want to be told any more.
    Leave {
        /// Its connection.
        connection: ConnectionId,
        /// The topic.
        topic: Box<str>,
    },
    /// Somebody wants to know whether a rule lets them do something.
    Ask(Ask),
    /// A client says that it is there, or that it is not.
    Present {
        /// Its connection.
        connection: ConnectionId,
        /// The topic.
        topic: Box<str>,
        /// The JSON of its state.
        state: Option<Box<str>>,
    },
    /// It has been read who is there, or cannot be.
    Everybody(Box<Result<Arriving>>),
    /// Somebody has declared a channel, or has forgotten it, and waits until that counts here.
    Declared(Declared),
}

/// A topic to join.
#[derive(Debug)]
pub struct Join {
    /// Whose client joins.
    pub connection: ConnectionId,
    /// The topic.
    pub topic: Box<str>,
    /// Behind what the client knows everything is told first.
    pub after: Option<Cursor>,
    /// The JSON of the state with which the client is there, where it has said so already.
    pub state: Option<Box<str>>,
}

/// Whether somebody may do something.
#[derive(Debug)]
pub struct Ask {
    /// The connection of whoever asks, where there is one.
    pub connection: Option<ConnectionId>,
    /// Who asks.
    pub caller: Caller,
    /// What for.
    pub action: Action,
    /// On which topic.
    pub topic: Box<str>,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Result<()>>,
}

/// A channel that was declared or forgotten.
#[derive(Debug)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// As it is now.
    pub row: Option<Row>,
    /// Told when that counts.
    pub answer: oneshot::Sender<()>,
}

/// The topics that somebody has joined.
#[derive(Debug)]
pub struct Topics {
    clock: Clock,
    /// Who of this server's clients is there.
    pub(super) here: Arc<Here>,
    /// Who of all is.
    pub(super) present: Present,
    pub(super) channels: Channels,
    /// Where the channels changed last.
    changed: Position,
    topics: HashMap<Box<str>, Topic>,
    /// Where each connection stands among the members of its topics.
    places: HashMap<ConnectionId, HashMap<Box<str>, usize>>,
    joining: Vec<Join>,
    asking: Vec<Ask>,
    declared: Vec<Declared>,
}

#[derive(Debug)]
struct Topic {
    channel: Arc<Channel>,
    /// What the channel's rules are about.
    image: Image,
    members: Vec<Member>,
}

#[derive(Debug)]
pub(super) struct Member {
    connection: ConnectionId,
    outbox: Arc<Outbox>,
    /// Tells the client from others that are there.
    pub(super) reference: Uuid,
    /// Whether it may see who is there, and be seen.
    pub(super) sees: bool,
    /// Whether it is seen.
    pub(super) is_present: bool,
    /// The rows of other collections that matter to whether it may be here.
    watches: Vec<Watch>,
    /// Behind what it is to be told everything, while it is asked who the client is.
    paused: Option<Position>,
}

impl Topics {
    /// None yet.
    pub fn new(clock: Clock, here: Arc<Here>) -> Self {
        Self {
            clock,
            here,
            present: Present::default(),
            channels: Channels::default(),
            changed: Position::default(),
            topics: HashMap::new(),
            places: HashMap::new(),
            joining: Vec::new(),
            asking: Vec::new(),
            declared: Vec::new(),
        }
    }

    /// The channels as they are, and nobody there.
    pub fn anew(&self, snapshot: &Snapshot, at: Position) -> Self {
        Self {
            channels: Channels::of(snapshot),
            changed: at,
            ..Self::new(self.clock.clone(), Arc::clone(&self.here))
        }
    }

    /// How many topics a connection has joined.
    pub fn joined(&self, connection: ConnectionId) -> usize {
        self.places.get(&connection).map_or(0, HashMap::len)
    }

    /// Whether a channel looks into the collection.
    pub fn look_into(&self, collection: &str) -> bool {
        self.channels.iter().any(|channel| looks_into(channel, collection))
    }

    fn add(&mut self, channel: &Arc<Channel>, image: Image, topic: Box<str>, member: Member) {
        self.remove(member.connection, &topic);
        let connection = member.connection;
        let here = self.topics.entry(topic.clone()).or_insert_with(|| Topic {
            channel: Arc::clone(channel),
            image,
            members: Vec::new(),
        });
        here.members.push(member);
        let place = here.members.len() - 1;
        self.places.entry(connection).or_default().insert(topic, place);
    }

    /// Takes a member away, where it is one.
    fn remove(&mut self, connection: ConnectionId, topic: &str) -> Option<Member> {
        let places = self.places.get_mut(&connection)?;
        let place = places.remove(topic)?;
        if places.is_empty() {
            self.places.remove(&connection);
        }
        let here = self.topics.get_mut(topic).expect("a topic with members is there");
        let member = here.members.swap_remove(place);
        if let Some(moved) = here.members.get(place) {
            let places = self.places.get_mut(&moved.connection).expect("a member has a place");
            places.insert(topic.into(), place);
        }
        if here.members.is_empty() {
            self.topics.remove(topic);
        }
        if member.is_present {
            self.here.remove(member.reference);
        }
        Some(member)
    }

    /// The members of the topics for which that holds.
    fn members(&self, concerned: impl Fn(&Topic) -> bool) -> Vec<(ConnectionId, Box<str>)> {
        let topics = self.topics.iter().filter(|(_, topic)| concerned(topic));
        topics
            .flat_map(|(name, topic)| topic.members.iter().map(|member| (member.connection, name.clone())))
            .collect()
    }

    pub(super) fn member(&mut self, connection: ConnectionId, topic: &str) -> Option<&mut Member> {
        let place = *self.places.get(&connection)?.get(topic)?;
        self.topics.get_mut(topic)?.members.get_mut(place)
    }
}

fn looks_into(channel: &Channel, collection: &str) -> bool {
    channel.needs().any(|need| need.collection() == collection)
}

impl State {
    pub(super) fn topic_command(&mut self, command: TopicCommand) {
        match command {
            TopicCommand::Join(join) => self.topics.joining.push(join),
            TopicCommand::Leave { connection, topic } => {
                self.topics.joining.retain(|join| join.connection != connection || join.topic != topic);
                self.topics.remove(connection, &topic);
                return self.say_left(connection, &topic, None);
            }
            TopicCommand::Present { connection, topic, state } => {
                let mut joining = self.topics.joining.iter_mut();
                match joining.find(|join| join.connection == connection && join.topic == topic) {
                    Some(join) => join.state = state,
                    None => self.present(connection, &topic, state),
                }
                return;
            }
            TopicCommand::Everybody(read) => self.take_everybody(*read),
            TopicCommand::Ask(ask) => self.topics.asking.push(ask),
            TopicCommand::Declared(declared) => self.topics.declared.push(declared),
        }
        self.admit();
    }

    /// A client has gone.
    pub(super) fn leave_all(&mut self, connection: ConnectionId) {
        self.topics.joining.retain(|join| join.connection != connection);
        let topics = self.topics.places.get(&connection);
        let topics: Vec<Box<str>> = topics.into_iter().flat_map(|topics| topics.keys().cloned()).collect();
        for topic in topics {
            self.topics.remove(connection, &topic);
        }
    }

    /// Begins what the log has been read far enough for.
    pub(super) fn admit_topics(&mut self, log: Log) {
        self.settle_declared();
        self.settle_present(log);
        for join in std::mem::take(&mut self.topics.joining) {
            let behind = join.after.is_some_and(|after| {
                let commit = after.position.commit;
                after.epoch == log.epoch
                    && commit > log.reached
                    && commit <= log.reached.saturating_add(FURTHEST)
            });
            if behind
                || self.registry.is_paused(join.connection)
                || !self.has_rules_at_hand(&join.topic, log)
                || !self.knows_who_is_there(log)
            {
                self.topics.joining.push(join);
            } else {
                self.join(join, log);
            }
        }
        for ask in std::mem::take(&mut self.topics.asking) {
            let is_paused = ask.connection.is_some_and(|connection| self.registry.is_paused(connection));
            if ask.answer.is_closed() {
                continue;
            }
            if is_paused || !self.has_rules_at_hand(&ask.topic, log) {
                self.topics.asking.push(ask);
                continue;
            }
            let known = ask.connection.and_then(|connection| self.registry.caller(connection));
            let caller = known.unwrap_or(&ask.caller).clone();
            // Who has gone does not wait.
            ask.answer.send(self.may(&caller, ask.action, &ask.topic)).ok();
        }
    }

    /// Whether everything is at hand by which the rules for a topic are decided.
    fn has_rules_at_hand(&mut self, topic: &str, log: Log) -> bool {
        let Some((channel, _)) = self.topics.channels.find(topic) else { return true };
        let channel = Arc::clone(channel);
        self.has_at_hand(&needs(channel.needs()), log.reached)
    }

    /// Whether somebody may do something on a topic.
    ///
    /// # Errors
    /// `not_found`, `forbidden`
    fn may(&self, caller: &Caller, action: Action, topic: &str) -> Result<()> {
        let Some((channel, image)) = self.topics.channels.find(topic) else {
            return Err(no_channel(topic));
        };
        if self.allows(channel, &image, caller, action) {
            return Ok(());
        }
        Err(refused(action))
    }

    fn allows(&self, channel: &Channel, image: &Image, caller: &Caller, action: Action) -> bool {
        let context = Context::new(caller, self.topics.clock.now()).with_mirrors(&self.mirrors);
        channel.allows(action, &context, caller, image)
    }

    fn join(&mut self, join: Join, log: Log) {
        let Join { connection, topic, after, state } = join;
        let Some(outbox) = self.registry.outbox(connection).map(Arc::clone) else { return };
        let caller = self.registry.caller(connection).cloned().unwrap_or_default();
        let is_full = self.topics.joined(connection) >= MOST_JOINED;
        let full = || {
            let detail = format!("A connection has joined at most {MOST_JOINED} topics");
            Problem::new(Code::TooManyRequests, detail)
        };
        let may = self.may(&caller, Action::Join, &topic);
        if let Err(problem) = may.and_then(|()| if is_full { Err(full()) } else { Ok(()) }) {
            outbox.send(&ServerMessage::Error(ErrorMessage::on(&topic, problem.body(""))));
            return;
        }
        let Some((channel, image)) = self.topics.channels.find(&topic) else { return };
        let channel = Arc::clone(channel);
        let conditions = channel.conditions();
        let all: Vec<Need> = needs(channel.needs());
        let watches = watches(&conditions, &all, &caller);
        let now = self.now(log);
        let cursor = Cursor { epoch: log.epoch, position: now };
        if let Some(after) = after {
            if let Some(reason) = self.gap(after, log, &conditions, &watches, &caller) {
                outbox.send(&left(&topic, Some(reason)));
                return;
            }
            if !self.tell_again(&topic, &outbox, after.position, log) {
                return self.registry.give_up(connection);
            }
        }
        let text = cursor.to_string();
        let reference = self.topics.clock.uuid_v7();
        let sees = self.allows(&channel, &image, &caller, Action::Presence);
        let joined = Joined { topic: topic.clone().into(), cursor: text.clone(), reference };
        let taken = outbox.send_at(&ServerMessage::Joined(joined), &text)
            && (!sees || self.tell_who_is_there(&topic, &outbox, cursor));
        if !taken {
            return self.registry.give_up(connection);
        }
        let member = Member { connection, outbox, reference, sees, is_present: false, watches, paused: None };
        self.topics.add(&channel, image, topic.clone(), member);
        if state.is_some() {
            self.present(connection, &topic, state);
        }
    }

    /// Why not everything can be told that was said behind a position, where that is so.
    fn gap(
        &self,
        after: Cursor,
        log: Log,
        conditions: &[&Predicate],
        watches: &[Watch],
        caller: &Caller,
    ) -> Option<LeftReason> {
        let since = after.position;
        if after.epoch != log.epoch || since > self.now(log) {
            return Some(LeftReason::LogLost);
        }
        if !self.window.reaches_back_to(since) {
            return Some(LeftReason::TooOld);
        }
        if self.topics.changed > since {
            return Some(LeftReason::ChannelChanged);
        }
        let asks = caller.is_admin() || conditions.iter().any(|condition| condition.uses_caller());
        let other = caller.identity().filter(|_| asks).is_some_and(|identity| {
            self.all_identities > since
                || self.identities.get(&identity.user_id).is_some_and(|at| *at > since)
        });
        let matters = |row: &RowChange| {
            let name = &row.table.collection.name;
            let mut of = watches.iter().filter(|watch| watch.collection == *name);
            of.any(|watch| watch.matters(row.old.as_ref()) || watch.matters(row.new.as_ref()))
        };
        let mut rows = self.window.after(since).filter_map(|committed| match &committed.change {
            Change::Row(row) => Some(row),
            _ => None,
        });
        (other || !watches.is_empty() && rows.any(|row| matters(row))).then_some(LeftReason::AccessChanged)
    }

    /// Tells one client what was said on a topic behind a position; false where it does not take it.
    fn tell_again(&self, topic: &str, outbox: &Outbox, after: Position, log: Log) -> bool {
        self.window.after(after).all(|committed| match &committed.change {
            Change::Broadcast(on) if *on.topic == *topic => {
                let cursor = Cursor { epoch: log.epoch, position: committed.position }.to_string();
                let said = Said::read(&on.content);
                said.is_none_or(|said| outbox.send_parts(&said.write(&cursor), b"", Some(&cursor)))
            }
            _ => true,
        })
    }

    /// Something was said.
    pub(super) fn broadcast(&mut self, on: &OnTopic, cursor: Cursor) {
        if self.topics.topics.contains_key(&on.topic)
            && let Some(said) = Said::read(&on.content)
        {
            self.tell_members(&on.topic, &said.write(&cursor.to_string()), cursor, |_| true);
        }
    }

    /// Tells those members of a topic for whom that holds.
    pub(super) fn tell_members(
        &mut self,
        topic: &str,
        message: &[u8],
        cursor: Cursor,
        concerned: impl Fn(&Member) -> bool,
    ) {
        let Some(topic) = self.topics.topics.get(topic) else { return };
        let cursor = cursor.to_string();
        let mut slow = Vec::new();
        for member in topic.members.iter().filter(|member| member.paused.is_none() && concerned(member)) {
            if !member.outbox.send_parts(message, b"", Some(&cursor)) {
                slow.push(member.connection);
            }
        }
        slow.into_iter().for_each(|connection| self.registry.give_up(connection));
    }

    /// The channels may be others from here on.
    pub(super) fn declare(&mut self, snapshot: &Snapshot, at: Position) {
        let before = std::mem::replace(&mut self.topics.channels, Channels::of(snapshot));
        let is_same = before.iter().count() == self.topics.channels.iter().count()
            && before.iter().zip(self.topics.channels.iter()).all(|(before, now)| before.is(now));
        if is_same {
            // Whoever is a member stays with the channel that it knows.
            self.topics.channels = before;
        } else {
            self.topics.changed = at;
            let topics: Vec<Box<str>> = self.topics.topics.keys().cloned().collect();
            topics.iter().for_each(|topic| self.place_anew(topic));
        }
        self.settle_declared();
        self.let_go_of_mirrors();
    }

    /// Puts a topic under the channel that has it now.
    fn place_anew(&mut self, topic: &str) {
        let found = self.topics.channels.find(topic).map(|(channel, image)| (Arc::clone(channel), image));
        let Some(here) = self.topics.topics.get_mut(topic) else { return };
        let members: Vec<ConnectionId> = here.members.iter().map(|member| member.connection).collect();
        match found {
            Some((channel, _)) if here.channel.is(&channel) => here.channel = channel,
            Some((channel, image)) if self.mirrors.cover(&needs(channel.needs())) => {
                (here.channel, here.image) = (channel, image);
                for connection in members {
                    self.look_again(connection, topic);
                }
            }
            _ => {
                for connection in members {
                    self.put_out(connection, topic, LeftReason::ChannelChanged);
                }
            }
        }
    }

    /// Decides once more whether a member may be where it is.
    fn look_again(&mut self, connection: ConnectionId, topic: &str) {
        let Some(here) = self.topics.topics.get(topic) else { return };
        let caller = self.registry.caller(connection).cloned().unwrap_or_default();
        let watches = watches(&here.channel.conditions(), &needs(here.channel.needs()), &caller);
        let sees = self.allows(&here.channel, &here.image, &caller, Action::Presence);
        if !self.allows(&here.channel, &here.image, &caller, Action::Join) {
            return self.put_out(connection, topic, LeftReason::AccessChanged);
        }
        let server = Arc::clone(&self.topics.here);
        let Some(member) = self.topics.member(connection, topic) else { return };
        member.watches = watches;
        let sees_now = member.may_see(sees, &server);
        server.belongs_to(member.reference, caller.identity().map(|identity| identity.user_id));
        let outbox = Arc::clone(&member.outbox);
        if sees_now && let Some(log) = self.log {
            let cursor = Cursor { epoch: log.epoch, position: self.now(log) };
            if !self.tell_who_is_there(topic, &outbox, cursor) {
                self.registry.give_up(connection);
            }
        }
    }

    /// A row has changed of a collection that is mirrored.
    pub(super) fn look_again_at_members(&mut self, row: &RowChange) {
        let name = &row.table.collection.name;
        let (old, new) = (row.old.as_ref(), row.new.as_ref());
        let mut concerned = Vec::new();
        for (topic, here) in &self.topics.topics {
            if looks_into(&here.channel, name) {
                let matters = |member: &&Member| {
                    let mut of = member.watches.iter().filter(|watch| watch.collection == *name);
                    of.any(|watch| watch.matters(old) || watch.matters(new))
                };
                let members = here.members.iter().filter(matters);
                concerned.extend(members.map(|member| (member.connection, topic.clone())));
            }
        }
        for (connection, topic) in concerned {
            self.look_again(connection, &topic);
        }
    }

    /// The rows of a collection are not at hand any more.
    pub(super) fn put_out_looking_into(&mut self, collection: &str) {
        for (connection, topic) in self.topics.members(|topic| looks_into(&topic.channel, collection)) {
            self.put_out(connection, &topic, LeftReason::AccessChanged);
        }
    }

    /// Nothing that is said can be told in one order with what was said before.
    pub(super) fn put_all_out(&mut self) {
        self.topics.present = Present::default();
        for (connection, topic) in self.topics.members(|_| true) {
            self.put_out(connection, &topic, LeftReason::LogLost);
        }
    }

    fn put_out(&mut self, connection: ConnectionId, topic: &str, reason: LeftReason) {
        self.topics.remove(connection, topic);
        self.say_left(connection, topic, Some(reason));
    }

    fn say_left(&mut self, connection: ConnectionId, topic: &str, reason: Option<LeftReason>) {
        let sent = self.registry.outbox(connection).is_none_or(|outbox| outbox.send(&left(topic, reason)));
        if !sent {
            self.registry.give_up(connection);
        }
    }

    /// Tells those connections nothing more from that position on, until it is known who their clients are.
    pub(super) fn pause_topics(&mut self, connections: &[ConnectionId], at: Position) {
        for connection in connections {
            let Some(places) = self.topics.places.get(connection) else { continue };
            for (topic, place) in places {
                let Some(here) = self.topics.topics.get_mut(topic) else { continue };
                here.members[*place].paused.get_or_insert(at);
            }
        }
    }

    /// It is known who a connection's client is.
    pub(super) fn resume_topics(&mut self, connection: ConnectionId, log: Option<Log>) {
        if self.registry.is_paused(connection) {
            return;
        }
        let Some(log) = log else { return };
        let topics = self.topics.places.get(&connection);
        let topics: Vec<Box<str>> = topics.into_iter().flat_map(|topics| topics.keys().cloned()).collect();
        for topic in topics {
            self.resume_topic(connection, &topic, log);
        }
    }

    fn resume_topic(&mut self, connection: ConnectionId, topic: &str, log: Log) {
        self.look_again(connection, topic);
        let Some(member) = self.topics.member(connection, topic) else { return };
        let Some(after) = member.paused.take() else { return };
        let (outbox, sees) = (Arc::clone(&member.outbox), member.sees);
        let cursor = Cursor { epoch: log.epoch, position: self.now(log) };
        if !self.window.reaches_back_to(after) {
            self.put_out(connection, topic, LeftReason::TooOld);
        } else if !self.tell_again(topic, &outbox, after, log)
            || sees
                && self.has_presence_changed(topic, after)
                && !self.tell_who_is_there(topic, &outbox, cursor)
        {
            self.registry.give_up(connection);
        }
    }

    /// Refuses whoever waits for rows that cannot be read.
    pub(super) fn refuse_topics(&mut self, collection: &str, problem: &Problem) {
        let Topics { channels, joining, asking, .. } = &mut self.topics;
        let waits =
            |topic: &str| channels.find(topic).is_some_and(|(channel, _)| looks_into(channel, collection));
        for join in joining.extract_if(.., |join| waits(&join.topic)) {
            if let Some(outbox) = self.registry.outbox(join.connection) {
                outbox.send(&ServerMessage::Error(ErrorMessage::on(&join.topic, problem.body(""))));
            }
        }
        for ask in asking.extract_if(.., |ask| waits(&ask.topic)) {
            // Who has gone does not wait.
            ask.answer.send(Err(problem.clone())).ok();
        }
    }

    /// Tells whoever declared what counts now.
    fn settle_declared(&mut self) {
        let Topics { channels, declared, .. } = &mut self.topics;
        let counts = |declared: &mut Declared| {
            let now = channels.iter().map(|channel| channel.row()).find(|row| row.name == declared.name);
            now == declared.row.as_ref()
        };
        for declared in declared.extract_if(.., counts) {
            // Who has gone does not wait.
            declared.answer.send(()).ok();
        }
        self.topics.declared.retain(|declared| !declared.answer.is_closed());
    }
}

/// Why a rule does not let somebody do something.
pub(super) fn refused(action: Action) -> Problem {
    let detail = match action {
        Action::Join => "The rule `join` of the channel does not let this caller in",
        Action::Send => "The rule `send` of the channel does not let this caller say anything",
        Action::Presence => "The rule `presence` of the channel does not let this caller be seen",
    };
    Problem::new(Code::Forbidden, detail)
}

fn left(topic: &str, reason: Option<LeftReason>) -> ServerMessage {
    ServerMessage::Left(Left { topic: topic.to_owned(), reason })
}

//! Who has joined which topics, and what is said there.

mod joining;
mod members;

use std::collections::HashMap;
use std::sync::Arc;

use annex_openapi::realtime::{Left, LeftReason, ServerMessage};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::command::ConnectionId;
use super::demand::Watch;
use super::outbox::Outbox;
use super::presence::{Arriving, Present};
use crate::clock::Clock;
use crate::collections::catalogue::Snapshot;
use crate::evaluator::Image;
use crate::extract::Caller;
use crate::problem::{Code, Problem, Result};
use crate::realtime::channels::presence::Here;
use crate::realtime::channels::store::Row;
use crate::realtime::channels::{Action, Channel, Channels};
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
    /// Whether the client has been told a part of what was said before.
    pub begun: bool,
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

    /// Somebody is to join when that can be.
    pub(super) fn wait(&mut self, join: Join) {
        self.joining.push(join);
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

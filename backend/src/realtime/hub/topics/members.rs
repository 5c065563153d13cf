//! What members of topics are told, and whether they may stay.

use std::sync::Arc;

use annex_openapi::realtime::LeftReason;

use super::joining::Again;
use super::{Member, left, looks_into};
use crate::collections::catalogue::Snapshot;
use crate::realtime::channels::{Action, Channels, Said};
use crate::realtime::feed::{OnTopic, RowChange};
use crate::realtime::hub::command::ConnectionId;
use crate::realtime::hub::demand::{needs, watches};
use crate::realtime::hub::presence::Present;
use crate::realtime::hub::{Log, State};
use crate::realtime::position::{Cursor, Position};

impl State {
    /// A client has gone.
    pub(in crate::realtime::hub) fn leave_all(&mut self, connection: ConnectionId) {
        self.topics.joining.retain(|join| join.connection != connection);
        let topics = self.topics.places.get(&connection);
        let topics: Vec<Box<str>> = topics.into_iter().flat_map(|topics| topics.keys().cloned()).collect();
        for topic in topics {
            self.topics.remove(connection, &topic);
        }
    }

    /// Something was said.
    pub(in crate::realtime::hub) fn broadcast(&mut self, on: &OnTopic, cursor: Cursor) {
        if self.topics.topics.contains_key(&on.topic)
            && let Some(said) = Said::read(&on.content)
        {
            self.tell_members(&on.topic, &said.write(&cursor.to_string()), cursor, |_| true);
        }
    }

    /// Tells those members of a topic for whom that holds.
    pub(in crate::realtime::hub) fn tell_members(
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
    pub(in crate::realtime::hub) fn declare(&mut self, snapshot: &Snapshot, at: Position) {
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
    pub(in crate::realtime::hub) fn look_again_at_members(&mut self, row: &RowChange) {
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
    pub(in crate::realtime::hub) fn put_out_looking_into(&mut self, collection: &str) {
        for (connection, topic) in self.topics.members(|topic| looks_into(&topic.channel, collection)) {
            self.put_out(connection, &topic, LeftReason::AccessChanged);
        }
    }

    /// Nothing that is said can be told in one order with what was said before.
    pub(in crate::realtime::hub) fn put_all_out(&mut self) {
        self.topics.present = Present::default();
        for (connection, topic) in self.topics.members(|_| true) {
            self.put_out(connection, &topic, LeftReason::LogLost);
        }
    }

    pub(super) fn put_out(&mut self, connection: ConnectionId, topic: &str, reason: LeftReason) {
        self.topics.remove(connection, topic);
        self.say_left(connection, topic, Some(reason));
    }

    pub(super) fn say_left(&mut self, connection: ConnectionId, topic: &str, reason: Option<LeftReason>) {
        let sent = self.registry.outbox(connection).is_none_or(|outbox| outbox.send(&left(topic, reason)));
        if !sent {
            self.registry.give_up(connection);
        }
    }

    /// Tells those connections nothing more from that position on, until it is known who their clients are.
    pub(in crate::realtime::hub) fn pause_topics(&mut self, connections: &[ConnectionId], at: Position) {
        for connection in connections {
            let Some(places) = self.topics.places.get(connection) else { continue };
            for (topic, place) in places {
                let Some(here) = self.topics.topics.get_mut(topic) else { continue };
                here.members[*place].paused.get_or_insert(at);
            }
        }
    }

    /// It is known who a connection's client is.
    pub(in crate::realtime::hub) fn resume_topics(&mut self, connection: ConnectionId, log: Option<Log>) {
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
        } else if self.tell_again(topic, &outbox, after, log, None) == Again::TooSlowly
            || sees
                && self.has_presence_changed(topic, after)
                && !self.tell_who_is_there(topic, &outbox, cursor)
        {
            self.registry.give_up(connection);
        }
    }
}

//! Who is there on each topic, as the log tells, and who is told.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use annex_openapi::realtime::{ErrorMessage, PresenceType, ServerMessage};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::command::{Command, ConnectionId};
use super::outbox::Outbox;
use super::topics::{Member, TopicCommand};
use super::{Log, State};
use crate::problem::{Code, Problem};
use crate::realtime::channels::presence::Entry;
use crate::realtime::channels::store::Everybody;
use crate::realtime::channels::{Action, no_channel};
use crate::realtime::feed::{Change, OnTopic};
use crate::realtime::position::{Cursor, Lsn, Position};

/// The most clients that are there on one topic.
const MOST: usize = 1000;

/// Who is there, of all servers.
#[derive(Debug, Default)]
pub enum Present {
    /// It has not been asked for.
    #[default]
    Unknown,
    /// It is being read.
    Reading,
    /// It has been read, of a later moment than the log has been read to.
    Arriving(Box<Arriving>),
    /// As the log tells.
    Known(HashMap<Box<str>, BTreeMap<Uuid, One>>),
}

/// Who was there at a moment, and until where the log had been read when that was asked.
#[derive(Debug)]
pub struct Arriving {
    everybody: Everybody,
    before: Lsn,
}

/// A client that is there.
#[derive(Debug)]
pub struct One {
    user_id: Option<Uuid>,
    state: Box<str>,
}

/// What stands in the log of a client that came, changed or went.
#[derive(Debug, Deserialize)]
struct Written<'a> {
    #[serde(rename = "ref")]
    reference: Uuid,
    user_id: Option<Uuid>,
    /// Null where it has gone.
    #[serde(borrow)]
    state: Option<&'a RawValue>,
}

impl State {
    /// Whether it is known who is there; else it is asked.
    pub(super) fn knows_who_is_there(&mut self, log: Log) -> bool {
        match self.topics.present {
            Present::Known(_) => return true,
            Present::Reading | Present::Arriving(_) => return false,
            Present::Unknown => {}
        }
        self.topics.present = Present::Reading;
        let (here, hub, before) = (Arc::clone(&self.topics.here), self.hub.clone(), log.reached);
        tokio::spawn(async move {
            let read = here.everybody().await.map_err(Problem::from);
            let read = read.map(|everybody| Arriving { everybody, before });
            // Where the hub has gone nobody waits.
            hub.upgrade().map(|hub| hub.send(Command::Topic(TopicCommand::Everybody(Box::new(read)))).ok());
        });
        false
    }

    /// It has been read who is there, or cannot be.
    pub(super) fn take_everybody(&mut self, read: crate::problem::Result<Arriving>) {
        self.topics.present = match read {
            Ok(arriving) => Present::Arriving(Box::new(arriving)),
            Err(problem) => {
                tracing::warn!(%problem, "It could not be read who is there; it is tried again");
                Present::Unknown
            }
        };
    }

    /// Brings who is there to where the log has been read, when it has been read that far.
    pub(super) fn settle_present(&mut self, log: Log) {
        let Present::Arriving(arriving) = &self.topics.present else { return };
        if arriving.everybody.reached > log.reached {
            return;
        }
        let Present::Arriving(arriving) = std::mem::take(&mut self.topics.present) else { return };
        let Arriving { everybody: Everybody { entries, seen, reached }, before } = *arriving;
        // Otherwise it is read again, for whoever waits.
        if !self.window.reaches_back_to(Position::at(before))
            || self.window.has_forgotten_unseen(&seen, reached)
        {
            return;
        }
        let mut known: HashMap<Box<str>, BTreeMap<Uuid, One>> = HashMap::new();
        for (reference, Entry { topic, user_id, state }) in entries {
            known.entry(topic).or_default().insert(reference, One { user_id, state });
        }
        for committed in self.window.unseen(&seen, reached) {
            if let Change::Presence(on) = &committed.change {
                apply(&mut known, on);
            }
        }
        self.topics.present = Present::Known(known);
    }

    /// Somebody came, changed or went.
    pub(super) fn presence(&mut self, on: &OnTopic, cursor: Cursor) {
        let Present::Known(known) = &mut self.topics.present else { return };
        let Some((kind, reference, user_id)) = apply(known, on) else { return };
        let state = known.get(&on.topic).and_then(|here| here.get(&reference)).map(|one| &*one.state);
        let mut message = begin(&on.topic, kind, &cursor.to_string());
        write_entry(&mut message, reference, user_id, state);
        message.extend_from_slice(b"]}");
        self.tell_members(&on.topic, &message, cursor, |member| member.sees);
    }

    /// Tells one client who is there on a topic; false where it does not take it.
    pub(super) fn tell_who_is_there(&self, topic: &str, outbox: &Outbox, cursor: Cursor) -> bool {
        let Present::Known(known) = &self.topics.present else { return true };
        let cursor = cursor.to_string();
        let mut message = begin(topic, PresenceType::List, &cursor);
        for (place, (reference, one)) in known.get(topic).into_iter().flatten().enumerate() {
            if place > 0 {
                message.push(b',');
            }
            write_entry(&mut message, *reference, one.user_id, Some(&one.state));
        }
        message.extend_from_slice(b"]}");
        outbox.send_parts(&message, b"", Some(&cursor))
    }

    /// Whether somebody came, changed or went on a topic behind a position.
    pub(super) fn has_presence_changed(&self, topic: &str, since: Position) -> bool {
        self.window
            .after(since)
            .any(|committed| matches!(&committed.change, Change::Presence(on) if *on.topic == *topic))
    }

    /// A client says that it is there with a state, or that it is not.
    pub(super) fn present(&mut self, connection: ConnectionId, topic: &str, state: Option<Box<str>>) {
        let answer = self.try_present(connection, topic, state);
        let Err(problem) = answer else { return };
        if let Some(outbox) = self.registry.outbox(connection) {
            outbox.send(&ServerMessage::Error(ErrorMessage::on(topic, problem.body(""))));
        }
    }

    fn try_present(
        &mut self,
        connection: ConnectionId,
        topic: &str,
        state: Option<Box<str>>,
    ) -> crate::problem::Result<()> {
        let caller = self.registry.caller(connection).cloned().unwrap_or_default();
        let many = match &self.topics.present {
            Present::Known(known) => known.get(topic).map_or(0, BTreeMap::len),
            _ => 0,
        };
        if self.topics.channels.find(topic).is_none() {
            return Err(no_channel(topic));
        }
        let here = Arc::clone(&self.topics.here);
        let Some(member) = self.topics.member(connection, topic) else {
            return Err(Problem::new(Code::Conflict, "Who is there has joined the topic first"));
        };
        if !member.sees {
            return Err(super::topics::refused(Action::Presence));
        }
        match state {
            None => {
                member.is_present = false;
                here.remove(member.reference);
            }
            Some(_) if !member.is_present && many >= MOST => {
                let detail = format!("At most {MOST} clients are there on one topic");
                return Err(Problem::new(Code::TooManyRequests, detail));
            }
            Some(state) => {
                member.is_present = true;
                let user_id = caller.identity().map(|identity| identity.user_id);
                here.put(member.reference, Entry { topic: topic.into(), user_id, state });
            }
        }
        Ok(())
    }
}

impl Member {
    /// Whether the client is there changed, or what it may see of others.
    pub(super) fn may_see(&mut self, sees: bool, here: &crate::realtime::channels::presence::Here) -> bool {
        let is_new = sees && !self.sees;
        self.sees = sees;
        if !sees && std::mem::take(&mut self.is_present) {
            here.remove(self.reference);
        }
        is_new
    }
}

/// Takes in a change; gives what it is, of whom, where it is any.
fn apply(
    known: &mut HashMap<Box<str>, BTreeMap<Uuid, One>>,
    on: &OnTopic,
) -> Option<(PresenceType, Uuid, Option<Uuid>)> {
    let written: Written<'_> = serde_json::from_slice(&on.content).ok()?;
    let reference = written.reference;
    let Some(state) = written.state.map(RawValue::get).filter(|state| *state != "null") else {
        let here = known.get_mut(&on.topic)?;
        let gone = here.remove(&reference)?;
        if here.is_empty() {
            known.remove(&on.topic);
        }
        return Some((PresenceType::Leave, reference, gone.user_id));
    };
    let one = One { user_id: written.user_id, state: state.into() };
    let before = known.entry(on.topic.clone()).or_default().insert(reference, one);
    let kind = if before.is_some() { PresenceType::Update } else { PresenceType::Join };
    Some((kind, reference, written.user_id))
}

fn begin(topic: &str, kind: PresenceType, cursor: &str) -> Vec<u8> {
    let topic = serde_json::to_string(topic).expect("text can be written as JSON");
    let kind = serde_json::to_string(&kind).expect("a name can be written as JSON");
    format!("{{\"op\":\"presence\",\"topic\":{topic},\"type\":{kind},\"cursor\":\"{cursor}\",\"entries\":[")
        .into_bytes()
}

fn write_entry(out: &mut Vec<u8>, reference: Uuid, user_id: Option<Uuid>, state: Option<&str>) {
    out.extend_from_slice(format!("{{\"ref\":\"{reference}\"").as_bytes());
    if let Some(user_id) = user_id {
        out.extend_from_slice(format!(",\"user_id\":\"{user_id}\"").as_bytes());
    }
    if let Some(state) = state {
        out.extend_from_slice(b",\"state\":");
        out.extend_from_slice(state.as_bytes());
    }
    out.push(b'}');
}

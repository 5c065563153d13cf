//! Who may join a topic, and what was said there before.

use std::sync::Arc;

use annex_openapi::expression::Predicate;
use annex_openapi::realtime::{ErrorMessage, Joined, LeftReason, ServerMessage};

use super::{Declared, Join, MOST_JOINED, Member, TopicCommand, Topics, left, looks_into, refused};
use crate::evaluator::{Context, Image, Need};
use crate::extract::Caller;
use crate::problem::{Code, Problem, Result};
use crate::realtime::channels::{Action, Channel, Said, no_channel};
use crate::realtime::feed::{Change, RowChange};
use crate::realtime::hub::command::ConnectionId;
use crate::realtime::hub::demand::{Watch, needs, watches};
use crate::realtime::hub::outbox::Outbox;
use crate::realtime::hub::replay::{Late, PORTION};
use crate::realtime::hub::{FURTHEST, Log, State};
use crate::realtime::position::{Cursor, Position};

/// What became of telling a client what was said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It was told.
    All,
    /// It was told up to there, and more is to come.
    Until(Position),
    /// The client did not take it.
    TooSlowly,
}

impl State {
    pub(in crate::realtime::hub) fn topic_command(&mut self, command: TopicCommand) {
        match command {
            TopicCommand::Join(join) => {
                self.forget_joining(join.connection, &join.topic);
                self.topics.joining.push(join);
            }
            TopicCommand::Leave { connection, topic } => {
                self.forget_joining(connection, &topic);
                self.topics.remove(connection, &topic);
                return self.say_left(connection, &topic, None);
            }
            TopicCommand::Present { connection, topic, state } => {
                let mut joining = self.topics.joining.iter_mut();
                let joins = joining.find(|join| join.connection == connection && join.topic == topic);
                match joins.or_else(|| self.returning.join_mut(connection, &topic)) {
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

    /// Forgets that a client is about to join a topic.
    fn forget_joining(&mut self, connection: ConnectionId, topic: &str) {
        let is_it = |join: &Join| join.connection == connection && *join.topic == *topic;
        self.topics.joining.retain(|join| !is_it(join));
        self.returning.forget(connection, |late| matches!(late, Late::Join(join) if is_it(join)));
    }

    /// Begins what the log has been read far enough for.
    pub(in crate::realtime::hub) fn admit_topics(&mut self, log: Log) {
        self.settle_declared();
        self.settle_present(log);
        for join in std::mem::take(&mut self.topics.joining) {
            if !self.may_join(&join, log) {
                self.topics.joining.push(join);
            } else if join.after.is_some() {
                // What may be much waits until the client has taken what it was sent.
                self.returning.push(Late::Join(join));
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

    /// Whether the log has been read to where a client joins, and what decides about it is at hand.
    pub(in crate::realtime::hub) fn may_join(&mut self, join: &Join, log: Log) -> bool {
        let is_ahead = join.after.filter(|_| !join.begun).is_some_and(|after| {
            let commit = after.position.commit;
            after.epoch == log.epoch && commit > log.reached && commit <= log.reached.saturating_add(FURTHEST)
        });
        !is_ahead
            && !self.registry.is_paused(join.connection)
            && self.has_rules_at_hand(&join.topic, log)
            && self.knows_who_is_there(log)
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

    pub(super) fn allows(&self, channel: &Channel, image: &Image, caller: &Caller, action: Action) -> bool {
        let context = Context::new(caller, self.topics.clock.now()).with_mirrors(&self.mirrors);
        channel.allows(action, &context, caller, image)
    }

    /// Has a client join, or tells it a portion of what was said before.
    pub(in crate::realtime::hub) fn join(&mut self, join: Join, log: Log) {
        let Join { connection, topic, after, state, .. } = join;
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
            match self.tell_again(&topic, &outbox, after.position, log, Some(PORTION)) {
                Again::All => {}
                Again::Until(position) => {
                    // What is said meanwhile has its turn.
                    self.topics.remove(connection, &topic);
                    let after = Some(Cursor { epoch: log.epoch, position });
                    let join = Join { connection, topic, after, state, begun: true };
                    return self.returning.push(Late::Join(join));
                }
                Again::TooSlowly => return self.registry.give_up(connection),
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

    /// Tells one client what was said on a topic behind a position: all of it, or what so many changes have of it, until so much waits that
    /// the client is to take some of it first.
    pub(super) fn tell_again(
        &self,
        topic: &str,
        outbox: &Outbox,
        after: Position,
        log: Log,
        portion: Option<usize>,
    ) -> Again {
        for (place, committed) in self.window.after(after).enumerate() {
            if let Change::Broadcast(on) = &committed.change
                && *on.topic == *topic
                && let Some(said) = Said::read(&on.content)
            {
                let cursor = Cursor { epoch: log.epoch, position: committed.position }.to_string();
                if !outbox.send_parts(&said.write(&cursor), b"", Some(&cursor)) {
                    return Again::TooSlowly;
                }
            }
            if portion.is_some_and(|portion| place + 1 == portion || !outbox.has_room()) {
                return Again::Until(committed.position);
            }
        }
        Again::All
    }

    /// Refuses whoever waits for rows that cannot be read.
    pub(in crate::realtime::hub) fn refuse_topics(&mut self, collection: &str, problem: &Problem) {
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
    pub(super) fn settle_declared(&mut self) {
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

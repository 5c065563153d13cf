//! What clients do on topics: they join and leave them, say things there, and say that they are there.

use std::sync::Arc;

use annex_openapi::realtime::{Broadcast, ErrorMessage, Join, Leave, Presence, Sent, ServerMessage};
use serde_json::value::to_raw_value;

use super::client::Client;
use crate::problem::{Code, Problem, Result};
use crate::realtime::channels::said::{Said, check_topic};
use crate::realtime::channels::{Action, check_declared, may};
use crate::realtime::hub::{self, Command, TopicCommand};

/// The most bytes that the state has with which a client is there.
const MOST_STATE: usize = 2 << 10;

impl Client {
    /// Has the client told what is said on a topic.
    pub(super) async fn join(&mut self, join: Join) {
        if let Err(problem) = self.try_join(&join).await {
            self.refuse_on(join.topic, None, &problem);
        }
    }

    async fn try_join(&mut self, join: &Join) -> Result<()> {
        check_topic(&join.topic)?;
        check_declared(&self.app, &join.topic)?;
        let after = join.after.as_deref().map(str::parse).transpose().map_err(|_| {
            Problem::new(Code::InvalidCursor, "`after` is no cursor of the feed")
                .with_hint("Give back a `cursor` of what was told, or join without")
        })?;
        self.app.realtime.ready().await?;
        let join = hub::Join {
            connection: self.id,
            topic: join.topic.as_str().into(),
            after,
            state: None,
            begun: false,
        };
        self.app.realtime.tell(Command::Topic(TopicCommand::Join(join)));
        Ok(())
    }

    /// Has the client told nothing more of a topic.
    pub(super) fn leave(&mut self, leave: Leave) {
        let topic = leave.topic.as_str().into();
        self.app.realtime.tell(Command::Topic(TopicCommand::Leave { connection: self.id, topic }));
    }

    /// Says something on a topic.
    pub(super) async fn broadcast(&mut self, broadcast: Broadcast) {
        if let Err(problem) = self.try_broadcast(&broadcast).await {
            self.refuse_on(broadcast.topic, broadcast.id, &problem);
        }
    }

    /// Says that the client is there, or that it is not.
    pub(super) fn presence(&mut self, presence: Presence) {
        if let Err(problem) = self.try_presence(&presence) {
            self.refuse_on(presence.topic, None, &problem);
        }
    }

    fn try_presence(&mut self, presence: &Presence) -> Result<()> {
        check_topic(&presence.topic)?;
        let state = Some(presence.state.to_string()).filter(|_| !presence.state.is_null());
        if state.as_ref().is_some_and(|state| state.len() > MOST_STATE) {
            let detail =
                format!("The state with which a client is there has at most {} KiB", MOST_STATE >> 10);
            return Err(Problem::new(Code::PayloadTooLarge, detail));
        }
        let (topic, state) = (presence.topic.as_str().into(), state.map(Into::into));
        self.app.realtime.tell(Command::Topic(TopicCommand::Present { connection: self.id, topic, state }));
        Ok(())
    }

    async fn try_broadcast(&mut self, broadcast: &Broadcast) -> Result<()> {
        let Broadcast { topic, payload, id } = broadcast;
        if id.as_ref().is_some_and(|id| id.is_empty() || id.len() > 64) {
            return Err(Problem::new(Code::ValidationFailed, "`id` must be a text of 1 to 64 bytes"));
        }
        let payload = to_raw_value(payload).map_err(Problem::internal)?;
        let sender = self.caller.identity().map(|identity| identity.user_id);
        let said = Said::new(topic, sender, &payload)?;
        may(&self.app, Some(self.id), &self.caller, Action::Send, topic).await?;
        let (outbox, topic, id) = (Arc::clone(&self.outbox), topic.clone(), id.clone());
        self.app.realtime.writer.say(&said, move |written| {
            let message = match (written, id) {
                (Ok(()), None) => return,
                (Ok(()), Some(id)) => ServerMessage::Sent(Sent { id }),
                (Err(problem), id) => {
                    let problem = problem.body("");
                    ServerMessage::Error(Box::new(ErrorMessage { id, topic: Some(topic), problem }))
                }
            };
            // A client that takes nothing is let go of where it is told something next.
            outbox.send(&message);
        })
    }
}

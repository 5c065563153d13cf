//! What the server says, read as far as the console needs it: records stay the text that came, so that no digit of them is lost.

use std::borrow::Cow;

use annex_openapi::realtime::{ErrorMessage, EventType, ResyncReason};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::api::ApiError;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// The client is known.
    Authenticated,
    /// The rows as they are.
    Snapshot,
    /// What came before has been told.
    Subscribed,
    /// A row came, changed or went.
    Event,
    /// What is followed must begin anew.
    Resync,
    /// What was followed has ended.
    Unsubscribed,
    /// The server is there.
    Pong,
    /// Something was refused.
    Error,
    /// Another one, of a later server.
    #[serde(other)]
    Other,
}

/// A message of the server.
#[derive(Debug, Deserialize)]
pub struct Message<'a> {
    /// What it is.
    pub op: Op,
    /// What it is about.
    #[serde(default)]
    pub id: Option<String>,
    /// What a change is, or which problem an error.
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    /// Where in the log that is.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Why something must begin anew.
    #[serde(default)]
    pub reason: Option<ResyncReason>,
    /// The record; of one that leaves, its key.
    #[serde(borrow, default)]
    pub record: Option<&'a RawValue>,
}

impl<'a> Message<'a> {
    /// Reads a message; `None` where it is none.
    pub fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// What a change is to who sees the rows.
    pub fn event(&self) -> Option<EventType> {
        match self.kind.as_deref()? {
            "enter" => Some(EventType::Enter),
            "update" => Some(EventType::Update),
            "leave" => Some(EventType::Leave),
            _ => None,
        }
    }
}

/// The problem that a message of an error tells.
pub fn problem(text: &str) -> ApiError {
    match serde_json::from_str::<ErrorMessage>(text) {
        Ok(message) => ApiError::Problem { problem: Box::new(message.problem), retry_after: None },
        Err(error) => ApiError::Unreadable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_stays_the_text_that_came() {
        let text = r#"{"op":"event","id":"1","type":"update","cursor":"a-b-2","record":{"n": 1.10}}"#;
        let message = Message::read(text).expect("a message");
        assert_eq!((message.op, message.event()), (Op::Event, Some(EventType::Update)));
        assert_eq!(message.record.map(RawValue::get), Some(r#"{"n": 1.10}"#));
        assert_eq!(message.cursor.as_deref(), Some("a-b-2"));
    }

    #[test]
    fn what_a_later_server_says_is_no_mistake() {
        assert_eq!(
            Message::read(r#"{"op":"presence","topic":"x"}"#).map(|message| message.op),
            Some(Op::Other)
        );
        assert!(Message::read("no JSON").is_none());
    }

    #[test]
    fn an_error_is_a_problem() {
        let text = r#"{"op":"error","id":"1","type":"/problems/not_live","title":"Not live","status":422,
            "detail":"no","code":"not_live","request_id":""}"#;
        assert_eq!(Message::read(text).map(|message| message.op), Some(Op::Error));
        assert_eq!(problem(text).status(), Some(422));
        assert!(matches!(problem("{}"), ApiError::Unreadable(_)));
    }
}

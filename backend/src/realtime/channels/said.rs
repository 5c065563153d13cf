//! What was said on a topic, as it stands in the log.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::pattern::LONGEST_TOPIC;
use crate::problem::{Code, Problem, Result};

/// The most bytes that a payload has.
pub const MOST: usize = 32 << 10;

/// Something that was said.
#[derive(Debug, Serialize, Deserialize)]
pub struct Said<'a> {
    /// The topic.
    #[serde(borrow)]
    pub topic: Cow<'a, str>,
    /// Whose client said it; nobody's where a program did, or a client that is nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<Uuid>,
    /// What was said.
    #[serde(borrow)]
    pub payload: &'a RawValue,
}

impl<'a> Said<'a> {
    /// Something to say.
    ///
    /// # Errors
    /// `payload_too_large`, `validation_failed`
    pub fn new(topic: &'a str, sender: Option<Uuid>, payload: &'a RawValue) -> Result<Self> {
        check_topic(topic)?;
        if payload.get().len() > MOST {
            let detail = format!("What is said on a topic has at most {} KiB", MOST >> 10);
            return Err(Problem::new(Code::PayloadTooLarge, detail)
                .with_hint("Write it into a collection, and say which record it is"));
        }
        Ok(Self { topic: topic.into(), sender, payload })
    }

    /// Reads what stands in the log. Any program may have written it there.
    pub fn read(content: &'a [u8]) -> Option<Self> {
        let said: Self = serde_json::from_slice(content).ok()?;
        (said.payload.get().len() <= 2 * MOST).then_some(said)
    }

    /// As it stands in the log.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("text and JSON can be written as JSON")
    }

    /// The message that clients are sent, without its end.
    pub fn write(&self, cursor: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(96 + self.topic.len() + self.payload.get().len());
        out.extend_from_slice(b"{\"op\":\"broadcast\",\"topic\":");
        serde_json::to_writer(&mut out, &self.topic).expect("text can be written as JSON");
        if let Some(sender) = self.sender {
            out.extend_from_slice(b",\"sender\":\"");
            out.extend_from_slice(sender.to_string().as_bytes());
            out.push(b'"');
        }
        out.extend_from_slice(b",\"cursor\":\"");
        out.extend_from_slice(cursor.as_bytes());
        out.extend_from_slice(b"\",\"payload\":");
        out.extend_from_slice(self.payload.get().as_bytes());
        out.push(b'}');
        out
    }
}

/// Checks that a topic can be one.
///
/// # Errors
/// `validation_failed`
pub fn check_topic(topic: &str) -> Result<()> {
    if (1..=LONGEST_TOPIC).contains(&topic.len()) {
        return Ok(());
    }
    let detail = format!("`topic` must have 1 to {LONGEST_TOPIC} bytes");
    Err(Problem::validation(vec![crate::problem::FieldError::new("/topic", "out_of_range", detail)]))
}

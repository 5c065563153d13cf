//! Channels: topics that are declared, with rules of who may join them, say something, and see who is there.
//!
//! What is said goes through the write-ahead log like changes of rows, so that both have one order, on every server. The hub tells it to
//! whoever has joined; a [rule](declared) is decided there too, from what the log tells.

pub mod broadcast;
pub mod create;
pub mod declared;
pub mod delete;
pub mod get;
pub mod list;
mod pattern;
pub mod presence;
pub mod said;
pub mod store;
pub mod update;
pub mod writer;

use annex_openapi::channels::Channel as Settings;

pub use declared::{Action, Channel, Channels};
pub use said::Said;

use std::time::Duration;

use super::hub::{Ask, Command, ConnectionId, Declared, TopicCommand};
use crate::app::App;
use crate::collections::catalogue::Snapshot;
use crate::extract::{Caller, settings_tag};
use crate::problem::{Code, FieldError, Problem, Result};

/// How long a change of a channel is waited for until it counts here: no longer than others wait for it anyway.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether a caller, over that connection where there is one, may do something on a topic.
///
/// # Errors
/// `not_found` where no channel has the topic, `forbidden`; `not_live`, `overloaded` where the log is not read.
pub async fn may(
    app: &App,
    connection: Option<ConnectionId>,
    caller: &Caller,
    action: Action,
    topic: &str,
) -> Result<()> {
    check_declared(app, topic)?;
    let ask = |answer| {
        let (caller, topic) = (caller.clone(), topic.into());
        Command::Topic(TopicCommand::Ask(Ask { connection, caller, action, topic, answer }))
    };
    app.realtime.ask(ask).await?
}

/// Checks that there are channels at all: without one the log may not be read.
///
/// # Errors
/// `not_found`
pub fn check_declared(app: &App, topic: &str) -> Result<()> {
    if app.catalogue.snapshot().channels.is_empty() { Err(no_channel(topic)) } else { Ok(()) }
}

/// No channel has the topic.
pub fn no_channel(topic: &str) -> Problem {
    Problem::not_found(format_args!("channel with the topic `{topic}`"))
        .with_hint("An admin declares channels with POST /v1/channels")
}

/// Waits until a change of a channel counts here.
async fn counts(app: &App, name: &str) -> Result<()> {
    let snapshot = app.catalogue.refresh_now(&app.db.pool).await?;
    if snapshot.channels.is_empty() {
        return Ok(());
    }
    let row = snapshot.channels.iter().find(|row| row.name == name).cloned();
    let declared =
        |answer| Command::Topic(TopicCommand::Declared(Declared { name: name.to_owned(), row, answer }));
    // Where the log is not read it counts when that is.
    drop(tokio::time::timeout(PATIENCE, app.realtime.ask(declared)).await);
    Ok(())
}

/// There is no channel of that name.
fn no_such_channel(name: &str) -> Problem {
    Problem::not_found(format_args!("channel `{name}`"))
}

/// The entity tag of a channel's settings.
fn tag(channel: &Settings) -> String {
    settings_tag(&(&channel.topic, &channel.rules))
}

/// The channel as clients see it, with what is wrong with its rules.
fn told(row: store::Row, snapshot: &Snapshot) -> Settings {
    let problems = match Channel::new(&row, snapshot) {
        Ok(channel) => channel.problems,
        Err(error) => vec![error.to_string()],
    };
    Settings {
        name: row.name,
        topic: row.topic,
        rules: row.rules,
        problems,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

/// Checks what a channel is to be.
///
/// # Errors
/// `validation_failed`
fn check(row: &store::Row, snapshot: &Snapshot) -> Result<()> {
    let channel = Channel::new(row, snapshot).map_err(|error| {
        Problem::validation(vec![FieldError::new("/topic", "invalid", error.to_string())])
    })?;
    if channel.faults.is_empty() { Ok(()) } else { Err(Problem::validation(channel.faults)) }
}

/// Tells a failure of writing a channel as a problem.
fn refused(error: sqlx::Error) -> Problem {
    let constraint = error.as_database_error().and_then(|said| said.constraint());
    match constraint {
        Some("channels_pkey") => {
            let detail = "There is a channel of that name";
            Problem::new(Code::NotUnique, detail).with_errors(vec![FieldError::new(
                "/name",
                "not_unique",
                detail,
            )])
        }
        Some("channels_shape_key") => {
            let detail = "There is a channel with such topics";
            Problem::new(Code::NotUnique, detail).with_errors(vec![FieldError::new(
                "/topic",
                "not_unique",
                detail,
            )])
        }
        _ => error.into(),
    }
}

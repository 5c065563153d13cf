//! What happens, told to webhooks and triggers: exactly once, whatever dies.
//!
//! Changes of rows are read from the write-ahead log, or the outbox, by one server of all (`reader`), decided about (`plan`), and written as
//! deliveries and jobs in the transaction that says how far the log has been read. What happens to the server itself is
//! written by `annex.tell` in the transaction in which it happens. `webhooks` and `triggers` are what becomes of it.

pub mod get_log;
pub mod input;
mod payload;
mod plan;
mod reader;
mod slot;
pub mod store;

use std::time::Duration;

use pgwire_replication::ReplicationConfig;
use secrecy::SecretString;
use sqlx::PgConnection;
use tokio::sync::Notify;

use crate::app::App;
pub use crate::collections::catalogue::subscribers::{Subscriber, SubscriberName};
use crate::collections::refused;
use crate::config::ChangeSource;
use crate::db::InvalidUrl;
use crate::problem::{Code, Problem, Result};
use crate::realtime::feed::FeedError;
use crate::realtime::feed::connect;

pub use reader::read;

/// The publication of the tables that webhooks and triggers are about.
const PUBLICATION: &str = "annex_events";

/// How long somebody waits for the log to be kept.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the reader needs of the server.
#[derive(Debug)]
pub struct Events {
    replication: ReplicationConfig,
    source: ChangeSource,
    /// Told when somebody is new who is to be told.
    pub wanted: Notify,
}

impl Events {
    /// Of the database of that URL.
    ///
    /// # Errors
    /// The URL cannot be used.
    pub fn new(url: &SecretString, source: ChangeSource) -> Result<Self, InvalidUrl> {
        Ok(Self { replication: connect::config(url, PUBLICATION)?, source, wanted: Notify::new() })
    }
}

/// Has the log kept from now on: for somebody who is to be told of rows, and is written in the same transaction behind this.
///
/// # Errors
/// `not_live` where the database lets nobody read its log; `overloaded` where it takes long: a slot cannot be made while a
/// transaction is open.
pub async fn keep_log(app: &App, transaction: &mut PgConnection) -> Result<()> {
    store::hold_log(transaction).await?;
    match tokio::time::timeout(PATIENCE, slot::keep(&app.db.pool, app.events.source)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => {
            let error = FeedError::from(error);
            if error.is_refusal() {
                return Err(Problem::new(Code::NotLive, "The database lets nobody read its log of changes")
                    .with_hint("`annex doctor` tells whoever runs the server what to set"));
            }
            Err(Problem::internal(error))
        }
        Err(_) => Err(Problem::new(Code::Overloaded, "The log of changes is not being kept yet")
            .with_hint("A transaction that stays open keeps it waiting; the server's log tells which")
            .with_retry_after(5)),
    }
}

/// Has the log tell of the tables that somebody is to be told of.
///
/// # Errors
/// `conflict` where a table is locked, or Postgres cannot tell of its rows.
pub async fn publish(transaction: &mut PgConnection) -> Result<()> {
    store::publish(transaction).await.map(drop).map_err(refused)
}

//! Connections of one's own, for work that may last: imports, exports, and writes of all rows that match.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_postgres::Client;

use super::lanes::Target;
use super::{ACQUIRE_TIMEOUT, Shares};
use crate::extract::Party;
use crate::problem::{Code, Problem, Result};

/// How connections of one's own are made, and how many there may be at a time.
#[derive(Debug, Clone)]
pub struct Own {
    target: Target,
    room: Arc<Semaphore>,
    shares: Shares,
    /// What work that nobody waits for may have of them.
    background: Arc<Semaphore>,
}

impl Own {
    pub(super) fn new(target: Target, most: usize) -> Self {
        let (room, background) = (Semaphore::new(most), Semaphore::new((most / 2).max(1)));
        let shares = Shares::of("long_work", most);
        Self { target, room: Arc::new(room), shares, background: Arc::new(background) }
    }

    /// A connection that nobody else uses, for that party; each statement may take so long on it.
    ///
    /// # Errors
    /// `too_many_requests` where the party has as many as it may, and `overloaded` where all have, each after 3 s;
    /// `database_unavailable`.
    pub async fn connect(&self, party: Party, statement_limit: Duration) -> Result<OwnConnection> {
        let share = self.shares.take(party).await?;
        let acquired = tokio::time::timeout(ACQUIRE_TIMEOUT, Arc::clone(&self.room).acquire_owned()).await;
        let permit = acquired.map_err(|_| {
            Problem::new(Code::Overloaded, "As many imports, exports and bulk writes as may be are under way")
                .with_retry_after(5)
        })?;
        let permit = permit.expect("the semaphore is never closed");
        self.open((permit, share), statement_limit).await
    }

    /// The same for a job: it waits until there is one, and half of them are never for jobs.
    ///
    /// # Errors
    /// `database_unavailable`
    pub async fn connect_in_background(&self, statement_limit: Duration) -> Result<OwnConnection> {
        let share = Arc::clone(&self.background).acquire_owned().await;
        let permit = Arc::clone(&self.room).acquire_owned().await;
        self.open((share, permit), statement_limit).await
    }

    async fn open(&self, held: impl Send + 'static, statement_limit: Duration) -> Result<OwnConnection> {
        // The place is free again when Postgres has let go of the connection, not when its user has.
        let connected = self.target.connect(|driver| {
            drop(tokio::spawn(async move {
                driver.await;
                drop(held);
            }));
        });
        let client = connected.await.map_err(Problem::database_unavailable)?;
        let connection = OwnConnection { client, target: self.target.clone(), settled: false };
        let limit = format!("set statement_timeout = {}", statement_limit.as_millis());
        connection.batch_execute(&limit).await.map_err(Problem::database_unavailable)?;
        Ok(connection)
    }
}

/// A connection that nobody else uses. Dropped before it is settled, what runs on it is cancelled and rolled back.
#[derive(Debug)]
pub struct OwnConnection {
    client: Client,
    target: Target,
    settled: bool,
}

impl OwnConnection {
    /// Ends it with nothing under way.
    pub fn settle(mut self) {
        self.settled = true;
    }

    /// The connection, for what needs it whole.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Deref for OwnConnection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for OwnConnection {
    fn drop(&mut self) {
        if self.settled || self.client.is_closed() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (target, token) = (self.target.clone(), self.client.cancel_token());
            drop(runtime.spawn(async move { target.cancel(&token).await }));
        }
    }
}

//! A transaction of several statements.

use std::time::Duration;

use super::Place;

/// How long a transaction may take to be undone before its connection is closed instead.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection that one transaction has for itself. Dropped before the transaction was ended, it is not lent again but
/// closed, which rolls back.
#[derive(Debug)]
pub struct Transaction {
    place: Place,
    ended: bool,
}

impl Transaction {
    pub(super) fn of(place: Place) -> Self {
        Self { place, ended: false }
    }

    /// Its connection.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Begins it; statements may be sent behind this without waiting for it.
    ///
    /// # Errors
    /// Postgres is gone.
    pub async fn begin(&self) -> Result<(), tokio_postgres::Error> {
        self.place.client().batch_execute("begin").await
    }

    /// Makes it count. Only after every statement in it has succeeded: Postgres would roll back in silence otherwise.
    ///
    /// # Errors
    /// A constraint that is checked last is violated, or Postgres is gone.
    pub async fn commit(mut self) -> Result<(), tokio_postgres::Error> {
        let committed = self.place.client().batch_execute("commit").await;
        // A commit that Postgres refuses has rolled back.
        self.ended = committed.as_ref().err().is_none_or(|error| error.as_db_error().is_some());
        committed
    }

    /// Undoes it, behind whatever statements are still under way; where those take long, by closing the connection.
    pub async fn rollback(mut self) {
        let rolled_back = self.place.client().batch_execute("rollback");
        self.ended = tokio::time::timeout(ROLLBACK_TIMEOUT, rolled_back).await.is_ok_and(|done| done.is_ok());
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.ended {
            self.place.answered();
        }
    }
}

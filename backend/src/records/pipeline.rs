//! Statements that are sent one behind the other, before the first is answered.

use std::pin::Pin;

use futures_util::future::{LocalBoxFuture, MaybeDone, maybe_done};
use futures_util::{FutureExt, poll};
use tokio_postgres::Error;

/// What was sent, and comes back later.
pub struct Sent<'s, T>(MaybeDone<LocalBoxFuture<'s, Result<T, Error>>>);

/// Sends it now.
pub async fn send<'s, T>(query: impl Future<Output = Result<T, Error>> + 's) -> Sent<'s, T> {
    let mut sent = maybe_done(query.boxed_local());
    // A statement goes out when it is first asked for its answer.
    let _ = poll!(Pin::new(&mut sent));
    Sent(sent)
}

impl<T> Sent<'_, T> {
    /// Waits for what comes back.
    ///
    /// # Errors
    /// Postgres's own.
    pub async fn receive(mut self) -> Result<T, Error> {
        Pin::new(&mut self.0).await;
        Pin::new(&mut self.0).take_output().expect("it is taken once")
    }
}

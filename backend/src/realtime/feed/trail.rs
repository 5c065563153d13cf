//! How far the log has been read, and from where on it is kept.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::outbox::OUTBOX;
use crate::realtime::position::Lsn;
use crate::realtime::store;

/// How often it is noted where the log was.
pub const STEP: Duration = Duration::from_secs(5);

/// For how long the log is kept, so that a server that starts can tell what happened meanwhile.
const KEPT: Duration = Duration::from_secs(300);

/// The most bytes of it that are kept.
const MOST_KEPT: Lsn = 256 << 20;

/// Where the log was, over time.
#[derive(Debug, Default)]
pub struct Trail {
    /// Which log.
    pub epoch: Option<Uuid>,
    end: Option<Lsn>,
    steps: VecDeque<(Instant, Lsn)>,
}

impl Trail {
    /// A log that is read from there on; where it goes on, with the steps of the one before.
    pub fn beginning(epoch: Uuid, from: Lsn, before: Self, continues: bool) -> Self {
        let steps = if continues { before.steps } else { VecDeque::new() };
        Self { epoch: Some(epoch), end: Some(from), steps }
    }

    /// Behind what everything has been read.
    pub fn end(&self) -> Option<Lsn> {
        self.end
    }

    /// Everything before that has been read.
    pub fn reached(&mut self, lsn: Lsn) {
        self.end = Some(self.end.unwrap_or_default().max(lsn));
    }

    /// Notes where the log is; gives what need not be kept any more, where that is anything.
    pub fn step(&mut self) -> Option<Lsn> {
        self.step_at(Instant::now())
    }

    fn step_at(&mut self, now: Instant) -> Option<Lsn> {
        let end = self.end?;
        self.steps.push_back((now, end));
        let mut behind = None;
        while let Some((at, lsn)) = self.steps.front() {
            if now.duration_since(*at) < KEPT && end - lsn < MOST_KEPT {
                break;
            }
            behind = Some(*lsn);
            self.steps.pop_front();
        }
        behind
    }
}

/// Lets go of the log that need not be kept any more, beside the reading.
#[derive(Debug)]
pub struct Advance {
    pool: PgPool,
    slot: Arc<str>,
    /// Its own connection: a long stretch of log takes a while.
    connection: Arc<Mutex<Option<PgConnection>>>,
}

impl Advance {
    /// Of that slot.
    pub fn new(pool: &PgPool, slot: String) -> Self {
        Self { pool: pool.clone(), slot: slot.into(), connection: Arc::default() }
    }

    /// Lets go of what is before that position, unless another stretch is still being let go of.
    pub fn to(&self, lsn: Lsn) {
        let Ok(mut connection) = Arc::clone(&self.connection).try_lock_owned() else { return };
        let (pool, slot) = (self.pool.clone(), Arc::clone(&self.slot));
        tokio::spawn(async move {
            if let Err(error) = advance(&pool, &slot, lsn, &mut connection).await {
                *connection = None;
                tracing::debug!(%error, "the log that is not needed any more could not be let go of");
            }
        });
    }
}

async fn advance(
    pool: &PgPool,
    slot: &str,
    lsn: Lsn,
    connection: &mut Option<PgConnection>,
) -> sqlx::Result<()> {
    let connection = match connection {
        Some(connection) => connection,
        None => {
            let options = (*pool.connect_options()).clone().options([("statement_timeout", "0")]);
            connection.insert(PgConnection::connect_with(&options).await?)
        }
    };
    // Of many servers one does it; a slot that another one has moved further stays there.
    let is_free: bool =
        sqlx::query_scalar("select pg_try_advisory_lock(hashtextextended('annex.feed.advance', 0))")
            .fetch_one(&mut *connection)
            .await?;
    if !is_free {
        return Ok(());
    }
    let advanced = match slot {
        OUTBOX => store::trim_outbox(connection, lsn).await,
        slot => match store::slot(connection, slot).await? {
            store::Slot::At(at) if at < lsn => store::advance_slot(connection, slot, lsn).await,
            _ => Ok(()),
        },
    };
    sqlx::query("select pg_advisory_unlock(hashtextextended('annex.feed.advance', 0))")
        .execute(connection)
        .await?;
    advanced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_kept_for_a_while_and_never_too_much_of_it() {
        let start = Instant::now();
        let mut trail = Trail::beginning(Uuid::nil(), 100, Trail::default(), false);
        assert_eq!(trail.step_at(start), None);
        trail.reached(200);
        assert_eq!(trail.step_at(start + KEPT / 2), None);
        assert_eq!(trail.step_at(start + KEPT), Some(100));
        trail.reached(200 + MOST_KEPT);
        assert_eq!(trail.step_at(start + KEPT), Some(200));
    }
}

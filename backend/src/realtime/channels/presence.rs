//! Who of this server's clients is there: what the database is to say, written until it does.
//!
//! Whoever waits for nothing can be told nothing wrong: a server keeps what its clients said and brings the table in line with it, after
//! an error too. It says once a second that it lives; the others remove what is left of one that does not.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::PgPool;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::store;
use crate::clock::Random;
use crate::collections::catalogue::Catalogue;
use crate::db;

/// How long a server is believed to live after it was heard of.
const LIFE: Duration = Duration::from_secs(4);
const BEAT: Duration = Duration::from_secs(1);

/// How long the last statement may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// A client that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The topic.
    pub topic: Box<str>,
    /// The account.
    pub user_id: Option<Uuid>,
    /// The JSON of its state.
    pub state: Box<str>,
}

/// The clients of this server that are there.
#[derive(Debug)]
pub struct Here {
    id: Uuid,
    /// For what is written, and for signs of life.
    pools: (PgPool, PgPool),
    wanted: Mutex<Wanted>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Wanted {
    entries: HashMap<Uuid, Entry>,
    /// Those of which the database may say something else.
    open: HashSet<Uuid>,
}

impl Here {
    /// Nobody yet.
    pub fn new(pool: &PgPool, random: Random) -> Self {
        let pools = (pool.clone(), db::single(pool));
        Self { id: random.uuid(), pools, wanted: Mutex::default(), changed: Notify::new() }
    }

    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client is there, with that state.
    pub fn put(&self, reference: Uuid, entry: Entry) {
        let mut wanted = self.wanted();
        wanted.entries.insert(reference, entry);
        wanted.open.insert(reference);
        drop(wanted);
        self.changed.notify_one();
    }

    /// A client that is there is of that account now.
    pub fn belongs_to(&self, reference: Uuid, user_id: Option<Uuid>) {
        let mut wanted = self.wanted();
        if let Some(entry) = wanted.entries.get_mut(&reference).filter(|entry| entry.user_id != user_id) {
            entry.user_id = user_id;
            wanted.open.insert(reference);
            drop(wanted);
            self.changed.notify_one();
        }
    }

    /// A client is there no more.
    pub fn remove(&self, reference: Uuid) {
        let mut wanted = self.wanted();
        if wanted.entries.remove(&reference).is_some() {
            wanted.open.insert(reference);
            drop(wanted);
            self.changed.notify_one();
        }
    }

    /// Who is there, of all servers, at one moment.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn everybody(&self) -> sqlx::Result<store::Everybody> {
        store::everybody(&self.pools.0).await
    }

    /// Writes who is there until the server ends, and then that nobody is.
    pub async fn run(&self, catalogue: &Arc<Catalogue>, ending: &CancellationToken) {
        let mut beats = tokio::time::interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Since when the database has answered each time.
        let mut answered: Option<Instant> = None;
        let mut is_registered = false;
        loop {
            let is_beat = tokio::select! {
                () = self.changed.notified() => false,
                _ = beats.tick() => true,
                () = ending.cancelled() => break,
            };
            let since = answered.map(|since| since.elapsed());
            match self.round(catalogue, is_beat, since, &mut is_registered).await {
                Ok(()) => drop(answered.get_or_insert_with(Instant::now)),
                Err(error) => {
                    tracing::debug!(%error, "who is there could not be written; it is tried again");
                    answered = None;
                }
            }
        }
        if is_registered {
            // Where that fails the others find out.
            drop(tokio::time::timeout(GOODBYE, store::end_listener(&self.pools.0, self.id)).await);
        }
    }

    async fn round(
        &self,
        catalogue: &Catalogue,
        is_beat: bool,
        answered: Option<Duration>,
        is_registered: &mut bool,
    ) -> sqlx::Result<()> {
        let (pool, heart) = &self.pools;
        let is_needed = *is_registered || !self.wanted().open.is_empty();
        if is_needed && (is_beat || !*is_registered) {
            let is_new = store::beat(heart, self.id, LIFE.as_secs_f64()).await?;
            if is_new {
                // Others took it for dead, or it begins.
                let mut wanted = self.wanted();
                let all: Vec<Uuid> = wanted.entries.keys().copied().collect();
                wanted.open.extend(all);
            }
            *is_registered = true;
        }
        // After an outage everybody gets the time to say that they live.
        let is_fair = answered.is_some_and(|answered| answered >= LIFE);
        if is_beat && is_fair && !catalogue.snapshot().channels.is_empty() {
            store::remove_dead(heart).await?;
        }
        let (open, there) = {
            let wanted = self.wanted();
            let open: Vec<Uuid> = wanted.open.iter().copied().collect();
            let there: Vec<(Uuid, Entry)> =
                open.iter().filter_map(|one| Some((*one, wanted.entries.get(one)?.clone()))).collect();
            (open, there)
        };
        if open.is_empty() {
            return Ok(());
        }
        let known: HashSet<Uuid> = there.iter().map(|(reference, _)| *reference).collect();
        let gone: Vec<Uuid> = open.iter().filter(|one| !known.contains(one)).copied().collect();
        store::write_presence(pool, self.id, &there, &gone).await?;
        let there: HashMap<Uuid, Entry> = there.into_iter().collect();
        // What changed meanwhile stays open.
        let mut wanted = self.wanted();
        let Wanted { entries, open: still } = &mut *wanted;
        for one in open {
            if entries.get(&one) == there.get(&one) {
                still.remove(&one);
            }
        }
        Ok(())
    }
}

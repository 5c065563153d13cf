//! Who is behind an access token, remembered: a token is verified once, and its account and session are read again
//! only after something about them has changed.
//!
//! Changes are counted, not looked up: an account's or a session's id picks one of a few thousand counters. What was
//! read is good as long as the counters of both are what they were before it was read. Postgres tells of every
//! change on the channel `annex_identity`; while nobody listens there, nothing that is remembered is trusted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use super::store::sessions as store;
use super::token::{Actor, Checked};
use crate::extract::Identity;
use crate::problem::Result;

const COUNTERS: usize = 8192;

/// How many tokens are remembered at the most.
const REMEMBERED: u64 = 50_000;

/// Changes, counted.
#[derive(Debug)]
pub struct Changes {
    counters: Box<[AtomicU64]>,
    everything: AtomicU64,
    listening: AtomicBool,
}

/// Counters at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// Of what a token depends on, added up: each only grows.
    these: u64,
    everything: u64,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            counters: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect(),
            everything: AtomicU64::new(0),
            listening: AtomicBool::new(false),
        }
    }
}

impl Changes {
    /// An account or a session has changed.
    pub fn of(&self, id: Uuid) {
        self.counter(id).fetch_add(1, Ordering::SeqCst);
    }

    /// Anything may have changed.
    pub fn of_everything(&self) {
        self.everything.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether the database tells of changes from now on.
    pub fn set_listening(&self, listening: bool) {
        if listening {
            self.of_everything();
        }
        self.listening.store(listening, Ordering::SeqCst);
    }

    fn are_told(&self) -> bool {
        self.listening.load(Ordering::SeqCst)
    }

    fn seen(&self, known: &Known) -> Seen {
        let actor = known.actor.map(|actor| [actor.sub, actor.sid]);
        let ids = [known.user_id, known.session_id].into_iter().chain(actor.into_iter().flatten());
        Seen {
            these: ids.map(|id| self.counter(id).load(Ordering::SeqCst)).sum(),
            everything: self.everything.load(Ordering::SeqCst),
        }
    }

    /// The last bytes of a UUID of any kind are random.
    fn counter(&self, id: Uuid) -> &AtomicU64 {
        &self.counters[id.as_u128() as usize % COUNTERS]
    }
}

/// A token that has been verified.
#[derive(Debug)]
pub struct Known {
    user_id: Uuid,
    session_id: Uuid,
    actor: Option<Actor>,
    good_until: i64,
    answer: ArcSwapOption<Answer>,
}

/// What the database said of a session, and when.
#[derive(Debug)]
struct Answer {
    seen: Seen,
    /// Nothing where the session has ended.
    identity: Option<Arc<Identity>>,
}

/// What is remembered of a token.
#[derive(Debug)]
pub enum Remembered {
    /// Whose it is.
    Identity(Arc<Identity>),
    /// Its session has ended.
    Ended,
    /// It was verified, but the database must be asked.
    Stale(Arc<Known>),
    /// Nothing.
    Unknown,
}

/// The hash of a token.
pub type TokenHash = [u8; 32];

/// What tokens stand for.
#[derive(Debug)]
pub struct Identities {
    known: Cache<TokenHash, Arc<Known>>,
    /// Changes of accounts and sessions.
    pub changes: Changes,
}

impl Identities {
    /// Nothing remembered; no token is remembered for longer than it lives.
    pub fn new(token_lifetime: Duration) -> Self {
        let known = Cache::builder().max_capacity(REMEMBERED).time_to_live(token_lifetime).build();
        Self { known, changes: Changes::default() }
    }

    /// The hash of a token.
    pub fn hash(token: &str) -> TokenHash {
        Sha256::digest(token).into()
    }

    /// What is remembered of a token.
    pub fn recall(&self, hash: &TokenHash, now: OffsetDateTime) -> Remembered {
        let Some(known) = self.known.get(hash) else { return Remembered::Unknown };
        if known.good_until <= now.unix_timestamp() {
            self.known.invalidate(hash);
            return Remembered::Unknown;
        }
        if !self.changes.are_told() {
            return Remembered::Stale(known);
        }
        let answer = known.answer.load();
        match &*answer {
            Some(answer) if answer.seen == self.changes.seen(&known) => match &answer.identity {
                Some(identity) => Remembered::Identity(Arc::clone(identity)),
                None => Remembered::Ended,
            },
            _ => Remembered::Stale(Arc::clone(&known)),
        }
    }

    /// Until when a token that is remembered counts, in seconds since 1970.
    pub fn good_until(&self, hash: &TokenHash) -> Option<i64> {
        self.known.get(hash).map(|known| known.good_until)
    }

    /// Remembers a verified token.
    pub fn remember(&self, hash: TokenHash, checked: &Checked) -> Arc<Known> {
        let known = Arc::new(Known {
            user_id: checked.claims.sub,
            session_id: checked.claims.sid,
            actor: checked.claims.act,
            good_until: checked.good_until,
            answer: ArcSwapOption::empty(),
        });
        self.known.insert(hash, Arc::clone(&known));
        known
    }

    /// Asks the database whose a verified token is; nothing where its session has ended.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn read(
        &self,
        known: &Known,
        pool: &PgPool,
        now: OffsetDateTime,
    ) -> Result<Option<Arc<Identity>>> {
        // Before the question: a change meanwhile makes the answer stale.
        let seen = self.changes.seen(known);
        let standing = store::standing(pool, known.session_id, known.user_id, now).await?;
        let identity =
            standing.map(|standing| Arc::new(standing.identity(known.user_id, Some(known.session_id))));
        known.answer.store(Some(Arc::new(Answer { seen, identity: identity.clone() })));
        Ok(identity)
    }

    /// Forgets every token: the keys have changed.
    pub fn forget_all(&self) {
        self.known.invalidate_all();
    }
}

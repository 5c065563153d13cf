//! Connections for statements over the tables of users.
//!
//! A lane is a few connections and how many statements may be under way on each. Reads by key never wait
//! for anything in the database, so many share one connection, one behind the other (pipelining saves most of the cost
//! of a round trip). Whatever may take long or wait for a lock, lists and writes, has a connection to itself
//! while it runs, and so has a transaction. Each worker thread has its own lanes, so that a statement never crosses
//! threads.

mod lane;
mod target;
mod transaction;

use std::time::Duration;

use super::Shares;
pub use lane::{Lane, Place};
pub use target::Target;
pub(crate) use target::split_verification;
pub use transaction::Transaction;

/// How long a read by key waits for a table that is locked, by a change of its schema: others wait behind it.
const POINT_LOCK_TIMEOUT: Duration = Duration::from_millis(500);

/// The most connections of a worker for writes that commit together: the fewer there are, the more commit at once, but while one waits
/// for the disk another should be at work.
const GROUPS: usize = 2;

/// How many connections are for what.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// For the pool.
    pub pool: usize,
    /// For reads by key, a worker.
    pub points: usize,
    /// For lists, a worker.
    pub scans: usize,
    /// For writes, a worker.
    pub writes: usize,
    /// For writes that commit together, a worker.
    pub groups: usize,
    /// For transactions of several statements, a worker.
    pub transactions: usize,
    /// Connections of one's own, for imports and exports.
    pub own: usize,
}

impl Plan {
    /// Shares out the connections that a server may hold: a quarter for the pool, a tenth for imports and exports, the
    /// rest for the workers' lanes.
    pub fn of(connections: usize, workers: usize) -> Self {
        let pool = (connections / 4).max(3);
        let own = (connections / 10).max(2);
        let each = (connections.saturating_sub(pool + own) / workers.max(1)).max(4);
        let points = 1;
        let scans = ((each - points) / 3).max(1);
        let transactions = (each / 5).clamp(1, 4);
        let rest = each - points - scans - transactions;
        let groups = (rest / 3).min(GROUPS);
        let writes = (rest - groups).clamp(1, 16);
        Self { pool, points, scans, writes, groups, transactions, own }
    }
}

/// The lanes of one worker thread.
#[derive(Debug, Clone)]
pub struct Lanes {
    /// Reads by key.
    pub points: Lane,
    /// Lists.
    pub scans: Lane,
    /// How many lists each party may run.
    pub scan_shares: Shares,
    /// Writes.
    pub writes: Lane,
    /// Writes that commit together.
    pub groups: Lane,
    /// Transactions of several statements.
    pub transactions: Lane,
}

impl Lanes {
    /// Lanes that connect in the background; must be called on the thread that will use them.
    pub fn open(target: &Target) -> Self {
        let plan = target.plan;
        Self {
            points: Lane::open(&target.with_lock_timeout(POINT_LOCK_TIMEOUT), plan.points, 64),
            scans: Lane::open(target, plan.scans, 1),
            scan_shares: Shares::of("lists", plan.scans),
            writes: Lane::open(target, plan.writes, 1),
            groups: Lane::open(target, plan.groups, 1),
            transactions: Lane::open(target, plan.transactions, 1),
        }
    }
}

//! Durable work in the user's own database: enqueued in the transaction that needs it, claimed under a lease with a fencing token,
//! tried again where it failed, and at least once whatever dies.
//!
//! The engine is SQL: `migrations/0006_jobs.sql` has the tables and the functions that move a job from one to the next, so any program
//! on the database may enqueue. Here is what calls them: `store`, a `worker` that runs the kinds this program knows, what goes on
//! in the background (`maintenance`), and who is to be woken (`wake`).

pub mod batches;
mod bulk;
pub mod cancel;
pub mod cancel_matching;
mod checking;
pub mod create;
pub mod discard_matching;
pub mod events;
pub mod fail;
pub mod files;
mod filter;
mod followers;
pub mod get;
pub mod heartbeat;
pub mod input;
mod job;
pub mod job_kinds;
pub mod kinds;
pub mod lease;
pub mod list;
pub mod logs;
mod maintenance;
pub mod on_behalf;
pub mod path;
pub mod patience;
pub mod progress;
pub mod queues;
mod registry;
pub mod retry;
pub mod retry_matching;
pub mod schedules;
mod schemas;
pub mod stats;
pub mod store;
mod story;
mod wake;
mod worker;
pub mod workers;

use self::files::LinkKey;
use self::followers::Followers;
use self::lease::LeaseKey;
use self::schemas::Schemas;
use crate::clock::Random;
use crate::problem::Problem;

pub use job::{Completed, Context, Job, JobError, Level};
pub use maintenance::maintain;
pub use on_behalf::may_see;
pub use registry::Registry;
pub use story::Story;
pub use wake::{Heard, Wake, listen};
pub use worker::{Options, Worker};

/// What handlers and the worker share.
#[derive(Debug)]
pub struct Jobs {
    /// The kinds that this program runs.
    pub registry: Registry,
    /// Who is to be woken.
    pub wake: Wake,
    /// Who follows jobs.
    pub followers: Followers,
    /// What arguments are checked against.
    pub schemas: Schemas,
    /// What signs links to files.
    pub links: LinkKey,
    /// What signs the tokens of leases.
    pub leases: LeaseKey,
}

impl Jobs {
    /// Tells the database which kinds this program runs.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn start(registry: Registry, pool: &sqlx::PgPool, random: Random) -> sqlx::Result<Self> {
        registry.publish(pool).await?;
        let links = LinkKey::new(crate::db::secret(pool, random, "job_files").await?);
        let leases = LeaseKey::new(crate::db::secret(pool, random, "job_leases").await?);
        Ok(Self {
            registry,
            wake: Wake::default(),
            followers: Followers::default(),
            schemas: Schemas::default(),
            links,
            leases,
        })
    }
}

/// There is no such job, or it is somebody else's.
pub fn no_such_job() -> Problem {
    Problem::not_found("such job")
}

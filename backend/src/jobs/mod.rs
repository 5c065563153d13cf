//! Durable work in the user's own database: enqueued in the transaction that needs it, claimed under a lease with a fencing token,
//! tried again where it failed, and at least once whatever dies.
//!
//! The engine is SQL: `migrations/0006_jobs.sql` has the tables and the functions that move a job from one to the next, so any program
//! on the database may enqueue. Here is what calls them: `store`, a `worker` that runs the kinds this program knows, what goes on
//! in the background (`maintenance`), and who is to be woken (`wake`).

mod job;
mod kinds;
mod maintenance;
mod registry;
pub mod schedules;
pub mod store;
mod wake;
mod worker;

pub use job::{Completed, Context, Job, JobError, Level};
pub use maintenance::maintain;
pub use registry::Registry;
pub use wake::{Heard, Wake, listen};
pub use worker::{Options, Worker};

/// What handlers and the worker share.
#[derive(Debug)]
pub struct Jobs {
    /// The kinds that this program runs.
    pub registry: Registry,
    /// Who is to be woken.
    pub wake: Wake,
}

impl Jobs {
    /// Tells the database which kinds this program runs.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn start(registry: Registry, pool: &sqlx::PgPool) -> sqlx::Result<Self> {
        registry.publish(pool).await?;
        Ok(Self { registry, wake: Wake::default() })
    }
}

//! The statements over the tables of jobs.

pub mod batches;
mod claims;
mod completion;
pub mod files;
pub mod jobs;
pub mod kinds;
pub mod leases;
mod maintenance;
mod matching;
mod progress;
pub mod queues;
pub mod schedules;
pub mod stats;

pub use claims::{
    Claimant, Claimed, Finish, Outcome, claim, finish, finish_within, leases_of, release, release_unknown,
};
pub use completion::COMPLETE;
pub use maintenance::{
    Beat, WorkerRow, beat, delete_ended, is_held_back, name_queues, promote, queues_with_work, reclaim,
    register, rotate, unregister,
};
pub use matching::{count, estimated_count, matching};
pub use progress::{append_log, set_progress};

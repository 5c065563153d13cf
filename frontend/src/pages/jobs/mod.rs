//! Durable jobs: the list of them, and each by itself.

mod head;
mod job;
mod list;
pub mod state;
mod teach;

pub use head::JobsHead;
pub use job::JobPage;
pub use list::{JobRows, Jobs};
pub use teach::FirstJob;

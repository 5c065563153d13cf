//! Batches of jobs, and workflows: batches whose jobs need each other.

mod batch;
mod graph;
mod list;
mod share;

pub use batch::BatchPage;
pub use list::Batches;

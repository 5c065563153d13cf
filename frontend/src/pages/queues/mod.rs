//! The queues: how much waits in each, what holds it back, and pausing it.

mod charts;
mod history;
mod lately;
mod limits;
mod list;

pub use list::Queues;

//! The log of requests that admins see: what was asked, by whom, and how it ended.

pub mod get;
pub mod list;
mod store;
mod sweep;
mod write;

pub use sweep::{forget, sweep};
pub use write::{flush, write};

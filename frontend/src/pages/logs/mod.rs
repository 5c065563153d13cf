//! The requests that were answered, as they come: what was asked, by whom, and what went wrong.

mod detail;
mod filters;
mod list;
mod tail;
mod toolbar;

pub use list::Logs;

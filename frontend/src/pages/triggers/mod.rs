//! Jobs that are enqueued when something happens.

mod form;
mod list;

pub use list::Triggers;

//! The schedules: what they enqueue and when, running them now, pausing, changing and deleting them.

mod draft;
mod form;
mod list;
mod row;
mod words;

pub use draft::name_mistake;
pub use list::Schedules;

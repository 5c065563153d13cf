//! Programs that are asked before something is written.

mod draft;
mod form;
mod list;

pub use list::Hooks;

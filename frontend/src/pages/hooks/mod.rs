//! Programs that are asked before something is written.

mod draft;
mod form;
mod list;
mod secret;

pub use list::Hooks;

//! One's own sessions.

pub mod delete;
pub mod delete_others;
pub mod list;

pub use delete::delete;
pub use delete_others::delete_others;
pub use list::list;

//! The server itself, for admins: which one answers, what is set for it, how its database is.

pub mod get;
pub mod store;

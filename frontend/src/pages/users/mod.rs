//! The accounts: who may sign in, and what they may do beyond the rules.

mod account;
mod draft;
mod fields;
mod list;
mod new;

pub use list::Users;

//! Records: the rows of collections over HTTP.
//!
//! A verb checks what it was sent, has its statement built in [`sql`] with the rule inside it, and runs it on a
//! lane in `store`; rows become JSON in [`wire`]. What writes is an `operation`, which a batch runs too.

pub(crate) mod body;
pub mod create;
pub mod delete;
pub mod delete_matching;
pub(crate) mod etag;
pub mod expand;
pub mod get;
mod group_commit;
pub(crate) mod hooked;
pub(crate) mod key;
pub mod list;
mod matching;
pub(crate) mod operation;
pub mod parameters;
pub(crate) mod pipeline;
pub mod projection;
pub mod replace;
pub(crate) mod request;
pub mod rule_test;
pub mod sql;
pub mod store;
pub mod transfer;
pub mod update;
pub mod update_matching;
pub mod wire;
pub(crate) mod write;

pub use group_commit::GroupCommit;
pub use request::{Request, View};
pub use store::Failure;

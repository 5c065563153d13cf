//! The grid follows its collection: rows change in place as they are committed, whoever wrote them.

mod follow;
mod sign;

pub use sign::LiveSign;

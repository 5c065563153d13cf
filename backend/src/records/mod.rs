//! Records: the rows of collections over HTTP.

pub mod sql;
pub mod wire;

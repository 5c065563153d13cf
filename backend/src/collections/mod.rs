//! Collections: tables seen through the API.

pub mod catalogue;

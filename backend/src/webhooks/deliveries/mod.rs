//! What webhooks are told, and what came of it.

pub mod get;
pub mod list;
pub mod replay;
pub mod store;

use uuid::Uuid;

use crate::problem::{Problem, Result};

/// The delivery that a path names.
fn parse_id(id: &str) -> Result<Uuid> {
    Uuid::parse_str(id).map_err(|_| missing())
}

fn missing() -> Problem {
    Problem::not_found("such delivery")
}

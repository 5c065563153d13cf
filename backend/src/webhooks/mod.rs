//! Webhooks: programs elsewhere that are told what happened, as the Standard Webhooks specification says.
//!
//! What is to be told is written by `events` as deliveries. Those that are about the same stand in a lane, and are made one after the
//! other by a job (`deliver`), which is there as long as anything waits in the lane.

pub mod create;
pub mod delete;
pub mod deliver;
pub mod deliveries;
pub mod get;
mod input;
pub mod list;
pub mod replay;
pub mod rotate;
mod send;
pub mod store;
pub mod sweep;
pub mod test;
pub mod update;

use annex_openapi::webhooks::Webhook;
use uuid::Uuid;

use crate::extract::settings_tag;
use crate::jobs::Registry;
use crate::problem::{Problem, Result};

/// Adds the kinds of jobs of webhooks.
pub fn add_to(registry: &mut Registry) {
    registry.add_built_in::<deliver::Deliver>();
}

/// The webhook that a path names.
fn parse_id(id: &str) -> Result<Uuid> {
    Uuid::parse_str(id).map_err(|_| missing())
}

fn missing() -> Problem {
    Problem::not_found("such webhook")
}

/// The tag of what can be set of a webhook.
fn tag(webhook: &Webhook) -> String {
    let Webhook { name, url, events, collection, condition, fields, headers, enabled, .. } = webhook;
    settings_tag(&(name, url, events, collection, condition, fields, headers, enabled))
}

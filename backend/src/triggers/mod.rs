//! Triggers: jobs that are enqueued when something happens, in the transaction that says so: exactly once.

pub mod delete;
pub mod get;
mod input;
pub mod list;
pub mod replace;
pub mod store;
pub mod update;

use annex_openapi::triggers::Trigger;

use crate::extract::settings_tag;
use crate::problem::Problem;

fn missing(name: &str) -> Problem {
    Problem::not_found(format_args!("trigger `{name}`"))
}

/// The tag of what can be set of a trigger.
fn tag(trigger: &Trigger) -> String {
    let Trigger { events, collection, condition, job, enabled, .. } = trigger;
    settings_tag(&(events, collection, condition, job, enabled))
}

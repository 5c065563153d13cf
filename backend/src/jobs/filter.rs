//! Which jobs a request means.

use annex_openapi::jobs::{JobFilter, JobState};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::input::{Faults, has_nul};
use crate::extract::moment;
use crate::problem::Result;

/// Takes in a query parameter; whether it is one of a filter.
///
/// # Errors
/// In a sentence, what the value must be.
pub fn set(filter: &mut JobFilter, name: &str, value: &str) -> Result<bool, String> {
    match name {
        "state" => filter.state = Some(parse_state(value)?),
        "kind" => filter.kind = Some(value.to_owned()),
        "queue" => filter.queue = Some(value.to_owned()),
        "tag" => filter.tag = Some(value.to_owned()),
        "schedule" => filter.schedule = Some(value.to_owned()),
        "batch" => {
            filter.batch = Some(Uuid::parse_str(value).map_err(|_| "must be the id of a batch".to_owned())?);
        }
        "args" => {
            let args: Option<Map<String, Value>> = serde_json::from_str(value).ok();
            let args =
                args.filter(|args| !args.iter().any(|(name, value)| name.contains('\0') || has_nul(value)));
            filter.args = Some(args.ok_or("must be a JSON object, such as {\"to\":\"ada@example.com\"}")?);
        }
        "since" => filter.since = Some(moment(value)?),
        "until" => filter.until = Some(moment(value)?),
        _ => return Ok(false),
    }
    Ok(true)
}

fn parse_state(value: &str) -> Result<JobState, String> {
    JobState::ALL.into_iter().find(|state| state.as_str() == value).ok_or_else(|| {
        let names = JobState::ALL.map(JobState::as_str).join(", ");
        format!("must be one of {names}")
    })
}

/// Checks a filter that came as a body.
///
/// # Errors
/// `validation_failed`
pub fn check(filter: &JobFilter) -> Result<()> {
    let mut faults = Faults::default();
    if filter.ids.as_ref().is_some_and(|ids| ids.len() > 1000) {
        faults.add("/ids", "out_of_range", "there are at most 1000 `ids`");
    }
    let texts = [
        ("kind", &filter.kind),
        ("queue", &filter.queue),
        ("tag", &filter.tag),
        ("schedule", &filter.schedule),
    ];
    for (member, value) in texts {
        if value.as_ref().is_some_and(|value| value.contains('\0')) {
            faults.add(format!("/{member}"), "invalid", format!("`{member}` has a NUL character in it"));
        }
    }
    faults.moment("", "since", filter.since);
    faults.moment("", "until", filter.until);
    let has_nul =
        |args: &Map<String, Value>| args.iter().any(|(name, value)| name.contains('\0') || has_nul(value));
    if filter.args.as_ref().is_some_and(has_nul) {
        faults.add("/args", "invalid", "`args` has a NUL character in it");
    }
    faults.check()
}

//! A trigger as it was sent, checked and written.

use annex_openapi::problem::FieldError;
use annex_openapi::triggers::Trigger;
use serde_json::Value;
use sqlx::PgConnection;

use super::store;
use crate::app::App;
use crate::collections::catalogue::Snapshot;
use crate::events::{self, input::Wanted};
use crate::jobs::input::{Faults, entry};
use crate::problem::{Problem, Result};

/// The most tags of a job: it gets one more.
const MAX_TAGS: usize = 19;

/// What enqueues.
fn wanted(trigger: &Trigger) -> Wanted<'_> {
    Wanted {
        events: &trigger.events,
        collection: trigger.collection.as_deref(),
        condition: trigger.condition.as_deref(),
        fields: None,
    }
}

/// Checks what a trigger is to be.
///
/// # Errors
/// `validation_failed`, `invalid_expression`, `not_live`
pub fn check(trigger: &Trigger, snapshot: &Snapshot) -> Result<()> {
    let mut faults = Faults::default();
    let job = &trigger.job;
    faults.job("/job", job);
    for (member, is_there) in [("run_at", job.run_at.is_some()), ("deadline", job.deadline.is_some())] {
        if is_there {
            let detail =
                format!("`{member}` is not for the job of a trigger, which enqueues again and again");
            faults.add(format!("/job/{member}"), "not_allowed", detail);
        }
    }
    if job.tags.as_ref().is_some_and(|tags| tags.len() > MAX_TAGS) {
        faults.add(
            "/job/tags",
            "out_of_range",
            format!("there are at most {MAX_TAGS} `tags`: the trigger adds one"),
        );
    }
    if job.args.as_ref().is_some_and(|args| args.contains_key("event")) {
        faults.add("/job/args/event", "not_allowed", "`event` is what happened: the trigger adds it");
    }
    wanted(trigger).check(&mut faults, snapshot);
    faults.check()?;
    wanted(trigger).check_condition(snapshot)
}

/// Has the log kept that the trigger is told from, where it needs one. Nothing may have been written before in the transaction.
///
/// # Errors
/// `not_live`, `overloaded`
pub async fn keep_log(app: &App, transaction: &mut PgConnection, trigger: &Trigger) -> Result<()> {
    if trigger.enabled && wanted(trigger).is_about_records() {
        events::keep_log(app, transaction).await?;
    }
    Ok(())
}

/// Writes the trigger.
///
/// # Errors
/// `validation_failed`, `conflict`
pub async fn write(transaction: &mut PgConnection, trigger: &Trigger) -> Result<()> {
    let job = Value::from(entry(&trigger.job, trigger.created_by)?);
    store::replace(&mut *transaction, trigger, &job).await.map_err(refused)?;
    events::publish(transaction).await
}

fn refused(error: sqlx::Error) -> Problem {
    let constraint = error.as_database_error().and_then(|said| said.constraint());
    if constraint != Some("triggers_collection_fkey") {
        return error.into();
    }
    let detail = "`collection` names no collection";
    Problem::validation(vec![FieldError::new("/collection", "no_such_collection", detail)])
}

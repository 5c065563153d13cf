//! Where jobs stand, as they are known by sight: a colour, and a word with its picture for who sees no colours.

use annex_openapi::jobs::{AttemptOutcome, Job, JobState};
use leptos::prelude::*;

use crate::ui::{Badge, IconName, Tone};

/// How a state looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Face {
    /// What it is called.
    pub words: &'static str,
    /// Its picture.
    pub icon: IconName,
    /// Its colour.
    pub tone: Tone,
}

const fn looks(words: &'static str, icon: IconName, tone: Tone) -> Face {
    Face { words, icon, tone }
}

impl Face {
    /// That of a state.
    pub fn of_state(state: JobState) -> Self {
        match state {
            JobState::Scheduled => looks("Scheduled", IconName::CalendarClock, Tone::Neutral),
            JobState::Ready => looks("Ready", IconName::CircleDashed, Tone::Neutral),
            JobState::Running => looks("Running", IconName::CirclePlay, Tone::Accent),
            JobState::Succeeded => looks("Succeeded", IconName::CircleCheck, Tone::Good),
            JobState::Failed => looks("Failed", IconName::CircleAlert, Tone::Bad),
            JobState::Cancelled => looks("Cancelled", IconName::CircleSlash, Tone::Neutral),
        }
    }

    /// That of a job, which may say more than its state.
    pub fn of(job: &Job) -> Self {
        let waits = job.waiting_for.as_ref().is_some_and(|others| !others.is_empty());
        match job.state {
            JobState::Running if job.cancel_requested => looks("Stopping", IconName::CircleSlash, Tone::Warn),
            JobState::Ready if job.blocked_by_limit => looks("At its limit", IconName::Gauge, Tone::Warn),
            JobState::Scheduled if waits || (job.run_at.is_none() && job.attempt == 0) => {
                looks("Waiting", IconName::Hourglass, Tone::Neutral)
            }
            JobState::Scheduled if job.attempt > 0 => looks("Retrying", IconName::RotateCcw, Tone::Warn),
            state => Self::of_state(state),
        }
    }

    /// That of an attempt.
    pub fn of_outcome(outcome: AttemptOutcome) -> Self {
        match outcome {
            AttemptOutcome::Running => looks("running", IconName::CirclePlay, Tone::Accent),
            AttemptOutcome::Succeeded => looks("succeeded", IconName::CircleCheck, Tone::Good),
            AttemptOutcome::Failed => looks("failed", IconName::CircleAlert, Tone::Bad),
            AttemptOutcome::Lost => looks("was lost", IconName::Unlink, Tone::Bad),
            AttemptOutcome::Cancelled => looks("was cancelled", IconName::CircleSlash, Tone::Neutral),
        }
    }
}

/// A face as a badge.
#[component]
pub fn FaceBadge(face: Face) -> impl IntoView {
    view! {
        <Badge tone=face.tone icon=face.icon>
            {face.words}
        </Badge>
    }
}

/// How far an attempt has come, where it says so.
#[component]
pub fn JobProgress(progress: Option<f64>) -> impl IntoView {
    progress.map(|progress| {
        let percent = (progress.clamp(0.0, 1.0) * 100.0).round();
        view! {
            <div
                class="progress"
                role="progressbar"
                aria-label="Progress"
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=percent.to_string()
            >
                <span style:width=format!("{percent}%")></span>
            </div>
        }
    })
}

/// A job that has nothing but these members.
#[cfg(test)]
pub fn fixture(id: u128, members: serde_json::Value) -> Job {
    let mut job = serde_json::json!({
        "id": uuid::Uuid::from_u128(id), "kind": "a", "state": "ready", "args": null, "queue": "default",
        "priority": 0, "key": null, "unique_key": null, "tags": [], "attempt": 0, "max_attempts": 20, "backoff": null,
        "run_at": null, "deadline": null, "timeout_seconds": null, "batch_id": null, "step": null, "schedule": null,
        "created_by": null, "created_at": "2026-01-01T00:00:00Z", "started_at": null, "finished_at": null, "worker": null,
        "progress": null, "message": null, "cancel_requested": false, "blocked_by_limit": false, "result": null, "error": null,
    });
    let whole = job.as_object_mut().expect("an object");
    whole.extend(members.as_object().expect("an object").clone());
    serde_json::from_value(job).expect("a job")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Face, fixture};

    #[test]
    fn a_state_says_why_a_job_does_not_run() {
        let words = |members| Face::of(&fixture(1, members)).words;
        let later = "2026-01-01T00:01:00Z";
        assert_eq!(words(json!({})), "Ready");
        assert_eq!(words(json!({"blocked_by_limit": true})), "At its limit");
        assert_eq!(words(json!({"state": "scheduled", "run_at": later})), "Scheduled");
        assert_eq!(words(json!({"state": "scheduled", "run_at": later, "attempt": 1})), "Retrying");
        assert_eq!(words(json!({"state": "scheduled"})), "Waiting");
        assert_eq!(words(json!({"state": "running", "cancel_requested": true})), "Stopping");
    }
}

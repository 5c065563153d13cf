//! What became of a job, drawn: how long it waited and ran, and each attempt by itself.

use annex_openapi::jobs::{AttemptOutcome, Job, JobAttempt, JobError, JobState};
use leptos::prelude::*;
use time::OffsetDateTime;

use crate::format;
use crate::json;
use crate::pages::jobs::state::Face;
use crate::ui::time::use_now;
use crate::ui::{Card, Clock, Icon, IconName, Tone, Until};

/// A part of a job's time.
#[derive(Debug, Clone, PartialEq)]
struct Span {
    /// How it ended, or that it was waiting.
    outcome: Option<AttemptOutcome>,
    seconds: f64,
}

/// The time from the enqueueing on: waiting, the first attempt, waiting, the second and so on, until it ended or now.
fn spans(job: &Job, now: OffsetDateTime) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = job.created_at;
    let mut push = |outcome: Option<AttemptOutcome>, from: OffsetDateTime, to: OffsetDateTime| {
        let seconds = (to - from).as_seconds_f64();
        if seconds > 0.0 || outcome.is_some() {
            spans.push(Span { outcome, seconds: seconds.max(0.0) });
        }
    };
    for attempt in job.attempts.iter().flatten() {
        push(None, at, attempt.started_at);
        at = attempt.finished_at.unwrap_or(now).max(attempt.started_at);
        push(Some(attempt.outcome), attempt.started_at, at);
    }
    if !job.state.is_final() && job.state != JobState::Running {
        push(None, at, now);
    }
    spans
}

/// The attempts.
#[component]
pub fn Timeline(job: Signal<Job>) -> impl IntoView {
    let now = use_now();
    // What is over stays as it is; only what lasts is drawn anew each second.
    let drawn = Memo::new(move |_| {
        job.with(|job| if job.state.is_final() { spans(job, job.created_at) } else { spans(job, now.get()) })
    });
    let attempts = Memo::new(move |_| job.with(|job| job.attempts.clone().unwrap_or_default()));
    view! {
        <Card title="Timeline">
            <div class="stack">
                <Strip spans=drawn />
                <ol class="moments">
                    {move || moment(IconName::Send, Tone::Neutral, enqueued(&job.read()), job.read().created_at)}
                    {move || {
                        let most = job.with(|job| job.max_attempts);
                        let mut before = None;
                        attempts
                            .get()
                            .into_iter()
                            .map(|attempt| {
                                let error = attempt.error.clone();
                                let is_same = error.is_some() && error == before;
                                before = error;
                                told(attempt, most, is_same)
                            })
                            .collect_view()
                    }}
                    {move || ending(&job.read())}
                </ol>
            </div>
        </Card>
    }
}

#[component]
fn Strip(spans: Memo<Vec<Span>>) -> impl IntoView {
    let words = |span: &Span| {
        let what = span.outcome.map_or("Waited", |outcome| match outcome {
            AttemptOutcome::Running => "Runs",
            AttemptOutcome::Succeeded => "Ran",
            AttemptOutcome::Failed => "Failed after",
            AttemptOutcome::Lost => "Lost after",
            AttemptOutcome::Cancelled => "Stopped after",
        });
        format!("{what} {}", format::lasting(span.seconds))
    };
    let class = |span: &Span| match span.outcome {
        None => "strip-part waits",
        Some(AttemptOutcome::Running) => "strip-part runs",
        Some(AttemptOutcome::Succeeded) => "strip-part good",
        Some(AttemptOutcome::Failed | AttemptOutcome::Lost) => "strip-part bad",
        Some(AttemptOutcome::Cancelled) => "strip-part stopped",
    };
    view! {
        <div class="strip" aria-hidden="true">
            {move || {
                spans
                    .with(|spans| {
                        spans
                            .iter()
                            .map(|span| {
                                view! {
                                    <span
                                        class=class(span)
                                        data-tip=words(span)
                                        style:flex-grow=format!("{:.3}", span.seconds.max(0.001))
                                    ></span>
                                }
                            })
                            .collect_view()
                    })
            }}
        </div>
    }
}

fn moment(icon: IconName, tone: Tone, words: String, at: OffsetDateTime) -> impl IntoView {
    view! {
        <li class="moment">
            <span class=format!("moment-mark {}", tone.class())>
                <Icon name=icon />
            </span>
            <div class="row wrap moment-words">
                <span class="grow">{words}</span>
                <span class="faint small">
                    <Clock at />
                </span>
            </div>
        </li>
    }
}

fn enqueued(job: &Job) -> String {
    match (&job.schedule, job.created_by) {
        (Some(schedule), _) => format!("Enqueued by the schedule {schedule}"),
        (None, Some(_)) => "Enqueued over the API".to_owned(),
        (None, None) => "Enqueued".to_owned(),
    }
}

/// An attempt; what went wrong is not said twice.
fn told(attempt: JobAttempt, most: u16, is_same: bool) -> impl IntoView {
    let face = Face::of_outcome(attempt.outcome);
    let took = attempt.finished_at.map(|at| format::lasting((at - attempt.started_at).as_seconds_f64()));
    let worker = attempt.worker.map(|worker| format!(" by {worker}")).unwrap_or_default();
    view! {
        <li class="moment">
            <span class=format!("moment-mark {}", face.tone.class())>
                <Icon name=face.icon />
            </span>
            <div class="stack tight grow">
                <div class="row wrap moment-words">
                    <span class="grow">
                        <strong>{format!("Attempt {}", attempt.attempt)}</strong>
                        <span class="faint">{format!(" of {most} ")}</span>
                        {face.words}
                        {took.map(|took| format!(" after {took}"))}
                        <span class="soft">{worker}</span>
                    </span>
                    <span class="faint small">
                        <Clock at=attempt.started_at />
                    </span>
                </div>
                {attempt
                    .error
                    .map(|error| {
                        if is_same {
                            view! { <p class="soft">"The same as before"</p> }.into_any()
                        } else {
                            view! { <WhatWentWrong error /> }.into_any()
                        }
                    })}
            </div>
        </li>
    }
}

/// Why an attempt failed.
#[component]
pub fn WhatWentWrong(error: JobError) -> impl IntoView {
    view! {
        <div class="problem stack tight">
            <p class="job-error">{error.message}</p>
            {error.code.map(|code| view! { <p class="small"><code>{code}</code></p> })}
            {error.details.map(|details| view! { <pre class="small job-details">{json::indented(&details.to_string())}</pre> })}
        </div>
    }
}

/// What comes next, or how it ended where no attempt says so.
fn ending(job: &Job) -> AnyView {
    let mark = |icon: IconName, words: AnyView| {
        view! {
            <li class="moment next">
                <span class="moment-mark">
                    <Icon name=icon />
                </span>
                <div class="row wrap moment-words">{words}</div>
            </li>
        }
        .into_any()
    };
    match (job.state, job.run_at) {
        (JobState::Scheduled, Some(at)) => {
            let words = if job.attempt == 0 { "Runs " } else { "Is tried again " };
            mark(IconName::CalendarClock, view! { <span>{words} <Until at /></span> }.into_any())
        }
        (JobState::Scheduled, None) => {
            let number = job.waiting_for.as_ref().map_or(0, Vec::len);
            let words = if number == 1 {
                "Waits for one step to succeed".to_owned()
            } else {
                format!("Waits for {number} steps to succeed")
            };
            mark(IconName::Hourglass, words.into_any())
        }
        (JobState::Ready, _) if job.blocked_by_limit => {
            let key = job.key.clone().unwrap_or_default();
            let words = view! {
                <span>
                    "Waits for another job of the key " <code>{key}</code> " to end: the "
                    <a href=format!("/queues?limits={}", job.queue)>"limits of the queue"</a>
                    " allow no more"
                </span>
            };
            mark(IconName::Gauge, words.into_any())
        }
        (JobState::Ready, _) => {
            let words = view! {
                <span>"Waits for a worker of the queue " <a href=format!("/queues?queue={}", job.queue)>{job.queue.clone()}</a></span>
            };
            mark(IconName::CircleDashed, words.into_any())
        }
        (JobState::Cancelled, _) => {
            let is_told =
                job.attempts.iter().flatten().any(|attempt| attempt.outcome == AttemptOutcome::Cancelled);
            match job.finished_at.filter(|_| !is_told) {
                Some(at) => {
                    moment(IconName::CircleSlash, Tone::Neutral, "Cancelled before it ran".to_owned(), at)
                        .into_any()
                }
                None => ().into_any(),
            }
        }
        _ => ().into_any(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pages::jobs::state::fixture;

    #[test]
    fn time_is_spent_waiting_and_running() {
        let attempts = json!([
            {"attempt": 1, "outcome": "failed", "worker": null, "started_at": "2026-01-01T00:00:02Z",
             "finished_at": "2026-01-01T00:00:03Z", "result": null, "error": {"message": "No"}},
            {"attempt": 2, "outcome": "running", "worker": null, "started_at": "2026-01-01T00:00:08Z", "finished_at": null,
             "result": null, "error": null},
        ]);
        let job = fixture(1, json!({"state": "running", "attempts": attempts}));
        let now = job.created_at + time::Duration::seconds(10);
        let drawn: Vec<_> = spans(&job, now).into_iter().map(|span| (span.outcome, span.seconds)).collect();
        let (failed, running) = (Some(AttemptOutcome::Failed), Some(AttemptOutcome::Running));
        assert_eq!(drawn, [(None, 2.0), (failed, 1.0), (None, 5.0), (running, 2.0)]);
        let waiting = fixture(1, json!({"state": "ready"}));
        assert_eq!(spans(&waiting, now), [Span { outcome: None, seconds: 10.0 }]);
        assert_eq!(spans(&fixture(1, json!({"state": "cancelled"})), now), []);
    }
}

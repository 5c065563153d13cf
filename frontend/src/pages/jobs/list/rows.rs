//! Jobs as rows of a table, each of which stays as its job does.

use annex_openapi::jobs::{Job, JobState};
use leptos::prelude::*;
use time::OffsetDateTime;
use uuid::Uuid;

use super::chosen::Chosen;
use crate::api::Pages;
use crate::format;
use crate::json;
use crate::pages::jobs::state::{Face, FaceBadge, JobProgress};
use crate::ui::time::use_now;
use crate::ui::{Badge, Button, Checkbox};

/// The most signs of the arguments that a row shows.
const PREVIEW: usize = 160;

/// The table; with boxes to choose jobs where `chosen` is given.
#[component]
pub fn JobRows(pages: Pages<Job>, #[prop(optional)] chosen: Option<Chosen>) -> impl IntoView {
    let now = use_now();
    let ids = Memo::new(move |_| {
        pages.items.with(|items| items.iter().flatten().map(|job| job.id).collect::<Vec<Uuid>>())
    });
    view! {
        <div class="table-frame" class:is-loading=pages.loading>
            <table class="table jobs" class:choosable=chosen.is_some()>
                <thead>
                    <tr>
                        {chosen
                            .map(|chosen| {
                                view! {
                                    <th scope="col" class="choose">
                                        <Checkbox
                                            label="Select all shown"
                                            checked=Signal::derive(move || {
                                                chosen.is_all() || ids.with(|ids| !ids.is_empty() && ids.iter().all(|id| chosen.has(*id)))
                                            })
                                            indeterminate=Signal::derive(move || {
                                                !chosen.is_empty() && !chosen.is_all()
                                                    && ids.with(|ids| ids.iter().any(|id| !chosen.has(*id)))
                                            })
                                            change=move |on| if on { chosen.choose(&ids.get_untracked()) } else { chosen.clear() }
                                        />
                                    </th>
                                }
                            })}
                        <th scope="col">"Job"</th>
                        <th scope="col">"State"</th>
                        <th scope="col" class="only-wide">
                            "Queue"
                        </th>
                        <th scope="col" class="end only-wide">
                            "Attempts"
                        </th>
                        <th scope="col" class="end only-wide">
                            "When"
                        </th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || ids.get() key=|id| *id let(id)>
                        {row(id, pages, chosen, now)}
                    </For>
                </tbody>
            </table>
        </div>
        <div class="list-foot">
            {move || {
                pages
                    .has_more()
                    .then(|| view! { <Button busy=pages.loading press=move |_| pages.more()>"Show older"</Button> })
            }}
        </div>
    }
}

/// What a row says of its job besides its state: what is wrong, how far it is, or what it is done with.
fn about(job: &Job) -> (&'static str, String) {
    let error = job
        .error
        .as_ref()
        .filter(|_| job.state == JobState::Failed || (job.state == JobState::Scheduled && job.attempt > 0));
    if let Some(error) = error {
        return ("bad", error.message.clone());
    }
    if let Some(message) = job.message.clone().filter(|_| job.state == JobState::Running) {
        return ("", message);
    }
    match &job.args {
        None => ("faint", "Large arguments".to_owned()),
        Some(args) => ("mono", json::compact(&args.to_string()).chars().take(PREVIEW).collect()),
    }
}

/// When it ended, runs or will run.
fn when(job: &Job, now: OffsetDateTime) -> String {
    match (job.state, job.run_at, job.started_at, job.finished_at) {
        (JobState::Scheduled, Some(at), _, _) => format::until(at, now),
        (JobState::Running, _, Some(at), _) => {
            format!("for {}", format::span((now - at).whole_seconds().max(0) as u64))
        }
        (_, _, _, Some(at)) => format::ago(at, now),
        _ => format!("enqueued {}", format::ago(job.created_at.min(now), now)),
    }
}

fn row(
    id: Uuid,
    pages: Pages<Job>,
    chosen: Option<Chosen>,
    now: ReadSignal<OffsetDateTime>,
) -> Option<impl IntoView> {
    let find = move || pages.items.with(|items| items.as_ref()?.iter().find(|job| job.id == id).cloned());
    let first = untrack(find)?;
    let kind = first.kind.clone();
    let queue = first.queue.clone();
    let tags = first.tags.clone();
    let job = Memo::new(move |before: Option<&Job>| {
        find().or_else(|| before.cloned()).unwrap_or_else(|| first.clone())
    });
    let face = Memo::new(move |_| job.with(Face::of));
    let is_chosen = move || chosen.is_some_and(|chosen| chosen.has(id));
    let said = Memo::new(move |_| job.with(about));
    let moment = Memo::new(move |_| job.with(|job| when(job, now.get())));
    Some(view! {
        <tr class="link" class:chosen=is_chosen>
            {chosen
                .map(|chosen| {
                    view! {
                        <td class="choose">
                            <Checkbox
                                label=format!("Select {kind}")
                                checked=Signal::derive(is_chosen)
                                change=move |_| chosen.toggle(id)
                            />
                        </td>
                    }
                })}
            <td class="job">
                <div class="row">
                    <a class="row-link truncate" href=format!("/jobs/{id}")>
                        {kind.clone()}
                    </a>
                    {tags.into_iter().map(|tag| view! { <Badge>{tag}</Badge> }).collect_view()}
                </div>
                {move || {
                    let (class, words) = said.get();
                    view! { <div class=format!("soft small truncate {class}")>{words}</div> }
                }}
                <div class="only-narrow row soft small">
                    <span class="truncate">{queue.clone()}</span>
                    <span class="numbers">{moment}</span>
                </div>
            </td>
            <td>
                {move || view! { <FaceBadge face=face.get() /> }}
                {move || {
                    let job = job.read();
                    (job.state == JobState::Running).then(|| view! { <JobProgress progress=job.progress /> })
                }}
            </td>
            <td class="only-wide soft">
                <div class="truncate">{queue}</div>
            </td>
            <td class="end numbers only-wide soft">
                {move || job.with(|job| format!("{} / {}", job.attempt, job.max_attempts))}
            </td>
            <td class="end numbers only-wide soft">{moment}</td>
        </tr>
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pages::jobs::state::fixture;

    #[test]
    fn a_row_says_what_matters_of_its_state() {
        let error = json!({"message": "No such address"});
        assert_eq!(about(&fixture(1, json!({"state": "failed", "error": error}))).1, "No such address");
        let again = json!({"state": "succeeded", "error": error, "args": {"a": [1]}});
        assert_eq!(about(&fixture(1, again)), ("mono", r#"{"a":[1]}"#.to_owned()));
        assert_eq!(about(&fixture(1, json!({"state": "running", "message": "4 of 10"}))).1, "4 of 10");
    }

    #[test]
    fn a_row_says_when() {
        let now = fixture(1, json!({})).created_at + time::Duration::seconds(60);
        let said = |members| when(&fixture(1, members), now);
        assert_eq!(said(json!({})), "enqueued 1 min ago");
        assert_eq!(said(json!({"state": "scheduled", "run_at": "2026-01-01T00:01:30Z"})), "in 30 s");
        assert_eq!(said(json!({"state": "running", "started_at": "2026-01-01T00:00:50Z"})), "for 10 s");
        assert_eq!(said(json!({"state": "running", "started_at": "2026-01-01T00:01:00Z"})), "for 0 s");
        assert_eq!(said(json!({"state": "failed", "finished_at": "2026-01-01T00:00:40Z"})), "20 s ago");
    }
}

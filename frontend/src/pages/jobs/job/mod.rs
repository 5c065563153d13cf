//! One job: what it is done with, what became of it so far, and what can be done about it.

mod facts;
mod file;
mod follow;
mod log;
mod timeline;

use annex_openapi::jobs::{Job, JobState};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_params_map;
use serde_json::Value;
use uuid::Uuid;

use self::facts::Facts;
use self::file::JobFile;
use self::follow::Followed;
use self::log::Log;
use self::timeline::{Timeline, WhatWentWrong};
use super::state::{Face, FaceBadge, JobProgress};
use crate::api::jobs::Deed;
use crate::api::use_api;
use crate::json;
use crate::shell::{PageHead, shortcut};
use crate::ui::time::use_now;
use crate::ui::toast::use_toasts;
use crate::ui::{
    Button, Card, CodeView, Confirm, Empty, ErrorNotice, IconName, Language, LinkButton, Skeleton,
};

/// The job that the address names. The page is made anew for another one.
#[component]
pub fn JobPage() -> impl IntoView {
    let params = use_params_map();
    let id =
        Memo::new(move |_| params.with(|params| Uuid::parse_str(&params.get("id").unwrap_or_default()).ok()));
    move || match id.get() {
        Some(id) => view! { <Page id /> }.into_any(),
        None => view! {
            <PageHead title="Job" over=("Jobs", "/jobs") />
            <NoSuchJob />
        }
        .into_any(),
    }
}

#[component]
fn NoSuchJob() -> impl IntoView {
    view! {
        <Empty icon=IconName::ListChecks title="There is no such job">
            <p>"It was discarded, or ended so long ago that it is not kept any more."</p>
            <LinkButton href="/jobs">"All jobs"</LinkButton>
        </Empty>
    }
}

#[component]
fn Page(id: Uuid) -> impl IntoView {
    let followed = Followed::start(use_api(), id);
    let title = move || {
        followed.job.with(|job| job.as_ref().map_or_else(|| "Job".to_owned(), |job| job.kind.clone()))
    };
    let is_there = Memo::new(move |_| followed.job.with(Option::is_some));
    let is_gone = move || {
        followed.failure.with(|failure| failure.as_ref().is_some_and(|error| error.status() == Some(404)))
    };
    view! {
        <PageHead
            title=Signal::derive(title)
            over=("Jobs", "/jobs")
            actions=move || view! { <Actions followed id /> }
        />
        {move || {
            if is_gone() {
                view! { <NoSuchJob /> }.into_any()
            } else if is_there.get() {
                view! { <Inside followed /> }.into_any()
            } else {
                view! {
                    <div class="page wide">
                        <ErrorNotice error=followed.failure retry=move |()| followed.read() />
                        {move || followed.failure.with(Option::is_none).then(|| view! { <Skeleton lines=8 /> })}
                    </div>
                }
                    .into_any()
            }
        }}
    }
}

/// What can be done about it.
#[component]
fn Actions(followed: Followed, id: Uuid) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let asking = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let state = Memo::new(move |_| {
        followed.job.with(|job| job.as_ref().map(|job| (job.state, job.cancel_requested)))
    });
    let act = move |deed: Deed, done: &'static str, failed: &'static str| {
        busy.set(true);
        spawn_local(async move {
            match api.change_job(id, deed).await {
                Ok(()) => {
                    toasts.say(done);
                    followed.read();
                }
                Err(error) => toasts.fail(failed, &error),
            }
            busy.try_set(false);
        });
    };
    let can =
        move |deed: Deed| state.get().is_some_and(|(state, is_stopping)| deed.fits(state) && !is_stopping);
    let retry = move || act(Deed::Retry, "It is tried again", "It was not tried again");
    let cancel = move || {
        let is_running = state.get_untracked().is_some_and(|(state, _)| state == JobState::Running);
        act(
            Deed::Cancel,
            if is_running { "Its worker is asked to stop" } else { "It is cancelled" },
            "It was not cancelled",
        );
    };
    shortcut("r", "Retry the job", move || {
        if untrack(|| can(Deed::Retry)) {
            retry();
        }
    });
    view! {
        {move || {
            can(Deed::Retry)
                .then(|| {
                    view! {
                        <Button icon=IconName::RotateCcw busy keys="r" tip="Retry" press=move |_| retry()>
                            "Retry"
                        </Button>
                    }
                })
        }}
        {move || {
            can(Deed::Cancel)
                .then(|| {
                    view! {
                        <Button icon=IconName::CircleSlash busy press=move |_| asking.set(true)>
                            "Cancel"
                        </Button>
                    }
                })
        }}
        <Confirm open=asking title="Cancel this job?" action="Cancel the job" done=move |()| cancel()>
            <p class="soft">
                "Where it waits, it does not run any more. Where it runs, its worker is asked to stop it. It can be retried afterwards."
            </p>
        </Confirm>
    }
}

#[component]
fn Inside(followed: Followed) -> impl IntoView {
    let last = StoredValue::new(followed.job.get_untracked());
    // The page shows once the job is there; it is never taken away again.
    let job = Memo::new(move |_| {
        followed.job.get().or_else(|| last.get_value()).expect("the page shows a job that was read")
    });
    let args = Memo::new(move |_| job.with(|job| job.args.clone().unwrap_or(Value::Null)));
    let result =
        Memo::new(move |_| job.with(|job| job.result.clone().filter(|_| job.state == JobState::Succeeded)));
    let error =
        Memo::new(move |_| job.with(|job| job.error.clone().filter(|_| job.state == JobState::Failed)));
    view! {
        <div class="page wide job-page">
            <ErrorNotice error=followed.failure retry=move |()| followed.read() />
            <Standing job />
            <div class="job-columns">
                <div class="stack">
                    {move || {
                        error
                            .get()
                            .map(|error| {
                                view! {
                                    <section aria-label="Why it failed">
                                        <WhatWentWrong error />
                                    </section>
                                }
                            })
                    }}
                    <JobFile id=job.with_untracked(|job| job.id) result />
                    {move || result.get().map(|result| view! { <Json title="Result" value=without_link(result) /> })}
                    {move || view! { <Json title="Arguments" value=args.get() /> }}
                    <Timeline job=job.into() />
                    <Log followed />
                </div>
                <aside>
                    <Facts job />
                </aside>
            </div>
        </div>
    }
}

/// Where it stands, in a line.
#[component]
fn Standing(job: Memo<Job>) -> impl IntoView {
    let now = use_now();
    let face = Memo::new(move |_| job.with(Face::of));
    let words = Memo::new(move |_| {
        job.with(|job| {
            let lasting = |from: time::OffsetDateTime, to: time::OffsetDateTime| {
                crate::format::lasting((to - from).as_seconds_f64())
            };
            match (job.state, job.started_at, job.finished_at) {
                (JobState::Running, Some(at), _) => {
                    format!("for {}", crate::format::span((now.get() - at).whole_seconds().max(0) as u64))
                }
                (_, Some(from), Some(to)) => format!(
                    "{}, the last attempt took {}",
                    crate::format::ago(to, now.get()),
                    lasting(from, to)
                ),
                (_, None, Some(to)) => crate::format::ago(to, now.get()),
                _ => String::new(),
            }
        })
    });
    let progress =
        Memo::new(move |_| job.with(|job| job.progress.filter(|_| job.state == JobState::Running)));
    let message =
        Memo::new(move |_| job.with(|job| job.message.clone().filter(|_| job.state == JobState::Running)));
    view! {
        <div class="standing">
            <div class="row wrap" role="status">
                {move || view! { <FaceBadge face=face.get() /> }}
                <span class="soft small numbers">{words}</span>
                {move || message.get().map(|message| view! { <span class="small">{message}</span> })}
                {move || {
                    progress.get().map(|progress| view! { <span class="small numbers soft">{format!("{:.0} %", progress * 100.0)}</span> })
                }}
            </div>
            {move || view! { <JobProgress progress=progress.get() /> }}
        </div>
    }
}

/// The link to a file is not shown: whoever has it may read the file.
fn without_link(mut result: Value) -> Value {
    if let Some(file) = result.get_mut("file").and_then(Value::as_object_mut) {
        file.remove("url");
    }
    result
}

/// Some JSON with its name.
#[component]
fn Json(title: &'static str, value: Value) -> impl IntoView {
    let text = json::indented(&value.to_string());
    view! {
        <Card title>
            <div class="job-json">
                <CodeView label=title text=Signal::stored(text) language=Language::Json />
            </div>
        </Card>
    }
}

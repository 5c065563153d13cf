//! One batch: how far it is, and its steps drawn or its jobs listed.

use annex_openapi::jobs::batches::JobBatch;
use annex_openapi::jobs::{Job, JobFilter, JobState};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_params_map;
use uuid::Uuid;

use super::graph::Graph;
use super::list::title;
use super::share::{Share, face};
use crate::api::jobs::Deed;
use crate::api::{Api, ApiError, Pages, use_api};
use crate::format;
use crate::pages::jobs::JobRows;
use crate::pages::jobs::state::FaceBadge;
use crate::poll;
use crate::shell::PageHead;
use crate::ui::time::use_now;
use crate::ui::toast::use_toasts;
use crate::ui::{Button, Confirm, CopyButton, Empty, ErrorNotice, IconName, Instant, LinkButton, Skeleton};
use crate::url;

/// How many jobs a page of the list has.
const PAGE: usize = 50;

/// The batch that the address names. The page is made anew for another one.
#[component]
pub fn BatchPage() -> impl IntoView {
    let params = use_params_map();
    let id =
        Memo::new(move |_| params.with(|params| Uuid::parse_str(&params.get("id").unwrap_or_default()).ok()));
    move || match id.get() {
        Some(id) => view! { <Page id /> }.into_any(),
        None => view! {
            <PageHead title="Batch" over=("Batches", "/batches") />
            <NoSuchBatch />
        }
        .into_any(),
    }
}

#[component]
fn NoSuchBatch() -> impl IntoView {
    view! {
        <Empty icon=IconName::Workflow title="There is no such batch">
            <p>"It ended so long ago that it is not kept any more, or the address is mistyped."</p>
            <LinkButton href="/batches">"All batches"</LinkButton>
        </Empty>
    }
}

/// The batch and its jobs as they were read last.
#[derive(Clone, Copy)]
struct Shown {
    api: Api,
    id: Uuid,
    batch: RwSignal<Option<JobBatch>>,
    failure: RwSignal<Option<ApiError>>,
    jobs: Pages<Job>,
}

impl Shown {
    async fn read(self) {
        match self.api.batch(self.id).await {
            Ok(found) => {
                self.failure.try_set(None);
                let is_new = self.batch.try_maybe_update(|batch| {
                    let is_new = batch.as_ref() != Some(&found);
                    *batch = Some(found);
                    (is_new, is_new)
                });
                if is_new == Some(true) {
                    self.jobs.reload();
                }
            }
            Err(error) => drop(self.failure.try_set(Some(error))),
        }
    }
}

#[component]
fn Page(id: Uuid) -> impl IntoView {
    let api = use_api();
    let of_batch = move || JobFilter { batch: Some(id), ..JobFilter::default() };
    let jobs = Pages::new(move |cursor| async move {
        let page = api.jobs(&of_batch(), PAGE, cursor).await?;
        Ok((page.items, page.next_cursor))
    });
    let shown = Shown { api, id, batch: RwSignal::new(None), failure: RwSignal::new(None), jobs };
    spawn_local(shown.read());
    let goes_on = Signal::derive(move || {
        shown.batch.with(|batch| batch.as_ref().is_none_or(|batch| batch.finished_at.is_none()))
    });
    poll::every(1500.0, goes_on, move || shown.read());
    let words = move || shown.batch.with(|batch| batch.as_ref().map_or_else(|| "Batch".to_owned(), title));
    let is_there = Memo::new(move |_| shown.batch.with(Option::is_some));
    let is_gone = move || {
        shown.failure.with(|failure| failure.as_ref().is_some_and(|error| error.status() == Some(404)))
    };
    view! {
        <PageHead
            title=Signal::derive(words)
            over=("Batches", "/batches")
            actions=move || view! { <Actions shown /> }
        />
        {move || {
            if is_gone() {
                view! { <NoSuchBatch /> }.into_any()
            } else if is_there.get() {
                view! { <Inside shown /> }.into_any()
            } else {
                view! {
                    <div class="page wide">
                        <ErrorNotice error=shown.failure retry=move |()| spawn_local(shown.read()) />
                        {move || shown.failure.with(Option::is_none).then(|| view! { <Skeleton lines=8 /> })}
                    </div>
                }
                    .into_any()
            }
        }}
    }
}

/// What can be done with its jobs.
#[component]
fn Actions(shown: Shown) -> impl IntoView {
    let toasts = use_toasts();
    let asking = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let number = move |of: fn(&JobBatch) -> u32| shown.batch.with(|batch| batch.as_ref().map_or(0, of));
    let act = move |deed: Deed, done: &'static str| {
        busy.set(true);
        spawn_local(async move {
            match shown.api.change_batch(shown.id, deed).await {
                Ok(batch) => {
                    toasts.say(done);
                    // What is given back was not taken: the page is gone.
                    if shown.batch.try_set(Some(batch)).is_none() {
                        shown.jobs.reload();
                    }
                }
                Err(error) => toasts.fail("The batch is as it was", &error),
            }
            busy.try_set(false);
        });
    };
    view! {
        {move || {
            (number(|batch| batch.failed + batch.cancelled) > 0)
                .then(|| {
                    view! {
                        <Button
                            icon=IconName::RotateCcw
                            busy
                            tip="Try again what failed or was cancelled"
                            press=move |_| act(Deed::Retry, "It goes on where it stopped")
                        >
                            "Retry"
                        </Button>
                    }
                })
        }}
        {move || {
            (number(|batch| batch.pending) > 0)
                .then(|| {
                    view! {
                        <Button icon=IconName::CircleSlash busy press=move |_| asking.set(true)>
                            "Cancel"
                        </Button>
                    }
                })
        }}
        <Confirm
            open=asking
            title=Signal::derive(move || match number(|batch| batch.pending) {
                1 => "Cancel 1 job?".to_owned(),
                number => format!("Cancel {} jobs?", format::count(i64::from(number))),
            })
            action="Cancel them"
            done=move |()| act(Deed::Cancel, "Its jobs are cancelled, or asked to stop")
        >
            <p class="soft">
                "Those of the batch that wait do not run any more, and the workers of those that run are asked to stop them. What has ended stays as it is."
            </p>
        </Confirm>
    }
}

#[component]
fn Inside(shown: Shown) -> impl IntoView {
    let now = use_now();
    let last = StoredValue::new(shown.batch.get_untracked());
    // The page shows once the batch is there; it is never taken away again.
    let batch = Memo::new(move |_| {
        shown.batch.get().or_else(|| last.get_value()).expect("the page shows a batch that was read")
    });
    let steps = Memo::new(move |_| batch.with(|batch| batch.steps.clone().unwrap_or_default()));
    let is_workflow = Memo::new(move |_| steps.with(|steps| !steps.is_empty()));
    let took = move || {
        let (begun, ended) = batch.with(|batch| (batch.created_at, batch.finished_at));
        format::lasting((ended.unwrap_or_else(|| now.get()) - begun).as_seconds_f64())
    };
    let link = move |words: &'static str,
                     class: &'static str,
                     number: fn(&JobBatch) -> u32,
                     state: Option<JobState>| {
        let mut values = vec![("batch", shown.id.to_string())];
        values.extend(state.map(|state| ("state", state.as_str().to_owned())));
        view! {
            <a class="tally" href=url::address("/jobs", &values)>
                <span class=format!("tally-mark {class}") aria-hidden="true"></span>
                <span class="numbers tally-number">{move || format::count(i64::from(batch.with(number)))}</span>
                <span class="soft small">{words}</span>
            </a>
        }
    };
    let id = shown.id.to_string();
    view! {
        <div class="page wide stack batch-page">
            <ErrorNotice error=shown.failure retry=move |()| spawn_local(shown.read()) />
            <section class="card batch-head" aria-label="How far it is">
                <div class="row wrap">
                    {move || view! { <FaceBadge face=batch.with(face) /> }}
                    <span class="soft small numbers">{took}</span>
                    <span class="faint small">
                        "begun " <Instant at=batch.with_untracked(|batch| batch.created_at) />
                    </span>
                    <span class="grow"></span>
                    {move || {
                        batch
                            .with(|batch| batch.callback_id)
                            .map(|id| view! { <a class="small" href=format!("/jobs/{id}")>"The job that its end began"</a> })
                    }}
                    {move || {
                        batch
                            .with(|batch| batch.callback.clone().filter(|_| batch.callback_id.is_none()))
                            .map(|callback| view! { <span class="soft small">"Then " <code>{callback.kind}</code></span> })
                    }}
                    <span class="row faint small">"Id" <CopyButton text=id /></span>
                </div>
                {move || view! { <Share batch=batch.get() /> }}
                <div class="tallies">
                    {link("jobs", "", |batch| batch.total, None)}
                    {link("succeeded", "good", |batch| batch.succeeded, Some(JobState::Succeeded))}
                    {link("failed", "bad", |batch| batch.failed, Some(JobState::Failed))}
                    {link("cancelled", "stopped", |batch| batch.cancelled, Some(JobState::Cancelled))}
                    {link("to go", "waits", |batch| batch.pending, None)}
                </div>
            </section>
            {move || {
                is_workflow
                    .get()
                    .then(|| {
                        view! {
                            <section class="card batch-graph" aria-label="Steps">
                                <Graph steps />
                            </section>
                        }
                    })
            }}
            <ErrorNotice error=shown.jobs.failure retry=move |()| shown.jobs.reload() />
            {move || {
                shown.jobs.items.with(Option::is_some).then(|| view! { <JobRows pages=shown.jobs /> })
            }}
        </div>
    }
}

//! The list of jobs.

mod chosen;
mod filters;
mod live;
mod rows;
mod toolbar;

use annex_openapi::jobs::{Job, JobFilter, JobState};
use leptos::prelude::*;
use leptos::task::spawn_local;

use self::chosen::{Chosen, ChosenBar};
use self::live::{Patience, refreshed};
pub use self::rows::JobRows;
use self::toolbar::{States, Toolbar};
use super::{FirstJob, JobsHead};
use crate::api::{Api, Pages, use_api};
use crate::poll;
use crate::shell::shortcut;
use crate::ui::{Button, Empty, ErrorNotice, IconName, Skeleton};
use crate::url::use_url_query;

/// How many jobs a page has.
const PAGE: usize = 50;
/// How many of those that are shown stay as the server has them.
const LIVE: usize = 200;

/// How many jobs stand where, as far as that is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts([Option<i64>; 6]);

impl Counts {
    fn of(&self, state: JobState) -> Option<i64> {
        self.0[state as usize]
    }

    fn set(&mut self, state: JobState, count: i64) {
        self.0[state as usize] = Some(count);
    }
}

/// The list as its parts use it.
#[derive(Clone, Copy)]
pub struct JobList {
    api: Api,
    /// What it is narrowed down to.
    pub filter: Memo<JobFilter>,
    /// What has been read.
    pub pages: Pages<Job>,
    /// The jobs that are chosen.
    pub chosen: Chosen,
    counts: RwSignal<Counts>,
}

impl JobList {
    /// Reads again what is shown; true where it has changed.
    pub async fn refresh(self) -> bool {
        let Some(asked) = self.filter.try_get_untracked() else { return false };
        let shown = self.pages.items.with_untracked(|items| items.as_ref().map_or(0, Vec::len));
        let answer = self.api.jobs(&asked, shown.clamp(PAGE, LIVE), None).await;
        // The filters may have changed meanwhile.
        if self.filter.try_get_untracked().as_ref() != Some(&asked) {
            return true;
        }
        match answer {
            Ok(page) => {
                self.pages.failure.set(None);
                let is_all = page.next_cursor.is_none();
                let items = self.pages.items.with_untracked(|shown| {
                    refreshed(shown.as_deref().unwrap_or_default(), page.items, is_all)
                });
                let is_new = self.pages.items.with_untracked(|shown| shown.as_ref() != Some(&items));
                if is_new {
                    self.chosen.keep(&items);
                    self.pages.items.set(Some(items));
                    self.count().await;
                }
                is_new
            }
            Err(error) => {
                self.pages.failure.set(Some(error));
                false
            }
        }
    }

    /// Asks how many jobs stand where: what the queues count anyway, and those that failed.
    async fn count(self) {
        let Some(filter) = self.filter.try_get_untracked() else { return };
        let mut counts = Counts::default();
        let only = JobFilter { state: None, queue: None, ..filter.clone() };
        if only == JobFilter::default()
            && let Ok(queues) = self.api.queues().await
        {
            let of = |count: fn(&annex_openapi::jobs::queues::QueueCounts) -> i64| {
                let is_meant = |name: &String| filter.queue.as_ref().is_none_or(|only| only == name);
                queues.iter().filter(|queue| is_meant(&queue.name)).map(|queue| count(&queue.counts)).sum()
            };
            counts.set(JobState::Scheduled, of(|counts| counts.scheduled));
            counts.set(JobState::Ready, of(|counts| counts.ready + counts.parked));
            counts.set(JobState::Running, of(|counts| counts.running));
        }
        let failed = JobFilter { state: Some(JobState::Failed), ..filter.clone() };
        if let Ok(count) = self.api.count_jobs(&failed, false).await {
            counts.set(JobState::Failed, count);
        }
        if self.filter.try_get_untracked().as_ref() == Some(&filter) {
            self.counts.set(counts);
        }
    }
}

/// The jobs, the newest first.
#[component]
pub fn Jobs() -> impl IntoView {
    let api = use_api();
    let query = use_url_query();
    let read = Memo::new(move |_| filters::of(|name| query.get(name)));
    let filter = Memo::new(move |_| read.with(|(filter, _)| filter.clone()));
    let mistake = Memo::new(move |_| read.with(|(_, mistake)| mistake.clone()));
    let pages = Pages::new(move |cursor| async move {
        let page = api.jobs(&filter.get_untracked(), PAGE, cursor).await?;
        Ok((page.items, page.next_cursor))
    });
    let counts = RwSignal::new(Counts::default());
    let list = JobList { api, filter, pages, chosen: Chosen::none(), counts };
    Effect::new(move || {
        filter.with(|_| ());
        list.chosen.clear();
        pages.reload();
        spawn_local(list.count());
    });
    let live = RwSignal::new(true);
    let patience = StoredValue::new(Patience::new());
    let is_listening = Signal::derive(move || live.get() && pages.items.with(Option::is_some));
    poll::every(2000.0, is_listening, move || async move {
        if patience.try_update_value(Patience::is_over) == Some(true) {
            let is_new = list.refresh().await;
            patience.try_update_value(|patience| patience.found(is_new));
        }
    });
    shortcut("p", "Pause or go on", move || live.update(|live| *live = !*live));

    view! {
        <JobsHead
            title="Jobs"
            actions=move || {
                view! {
                    <button
                        class="button secondary live"
                        type="button"
                        aria-pressed=move || live.get().to_string()
                        data-tip="Jobs change by themselves"
                        data-keys="p"
                        on:click=move |_| live.update(|live| *live = !*live)
                    >
                        <span class="live-dot" aria-hidden="true"></span>
                        {move || if live.get() { "Live" } else { "Paused" }}
                    </button>
                }
            }
        />
        <div class="page wide">
            <States query counts />
            <Toolbar list query mistake />
            <ErrorNotice error=pages.failure retry=move |()| pages.reload() />
            {move || match pages.items.with(|items| items.as_ref().map(Vec::is_empty)) {
                None if pages.failure.with(Option::is_some) => ().into_any(),
                None => view! { <Skeleton lines=10 /> }.into_any(),
                Some(true) if filter.with(filters::is_wide) && filter.with(|filter| filter.state.is_none()) => {
                    view! {
                        <FirstJob
                            title="No job yet"
                            about="A job is work that is done later and never lost: it is enqueued with the data that it belongs to, claimed by a worker, and tried again where it fails."
                        />
                    }
                        .into_any()
                }
                Some(true) => {
                    view! {
                        <Empty icon=IconName::Filter title="No job matches">
                            <p>"Jobs that do will show here as they come."</p>
                            <Button press=move |_| query.replace(&filters::cleared())>"Show all jobs"</Button>
                        </Empty>
                    }
                        .into_any()
                }
                Some(false) => view! { <JobRows pages chosen=list.chosen /> }.into_any(),
            }}
        </div>
        <ChosenBar list />
    }
}

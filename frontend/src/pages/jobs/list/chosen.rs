//! Choosing jobs, and what is done with those that are chosen.

use std::collections::BTreeSet;

use annex_openapi::jobs::{Job, JobFilter, JobState};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use uuid::Uuid;

use super::JobList;
use crate::api::jobs::{Changed, Deed};
use crate::api::{Api, ApiError, use_api};
use crate::format;
use crate::shell::shortcut;
use crate::ui::toast::use_toasts;
use crate::ui::{
    Button, ButtonKind, ButtonSize, Deliberate, Dialog, ErrorNotice, IconButton, IconName, TypeCount,
};

/// How many jobs can be chosen one by one: what one filter takes.
const MOST: usize = 1000;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Which {
    These(BTreeSet<Uuid>),
    AllThatMatch,
}

/// The jobs that are chosen.
#[derive(Clone, Copy)]
pub struct Chosen(RwSignal<Which>);

impl Chosen {
    /// None.
    pub fn none() -> Self {
        Self(RwSignal::new(Which::These(BTreeSet::new())))
    }

    /// Whether none is.
    pub fn is_empty(self) -> bool {
        self.0.with(|which| matches!(which, Which::These(ids) if ids.is_empty()))
    }

    /// Whether everything is that matches the filter, shown or not.
    pub fn is_all(self) -> bool {
        self.0.with(|which| *which == Which::AllThatMatch)
    }

    /// Whether that one is.
    pub fn has(self, id: Uuid) -> bool {
        self.0.with(|which| match which {
            Which::These(ids) => ids.contains(&id),
            Which::AllThatMatch => true,
        })
    }

    /// Chooses it, or no more. Where all were, those that are shown are but for it.
    pub fn toggle(self, id: Uuid) {
        self.0.update(|which| match which {
            Which::These(ids) => {
                if !ids.remove(&id) && ids.len() < MOST {
                    ids.insert(id);
                }
            }
            Which::AllThatMatch => *which = Which::These(BTreeSet::new()),
        });
    }

    /// Chooses these.
    pub fn choose(self, ids: &[Uuid]) {
        self.0.set(Which::These(ids.iter().take(MOST).copied().collect()));
    }

    /// Chooses none.
    pub fn clear(self) {
        self.0.set(Which::These(BTreeSet::new()));
    }

    /// Chooses everything that matches.
    fn choose_all(self) {
        self.0.set(Which::AllThatMatch);
    }

    /// Lets go of those that are not shown any more.
    pub fn keep(self, shown: &[Job]) {
        let is_gone = |id: &Uuid| shown.iter().all(|job| job.id != *id);
        if self.0.with_untracked(|which| matches!(which, Which::These(ids) if ids.iter().any(is_gone))) {
            self.0.update(|which| {
                if let Which::These(ids) = which {
                    ids.retain(|id| !is_gone(id));
                }
            });
        }
    }

    /// The filter that means them, among those that match.
    fn filter(self, list: JobList) -> JobFilter {
        match self.0.get_untracked() {
            Which::These(ids) => JobFilter { ids: Some(ids.into_iter().collect()), ..JobFilter::default() },
            Which::AllThatMatch => list.filter.get_untracked(),
        }
    }
}

/// What a deed is called, as a word, as what was done, and what it means.
fn words(deed: Deed) -> (&'static str, &'static str, &'static str) {
    match deed {
        Deed::Retry => (
            "Retry",
            "tried again",
            "They are tried again at once, whatever made them fail. Jobs that have not failed or been cancelled stay as they are.",
        ),
        Deed::Cancel => (
            "Cancel",
            "cancelled",
            "Those that wait do not run any more. The workers of those that run are asked to stop them, which takes as long as it takes. Jobs that have ended stay as they are.",
        ),
        Deed::Discard => (
            "Discard",
            "discarded",
            "They are deleted with their attempts and logs, which cannot be undone. Jobs that have not ended stay, and so do those of a batch that runs.",
        ),
    }
}

fn jobs(count: u64) -> String {
    if count == 1 { "1 job".to_owned() } else { format!("{} jobs", format::count(count as i64)) }
}

/// How many of those that match it can be done to: the states that it fits are counted, each exactly.
async fn matching(api: Api, filter: &JobFilter, deed: Deed) -> Result<u64, ApiError> {
    let fits = |state: &JobState| deed.fits(*state) && filter.state.is_none_or(|only| only == *state);
    let mut sum = 0;
    for state in JobState::ALL.into_iter().filter(fits) {
        let count = api.count_jobs(&JobFilter { state: Some(state), ..filter.clone() }, true).await?;
        sum += u64::try_from(count).unwrap_or_default();
    }
    Ok(sum)
}

/// What is chosen, and what can be done with it.
#[component]
pub fn ChosenBar(list: JobList) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let navigate = StoredValue::new(use_navigate());
    let chosen = list.chosen;
    let asked = RwSignal::new(None::<Deed>);
    let open = RwSignal::new(false);
    let count = RwSignal::new(None::<u64>);
    let failure = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    let deliberate = Deliberate::new(count);
    let begin = move |deed: Deed| {
        asked.set(Some(deed));
        failure.set(None);
        count.set(None);
        deliberate.begin();
        open.set(true);
        if !chosen.is_all() {
            let fitting = list.pages.items.with_untracked(|items| {
                let is_meant = |job: &&Job| untrack(|| chosen.has(job.id)) && deed.fits(job.state);
                items.iter().flatten().filter(is_meant).count()
            });
            return count.set(Some(fitting as u64));
        }
        spawn_local(async move {
            match matching(api, &list.filter.get_untracked(), deed).await {
                Ok(number) => drop(count.try_set(Some(number))),
                Err(error) => drop(failure.try_set(Some(error))),
            }
        });
    };
    let act = move || {
        let Some(deed) = asked.get_untracked() else { return };
        busy.set(true);
        failure.set(None);
        let filter = chosen.filter(list);
        spawn_local(async move {
            match api.change_jobs(&filter, deed).await {
                Ok(changed) => {
                    open.try_set(false);
                    chosen.clear();
                    match changed {
                        Changed::Jobs(number) => {
                            toasts.say(format!("{} {}", jobs(number), words(deed).1));
                            list.refresh().await;
                        }
                        // There are many: its page tells how far it is.
                        Changed::GoesOn(job) => {
                            navigate
                                .with_value(|navigate| navigate(&format!("/jobs/{job}"), Default::default()));
                        }
                    }
                }
                Err(error) => drop(failure.try_set(Some(error))),
            }
            busy.try_set(false);
        });
    };
    let is_empty = Memo::new(move |_| chosen.is_empty());
    shortcut("escape", "Clear the selection", move || {
        if !is_empty.get_untracked() {
            chosen.clear();
        }
    });
    let title = move || {
        let word = asked.get().map_or("", |deed| words(deed).0);
        // Those of a batch that runs are counted, and passed over.
        let most = if asked.get() == Some(Deed::Discard) && chosen.is_all() { " up to" } else { "" };
        match count.get() {
            Some(count) => format!("{word}{most} {}?", jobs(count)),
            None => format!("{word} jobs (being counted)?"),
        }
    };
    let may = move || {
        let is_typed = !chosen.is_all() || deliberate.is_meant();
        count.get().is_some_and(|count| count > 0) && is_typed
    };
    let deed = move |deed: Deed, icon: IconName| {
        view! {
            <Button size=ButtonSize::Small icon press=move |_| begin(deed)>
                {words(deed).0}
            </Button>
        }
    };
    view! {
        {move || {
            (!is_empty.get())
                .then(|| {
                    view! {
                        <div class="chosen-bar jobs-bar" role="region" aria-label="Selected jobs">
                            <span class="numbers" role="status">
                                {move || {
                                    if chosen.is_all() {
                                        "Everything that matches selected".to_owned()
                                    } else {
                                        let number = chosen.0.with(|which| match which {
                                            Which::These(ids) => ids.len(),
                                            Which::AllThatMatch => 0,
                                        });
                                        format!("{} selected", format::count(number as i64))
                                    }
                                }}
                            </span>
                            {move || {
                                (!chosen.is_all())
                                    .then(|| {
                                        view! {
                                            <Button
                                                kind=ButtonKind::Quiet
                                                size=ButtonSize::Small
                                                tip="Also those that are not shown"
                                                press=move |_| chosen.choose_all()
                                            >
                                                "Select everything that matches"
                                            </Button>
                                        }
                                    })
                            }}
                            <span class="grow"></span>
                            {deed(Deed::Retry, IconName::RotateCcw)}
                            {deed(Deed::Cancel, IconName::CircleSlash)}
                            {deed(Deed::Discard, IconName::Trash2)}
                            <IconButton
                                name=IconName::X
                                label="Clear the selection"
                                keys="escape"
                                size=ButtonSize::Small
                                press=move |_| chosen.clear()
                            />
                        </div>
                    }
                })
        }}
        <Dialog
            open
            title=Signal::derive(title)
            foot=move || {
                let kind = if asked.get() == Some(Deed::Retry) { ButtonKind::Primary } else { ButtonKind::Danger };
                view! {
                    <Button press=move |_| open.set(false)>"Keep them as they are"</Button>
                    <Button kind busy disabled=Signal::derive(move || !may()) press=move |_| act()>
                        {move || asked.get().map(|deed| format!("{} them", words(deed).0))}
                    </Button>
                }
            }
        >
            <div class="stack">
                <p>
                    {move || match (chosen.is_all(), list.filter.with(|filter| *filter == JobFilter::default())) {
                        (true, true) => "No filter is set: these are all jobs of this server.",
                        (true, false) => "These are all jobs that match the filter, including those that are not shown.",
                        (false, _) => "These are the selected jobs that it can be done to.",
                    }}
                </p>
                <p class="soft">{move || asked.get().map(|deed| words(deed).2)}</p>
                {move || chosen.is_all().then(|| view! { <TypeCount deliberate /> })}
                <ErrorNotice error=failure />
            </div>
        </Dialog>
    }
}

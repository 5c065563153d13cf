//! What the list is narrowed down to.

use annex_openapi::jobs::{JobFilter, JobState};
use leptos::prelude::*;

use super::filters::cleared;
use super::{Counts, JobList};
use crate::api::use_api;
use crate::format;
use crate::pages::jobs::state::Face;
use crate::ui::{Button, ButtonKind, Icon, IconName, Pick};
use crate::url::{self, UrlQuery};

/// A way to the jobs of each state, with how many there are where that is known.
#[component]
pub fn States(query: UrlQuery, counts: RwSignal<Counts>) -> impl IntoView {
    let chosen = query.memo("state");
    let link = move |state: Option<JobState>| {
        let name = state.map(JobState::as_str);
        let is_chosen = move || chosen.with(|chosen| chosen.as_deref() == name);
        let face = state.map(Face::of_state);
        let count = move || {
            let count = state.and_then(|state| counts.with(|counts| counts.of(state)));
            count.filter(|count| *count > 0).map(|count| {
                view! { <span class="state-count numbers">{format::brief(count)}</span> }
            })
        };
        view! {
            <a
                class="state-link"
                data-noscroll=""
                href=move || query.link(&[("state", name.map(str::to_owned))])
                aria-current=move || is_chosen().then_some("true")
            >
                {face.map(|face| view! { <span class=face.tone.class()><Icon name=face.icon /></span> })}
                {face.map_or("All", |face| face.words)}
                {count}
            </a>
        }
    };
    view! {
        <nav class="state-links" aria-label="State">
            {link(None)}
            {JobState::ALL.into_iter().map(|state| link(Some(state))).collect_view()}
        </nav>
    }
}

/// The other filters, each of which is part of the URL.
#[component]
pub fn Toolbar(list: JobList, query: UrlQuery, mistake: Memo<Option<String>>) -> impl IntoView {
    let api = use_api();
    let known = LocalResource::new(move || async move {
        let kinds = api.job_kinds().await.unwrap_or_default();
        kinds.into_iter().map(|kind| kind.name).collect::<Vec<_>>()
    });
    let queues = LocalResource::new(move || async move {
        let queues = api.queues().await.unwrap_or_default();
        queues.into_iter().map(|queue| queue.name).collect::<Vec<_>>()
    });
    // What is chosen, what the server knows by name, and what the list has.
    let options =
        move |name: &'static str, known: Vec<String>, own: fn(&annex_openapi::jobs::Job) -> &str| {
            let mut all = known;
            all.extend(query.get(name));
            list.pages.items.with(|items| {
                for job in items.iter().flatten() {
                    if !all.iter().any(|known| known == own(job)) {
                        all.push(own(job).to_owned());
                    }
                }
            });
            all.sort();
            all.dedup();
            all.into_iter().map(|name| (name.clone(), name)).collect::<Vec<_>>()
        };
    let kinds = Memo::new(move |_| options("kind", known.get().unwrap_or_default(), |job| &job.kind));
    let queues = Memo::new(move |_| options("queue", queues.get().unwrap_or_default(), |job| &job.queue));
    let put = move |name: &'static str| move |value: Option<String>| query.replace(&[(name, value)]);
    let is_narrowed = Memo::new(move |_| {
        list.filter.with(|filter| *filter != JobFilter::default()) || mistake.with(Option::is_some)
    });
    view! {
        <div class="toolbar jobs-toolbar">
            <Pick label="Kind" any="Any kind" value=query.memo("kind") options=kinds change=put("kind") />
            <Pick label="Queue" any="Any queue" value=query.memo("queue") options=queues change=put("queue") />
            <Written query name="tag" label="Tag" placeholder="Tag" />
            <Written
                query
                name="args"
                label="Arguments contain"
                placeholder="Arguments contain \"to\": \"ada@…\""
                mistake
                mono=true
            />
            {move || {
                query
                    .get("batch")
                    .map(|batch| {
                        let href = format!("/batches/{batch}");
                        view! { <Of query name="batch" icon=IconName::Layers href words="Of one batch".to_owned() /> }
                    })
            }}
            {move || {
                query
                    .get("schedule")
                    .map(|schedule| {
                        let href = url::address("/schedules", &[("schedule", schedule.clone())]);
                        view! { <Of query name="schedule" icon=IconName::CalendarClock href words=format!("Of {schedule}") /> }
                    })
            }}
            {move || {
                is_narrowed
                    .get()
                    .then(|| {
                        view! {
                            <Button kind=ButtonKind::Quiet press=move |_| query.replace(&cleared())>
                                "Clear"
                            </Button>
                        }
                    })
            }}
        </div>
        <p class="field-error" role="alert">
            {move || mistake.get()}
        </p>
    }
}

/// A filter that is set from elsewhere, with the way there.
#[component]
fn Of(query: UrlQuery, name: &'static str, icon: IconName, href: String, words: String) -> impl IntoView {
    view! {
        <span class="chip">
            <Icon name=icon />
            <a href=href>{words}</a>
            <button
                type="button"
                class="chip-remove"
                aria-label=format!("Remove the filter by {name}")
                on:click=move |_| query.replace(&[(name, None)])
            >
                <Icon name=IconName::X />
            </button>
        </span>
    }
}

/// A filter that is written; it counts once it is left, or Enter is pressed.
#[component]
fn Written(
    query: UrlQuery,
    name: &'static str,
    label: &'static str,
    placeholder: &'static str,
    #[prop(optional, into)] mistake: Signal<Option<String>>,
    #[prop(optional)] mono: bool,
) -> impl IntoView {
    let value = query.memo(name);
    view! {
        <input
            class=if mono { "input written mono" } else { "input written" }
            type="search"
            aria-label=label
            placeholder=placeholder
            autocomplete="off"
            autocapitalize="none"
            spellcheck="false"
            aria-invalid=move || mistake.with(Option::is_some).then_some("true")
            data-keys=mono.then_some("/")
            prop:value=move || value.get().unwrap_or_default()
            on:change:target=move |event| {
                let text = event.target().value().trim().to_owned();
                query.replace(&[(name, Some(text).filter(|text| !text.is_empty()))]);
            }
        />
    }
}

//! All queues with what waits in them.

use annex_openapi::jobs::queues::{Queue, QueueCounts, QueueUpdate, Rate};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::charts::Charts;
use super::history::{Sample, keep};
use super::limits::LimitsDialog;
use crate::api::{ApiError, use_api};
use crate::format;
use crate::pages::jobs::{FirstJob, JobsHead};
use crate::poll;
use crate::ui::toast::use_toasts;
use crate::ui::{Badge, Button, ButtonKind, ButtonSize, ErrorNotice, IconName, Skeleton, Sparkline, Tone};
use crate::url::{self, UrlQuery, use_url_query};

/// The queues as the page and its dialog share them.
#[derive(Clone, Copy)]
pub struct QueueList {
    /// As they were read last.
    pub items: RwSignal<Option<Vec<Queue>>>,
    /// Why they could not be read.
    failure: RwSignal<Option<ApiError>>,
    samples: RwSignal<Vec<Sample>>,
}

impl QueueList {
    /// The queue of that name.
    pub fn find(self, name: &str) -> Option<Queue> {
        self.items.with(|items| items.as_ref()?.iter().find(|queue| queue.name == name).cloned())
    }

    /// Puts a queue at its place.
    pub fn put(self, queue: Queue) {
        self.items.update(|items| {
            if let Some(own) = items.iter_mut().flatten().find(|own| own.name == queue.name) {
                *own = queue;
            }
        });
    }

    async fn read(self, api: crate::api::Api) {
        match api.queues().await {
            Ok(queues) => {
                let sample = Sample::of(&queues, js_sys::Date::now() / 1000.0);
                self.samples.try_update(|samples| keep(samples, sample));
                self.failure.try_set(None);
                self.items.try_maybe_update(|items| {
                    let is_new = items.as_ref() != Some(&queues);
                    *items = Some(queues);
                    (is_new, ())
                });
            }
            Err(error) => drop(self.failure.try_set(Some(error))),
        }
    }
}

/// The queues.
#[component]
pub fn Queues() -> impl IntoView {
    let api = use_api();
    let query = use_url_query();
    let list = QueueList {
        items: RwSignal::new(None),
        failure: RwSignal::new(None),
        samples: RwSignal::new(Vec::new()),
    };
    let chosen = query.memo("queue");
    spawn_local(list.read(api));
    poll::every(2000.0, Signal::stored(true), move || list.read(api));
    let names = Memo::new(move |_| {
        list.items.with(|items| {
            items.as_ref().map(|items| items.iter().map(|queue| queue.name.clone()).collect::<Vec<_>>())
        })
    });
    let since = move || {
        list.samples
            .with(|samples| samples.first().map(|sample| format::clock_of(sample.at)))
            .unwrap_or_default()
    };
    view! {
        <JobsHead title="Queues" />
        <div class="page wide stack">
            <ErrorNotice error=list.failure retry=move |()| spawn_local(list.read(api)) />
            {move || match names.get() {
                None if list.failure.with(Option::is_some) => ().into_any(),
                None => view! { <Skeleton lines=6 /> }.into_any(),
                Some(names) if names.is_empty() => {
                    view! {
                        <FirstJob
                            title="No queue yet"
                            about="A queue is a line that jobs wait in, with limits of its own. It comes to be with its first job."
                        />
                    }
                        .into_any()
                }
                Some(names) => {
                    view! {
                        <Charts samples=list.samples queue=chosen />
                        <div class="row wrap counted">
                            <span class="faint small">
                                {move || {
                                    let what = chosen.get().map_or_else(|| "all queues".to_owned(), |name| format!("the queue {name}"));
                                    format!("Of {what}. What waits and runs is counted by this page, since {}; the rest is of the last hour.", since())
                                }}
                            </span>
                            {move || {
                                chosen
                                    .with(Option::is_some)
                                    .then(|| {
                                        view! {
                                            <Button
                                                kind=ButtonKind::Quiet
                                                size=ButtonSize::Small
                                                press=move |_| query.replace(&[("queue", None)])
                                            >
                                                "Show all queues"
                                            </Button>
                                        }
                                    })
                            }}
                        </div>
                        <Table list names query />
                    }
                        .into_any()
                }
            }}
        </div>
        <LimitsDialog list />
    }
}

#[component]
fn Table(list: QueueList, names: Vec<String>, query: UrlQuery) -> impl IntoView {
    view! {
        <div class="table-frame">
            <table class="table queues">
                <thead>
                    <tr>
                        <th scope="col">"Queue"</th>
                        <th scope="col" class="end">
                            "Ready"
                        </th>
                        <th scope="col" class="end">
                            "Running"
                        </th>
                        <th scope="col" class="end only-wide">
                            "Scheduled"
                        </th>
                        <th scope="col" class="end only-wide">
                            "At a limit"
                        </th>
                        <th scope="col" class="only-wide depth">
                            "Waiting, lately"
                        </th>
                        <th scope="col" class="only-wide">
                            "Limits"
                        </th>
                        <th scope="col">
                            <span class="visually-hidden">"Actions"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{names.into_iter().map(|name| view! { <Row list name query /> }).collect_view()}</tbody>
            </table>
        </div>
    }
}

fn rate(rate: Rate) -> String {
    let period = match rate.period_seconds {
        1.0 => "s".to_owned(),
        60.0 => "min".to_owned(),
        3600.0 => "h".to_owned(),
        seconds => format::lasting(seconds),
    };
    format!("{} / {period}", format::count(i64::from(rate.limit)))
}

/// What holds a queue back, in a few words.
pub fn limits(queue: &Queue) -> Vec<String> {
    let at_once = |number: u32| format!("{} at once", format::count(i64::from(number)));
    [
        queue.concurrency.map(at_once),
        queue.rate.map(rate),
        queue.key_concurrency.map(|number| format!("{} per key", at_once(number))),
        queue.key_rate.map(|own| format!("{} per key", rate(own))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[component]
fn Row(list: QueueList, name: String, query: UrlQuery) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let name = StoredValue::new(name);
    let queue = Memo::new(move |before: Option<&Option<Queue>>| {
        name.with_value(|name| list.find(name)).or_else(|| before.cloned().flatten())
    });
    let paused = Memo::new(move |_| queue.with(|queue| queue.as_ref().is_some_and(|queue| queue.paused)));
    let busy = RwSignal::new(false);
    let number = move |of: fn(&QueueCounts) -> i64| {
        move || {
            queue.with(|queue| {
                let Some(queue) = queue else { return String::new() };
                match (of(&queue.counts), queue.counts.estimated) {
                    (number, true) => format::about(number),
                    (number, false) => format::count(number),
                }
            })
        }
    };
    let depth = move || {
        list.samples.with(|samples| {
            let value = |sample: &Sample| {
                name.with_value(|name| sample.value(Some(name), |counts| counts.ready + counts.parked))
            };
            samples.iter().skip(samples.len().saturating_sub(60)).map(value).collect::<Vec<_>>()
        })
    };
    let pause = move || {
        let wanted = !paused.get_untracked();
        busy.set(true);
        spawn_local(async move {
            let change = QueueUpdate { paused: Some(wanted), ..QueueUpdate::default() };
            let name = name.get_value();
            match api.change_queue(&name, &change).await {
                Ok(queue) => {
                    let words =
                        if wanted { "is paused: what runs goes on, nothing starts" } else { "goes on" };
                    toasts.say(format!("{name} {words}"));
                    list.put(queue);
                }
                Err(error) => toasts.fail("The queue is as it was", &error),
            }
            busy.try_set(false);
        });
    };
    let here = move || name.get_value();
    let is_chosen = move || query.get("queue").is_some_and(|chosen| name.with_value(|name| *name == chosen));
    let of_queue =
        move |state: &str| url::address("/jobs", &[("queue", here()), ("state", state.to_owned())]);
    view! {
        <tr class:chosen=is_chosen>
            <td>
                <div class="row wrap">
                    <a data-noscroll="" href=move || query.link(&[("queue", Some(here()))])>
                        <strong>{here()}</strong>
                    </a>
                    {move || {
                        paused
                            .get()
                            .then(|| {
                                view! {
                                    <Badge tone=Tone::Warn icon=IconName::Pause>
                                        "Paused"
                                    </Badge>
                                }
                            })
                    }}
                </div>
            </td>
            <td class="end numbers">
                <a href=of_queue("ready")>{number(|counts| counts.ready)}</a>
            </td>
            <td class="end numbers">
                <a href=of_queue("running")>{number(|counts| counts.running)}</a>
            </td>
            <td class="end numbers only-wide">
                <a href=of_queue("scheduled")>{number(|counts| counts.scheduled)}</a>
            </td>
            <td class="end numbers only-wide">{number(|counts| counts.parked)}</td>
            <td class="only-wide depth">
                <Sparkline values=Signal::derive(depth) hue="hue-1" />
            </td>
            <td class="only-wide soft">
                {move || {
                    let all = queue.with(|queue| queue.as_ref().map(limits).unwrap_or_default());
                    if all.is_empty() { "None".to_owned() } else { all.join(", ") }
                }}
            </td>
            <td class="end">
                <div class="row queue-actions">
                    <Button
                        size=ButtonSize::Small
                        icon=IconName::SlidersHorizontal
                        press=move |_| query.push(&[("limits", Some(here()))])
                    >
                        "Limits"
                        <span class="visually-hidden">{format!(" of {}", here())}</span>
                    </Button>
                    {move || {
                        let (icon, words) = if paused.get() { (IconName::Play, "Resume") } else { (IconName::Pause, "Pause") };
                        view! {
                            <Button size=ButtonSize::Small icon busy press=move |_| pause()>
                                {words}
                                <span class="visually-hidden">{format!(" {}", here())}</span>
                            </Button>
                        }
                    }}
                </div>
            </td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use annex_openapi::jobs::queues::Queue;
    use serde_json::json;

    use super::limits;

    #[test]
    fn limits_are_read_in_words() {
        let mut queue = json!({
            "name": "a", "paused": false, "concurrency": null, "rate": null, "key_concurrency": null, "key_rate": null,
            "counts": {"ready": 0, "parked": 0, "running": 0, "scheduled": 0, "estimated": false},
            "created_at": "2026-01-01T00:00:00Z",
        });
        let read = |queue: &serde_json::Value| {
            limits(&serde_json::from_value::<Queue>(queue.clone()).expect("a queue"))
        };
        assert!(read(&queue).is_empty());
        queue["concurrency"] = json!(10);
        queue["key_rate"] = json!({"limit": 5, "period_seconds": 60.0});
        assert_eq!(read(&queue), ["10 at once", "5 / min per key"]);
    }
}

//! Who works on jobs: the servers, and workers over HTTP that have jobs now.

use annex_openapi::jobs::workers::Worker;
use leptos::prelude::*;
use leptos::task::spawn_local;
use time::OffsetDateTime;

use crate::api::{Api, ApiError, use_api};
use crate::format;
use crate::pages::jobs::JobsHead;
use crate::poll;
use crate::ui::time::use_now;
use crate::ui::{Ago, Badge, CodeBlock, Empty, ErrorNotice, IconName, Skeleton, Tone};
use crate::url;

/// The workers.
#[component]
pub fn Workers() -> impl IntoView {
    let api = use_api();
    let workers = RwSignal::new(None::<Vec<Worker>>);
    let failure = RwSignal::new(None::<ApiError>);
    let read = move || async move {
        match api.workers().await {
            Ok(found) => {
                failure.try_set(None);
                workers.try_maybe_update(|workers| {
                    let is_new = workers.as_ref() != Some(&found);
                    *workers = Some(found);
                    (is_new, ())
                });
            }
            Err(error) => drop(failure.try_set(Some(error))),
        }
    };
    spawn_local(read());
    poll::every(2000.0, Signal::stored(true), read);
    let now = use_now();
    view! {
        <JobsHead title="Workers" />
        <div class="page wide stack">
            <ErrorNotice error=failure retry=move |()| spawn_local(read()) />
            {move || match workers.get() {
                None if failure.with(Option::is_some) => ().into_any(),
                None => view! { <Skeleton lines=6 /> }.into_any(),
                Some(all) if all.is_empty() => view! { <Nobody api /> }.into_any(),
                Some(all) => view! { <Table all now /> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn Nobody(api: Api) -> impl IntoView {
    let claim = format!(
        "curl {}/v1/queues/default/claim \\\n  -H \"authorization: Bearer $token\" \\\n  -H 'content-type: application/json' \\\n  -d '{{\"max\": 10, \"wait_seconds\": 20, \"worker\": \"worker-1\"}}'",
        api.known_origin()
    );
    view! {
        <Empty icon=IconName::Server title="No worker is there">
            <p>
                "A server works on the kinds of jobs that it has built in. A program in any language works on all others: it claims jobs, and says over HTTP what became of them."
            </p>
            <div class="stack tight teach">
                <h3>"Claim jobs, and wait up to 20 s for one"</h3>
                <CodeBlock text=claim label="Claim jobs" />
            </div>
        </Empty>
    }
}

#[component]
fn Table(all: Vec<Worker>, now: ReadSignal<OffsetDateTime>) -> impl IntoView {
    view! {
        <div class="table-frame">
            <table class="table workers">
                <thead>
                    <tr>
                        <th scope="col">"Worker"</th>
                        <th scope="col" class="only-wide">
                            "Queues"
                        </th>
                        <th scope="col">"Jobs now"</th>
                        <th scope="col" class="end only-wide">
                            "Leases"
                        </th>
                        <th scope="col">"Sign of life"</th>
                        <th scope="col" class="end only-wide">
                            "Since"
                        </th>
                    </tr>
                </thead>
                <tbody>{all.into_iter().map(|worker| row(worker, now)).collect_view()}</tbody>
            </table>
        </div>
        <p class="faint small">
            "A worker that gives no sign of life in time counts as gone, and its jobs are given to others at once. Workers over HTTP show while they have jobs."
        </p>
    }
}

fn row(worker: Worker, now: ReadSignal<OffsetDateTime>) -> impl IntoView {
    let expires_at = worker.expires_at;
    let is_gone = Memo::new(move |_| expires_at < now.get());
    let queues = worker.queues.clone();
    let busy = worker.concurrency.filter(|most| *most > 0).map(|most| {
        let share = (worker.jobs as f64 / f64::from(most) * 100.0).min(100.0);
        view! {
            <div class="progress" aria-hidden="true">
                <span style:width=format!("{share:.0}%")></span>
            </div>
        }
    });
    let jobs = match worker.concurrency {
        Some(most) => format!("{} of {}", format::count(worker.jobs), format::count(i64::from(most))),
        None => format::count(worker.jobs),
    };
    view! {
        <tr>
            <td>
                <div class="row wrap">
                    <strong>{worker.name}</strong>
                    {if worker.remote {
                        view! { <Badge icon=IconName::ArrowUpRight>"Over HTTP"</Badge> }
                    } else {
                        view! { <Badge icon=IconName::Server>"Server"</Badge> }
                    }}
                </div>
            </td>
            <td class="only-wide">
                <div class="row wrap">
                    {queues
                        .into_iter()
                        .map(|queue| {
                            let href = url::address("/queues", &[("queue", queue.clone())]);
                            view! { <a href=href>{queue}</a> }
                        })
                        .collect_view()}
                </div>
            </td>
            <td class="numbers jobs-now">
                {jobs} {busy}
            </td>
            <td class="end numbers only-wide soft">{format::count(worker.leases)}</td>
            <td class="numbers">
                {move || {
                    let remote = worker.remote;
                    if is_gone.get() {
                        view! { <Badge tone=Tone::Bad icon=IconName::Unlink>"Silent"</Badge> }.into_any()
                    } else {
                        view! {
                            <span class="row">
                                <span class="live-dot is-on" aria-hidden="true"></span>
                                {if remote { format!("due {}", format::until(expires_at, now.get())) } else { "each second".to_owned() }}
                            </span>
                        }
                            .into_any()
                    }
                }}
            </td>
            <td class="end only-wide soft">
                <Ago at=worker.started_at />
            </td>
        </tr>
    }
}

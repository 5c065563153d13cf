//! One schedule in the list, and what can be done with it there.

use annex_openapi::jobs::schedules::{Schedule, ScheduleUpdate};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use time::OffsetDateTime;

use super::list::ScheduleList;
use super::words;
use crate::api::use_api;
use crate::format;
use crate::ui::toast::use_toasts;
use crate::ui::{Badge, Button, ButtonSize, Icon, IconName, Menu, MenuItem, Tone, Until};
use crate::url::{self, UrlQuery};

/// How many further runs a row shows.
const MORE: usize = 2;

/// The row of the schedule of that name.
pub fn row(
    name: String,
    list: ScheduleList,
    query: UrlQuery,
    now: ReadSignal<OffsetDateTime>,
) -> Option<impl IntoView> {
    let own = name.clone();
    let find = move || {
        list.pages.items.with(|items| items.as_ref()?.iter().find(|schedule| schedule.name == own).cloned())
    };
    let first = untrack(&find)?;
    let schedule = Memo::new(move |before: Option<&Schedule>| {
        find().or_else(|| before.cloned()).unwrap_or_else(|| first.clone())
    });
    let link = {
        let name = name.clone();
        move || query.link(&[("schedule", Some(name.clone()))])
    };
    let when = move || schedule.with(words::timing);
    let exactly = move || {
        schedule.with(|schedule| {
            let cron = schedule.cron.clone()?;
            let cron = words::cron(&cron).map(|_| view! { <code>{cron}</code> " " });
            Some(view! { <div class="small faint">{cron} {schedule.time_zone.clone()}</div> })
        })
    };
    Some(view! {
        <tr class="link">
            <td>
                <a class="row-link" data-noscroll="" href=link>
                    {name}
                </a>
                <div class="soft small truncate">{move || schedule.with(|schedule| schedule.job.kind.clone())}</div>
                <div class="only-narrow soft small">{when}</div>
            </td>
            <td class="only-wide">
                <div>{when}</div>
                {exactly}
            </td>
            <td>{move || view! { <NextRuns schedule=schedule.get() /> }}</td>
            <td class="only-wide">{move || view! { <LastRun schedule=schedule.get() now /> }}</td>
            <td class="end">
                <Actions schedule list query />
            </td>
        </tr>
    })
}

#[component]
fn NextRuns(schedule: Schedule) -> impl IntoView {
    let mut runs = schedule.next_runs.into_iter();
    match (schedule.paused, runs.next()) {
        (true, _) => view! {
            <Badge tone=Tone::Warn icon=IconName::Pause>
                "Paused"
            </Badge>
        }
        .into_any(),
        (false, None) => view! { <Badge icon=IconName::Check>"Over"</Badge> }.into_any(),
        (false, Some(next)) => {
            let more: Vec<_> = runs.take(MORE).collect();
            view! {
                <div>
                    <Until at=next />
                </div>
                {(!more.is_empty())
                    .then(|| {
                        view! {
                            <div class="small soft only-wide">
                                "then "
                                {more
                                    .into_iter()
                                    .enumerate()
                                    .map(|(index, at)| view! { {(index > 0).then_some(", ")} <Until at /> })
                                    .collect_view()}
                            </div>
                        }
                    })}
            }
            .into_any()
        }
    }
}

#[component]
fn LastRun(schedule: Schedule, now: ReadSignal<OffsetDateTime>) -> impl IntoView {
    match (schedule.last_at, schedule.last_job_id) {
        (Some(at), Some(job)) => view! {
            <a class="last-run soft numbers" href=format!("/jobs/{job}") data-tip=format::local(at)>
                {move || format::ago(at.min(now.get()), now.get())}
            </a>
        }
        .into_any(),
        _ => view! { <span class="faint">"None yet"</span> }.into_any(),
    }
}

#[component]
fn Actions(schedule: Memo<Schedule>, list: ScheduleList, query: UrlQuery) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let busy = RwSignal::new(false);
    let name = StoredValue::new(schedule.with_untracked(|schedule| schedule.name.clone()));
    let paused = Memo::new(move |_| schedule.with(|schedule| schedule.paused));
    let run = move || {
        busy.set(true);
        spawn_local(async move {
            let name = name.get_value();
            match api.run_schedule(&name).await {
                Ok(job) => {
                    toasts.say(format!("{} is enqueued", job.kind));
                    if let Ok(schedule) = api.schedule(&name).await {
                        list.put(schedule);
                    }
                }
                Err(error) => toasts.fail("Nothing was enqueued", &error),
            }
            busy.try_set(false);
        });
    };
    let pause = move || {
        let wanted = !paused.get_untracked();
        spawn_local(async move {
            let change = ScheduleUpdate { paused: Some(wanted), ..ScheduleUpdate::default() };
            let name = name.get_value();
            match api.change_schedule(&name, &change).await {
                Ok(schedule) => {
                    toasts.say(format!("{name} {}", if wanted { "is paused" } else { "goes on" }));
                    list.put(schedule);
                }
                Err(error) => toasts.fail("The schedule is as it was", &error),
            }
        });
    };
    let navigate = StoredValue::new(use_navigate());
    let to_jobs = move || {
        let jobs = url::address("/jobs", &[("schedule", name.get_value())]);
        navigate.with_value(|navigate| navigate(&jobs, Default::default()));
    };
    view! {
        <div class="row schedule-actions">
            <Button size=ButtonSize::Small icon=IconName::Play busy press=move |_| run()>
                <span class="words">"Run now"</span>
                <span class="visually-hidden">{format!(": {}", name.get_value())}</span>
            </Button>
            <Menu
                label=format!("More for {}", name.get_value())
                end=true
                class="button quiet small icon-only"
                button=Box::new(|| view! { <Icon name=IconName::Ellipsis /> }.into_any())
            >
                <MenuItem icon=IconName::Pencil press=move |_| query.push(&[("schedule", Some(name.get_value()))])>
                    "Change"
                </MenuItem>
                {move || {
                    let (icon, words) = if paused.get() { (IconName::Play, "Resume") } else { (IconName::Pause, "Pause") };
                    view! {
                        <MenuItem icon press=move |_| pause()>
                            {words}
                        </MenuItem>
                    }
                }}
                <MenuItem icon=IconName::ListChecks press=move |_| to_jobs()>
                    "Its jobs"
                </MenuItem>
                <MenuItem icon=IconName::Trash2 danger=true press=move |_| list.leaving.set(Some(name.get_value()))>
                    "Delete"
                </MenuItem>
            </Menu>
        </div>
    }
}

//! A schedule in a dialog: a new one, or one to be changed.

use annex_openapi::jobs::schedules::Schedule;
use gloo_timers::future::TimeoutFuture;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::draft::{Draft, Way, change, name_mistake};
use super::list::ScheduleList;
use super::words;
use crate::api::use_api;
use crate::format;
use crate::ui::time::use_now;
use crate::ui::toast::use_toasts;
use crate::ui::{
    CodeEditor, Dialog, DialogShape, FormFoot, Instant, Language, NamedDrawer, Segmented, Select, Submission,
    Switch, TextInput,
};
use crate::url::use_url_query;

/// The places of a request that have a field.
const PLACES: [&str; 7] =
    ["/job/kind", "/job/args", "/job/queue", "/cron", "/time_zone", "/every_seconds", "/run_at"];

/// The form of a new schedule.
#[component]
pub fn NewSchedule(list: ScheduleList) -> impl IntoView {
    let open = use_url_query().dialog("new");
    view! {
        <Dialog open title="New schedule" shape=DialogShape::Drawer>
            <Form list open before=None />
        </Dialog>
    }
}

/// The form of the schedule that the URL names.
#[component]
pub fn ChangeSchedule(list: ScheduleList) -> impl IntoView {
    let api = use_api();
    provide_context(list);
    view! {
        <NamedDrawer
            parameter="schedule"
            title=|schedule: &Schedule| schedule.name.clone()
            waiting="Schedule"
            fetch=move |name: String| async move { api.schedule(&name).await }
            content=|schedule, open| {
                let list = expect_context::<ScheduleList>();
                view! { <Form list open before=Some(schedule) /> }.into_any()
            }
        />
    }
}

#[component]
fn Form(list: ScheduleList, open: RwSignal<bool>, before: Option<Schedule>) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let draft = before.as_ref().map_or_else(Draft::empty, Draft::of);
    let is_new = before.is_none();
    let name = RwSignal::new(before.map(|before| before.name).unwrap_or_default());
    let taken = RwSignal::new(None::<String>);
    let submission = Submission::new(&PLACES);
    let wrong_name = Signal::derive(move || {
        name.with(|name| match taken.get().filter(|taken| taken == name) {
            Some(_) => Some("There is a schedule of that name".to_owned()),
            None if name.is_empty() => None,
            None => name_mistake(name).map(str::to_owned),
        })
    });
    let read = move || name.with(|name| if name_mistake(name).is_some() { None } else { draft.read(name) });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(schedule) = untrack(read) else { return };
        let name = name.get_untracked();
        submission.send(async move {
            let saved = if !is_new {
                api.change_schedule(&name, &change(schedule)).await?
            } else if api.schedule(&name).await.is_ok() {
                taken.try_set(Some(name));
                return Ok(());
            } else {
                api.replace_schedule(&name, &schedule).await?
            };
            let what = if is_new { "scheduled" } else { "changed" };
            toasts.say(format!("{name} is {what}"));
            list.put(saved);
            open.try_set(false);
            Ok(())
        });
    };
    let at = move |place: &'static str| submission.at(place);
    view! {
        <form class="form" on:submit=submit>
            {is_new
                .then(|| {
                    view! { <TextInput label="Name" value=name autofocus=true placeholder="nightly-report" error=wrong_name mono=true /> }
                })}
            <When draft at=Callback::new(at) />
            <NextRuns draft />
            <TextInput
                label="Kind"
                value=draft.kind
                placeholder="report.send"
                hint="What is to be done: a kind that the servers run, or one of your workers."
                error=at("/job/kind")
                mono=true
            />
            <CodeEditor label="Arguments" value=draft.args language=Language::Json error=at("/job/args") />
            <div class="schedule-pair">
                <TextInput label="Queue" value=draft.queue placeholder="As the kind says" error=at("/job/queue") mono=true />
                <Select
                    label="Times missed while no server ran"
                    value=draft.catch_up
                    options=Signal::stored(
                        [("last", "One job for the last"), ("all", "A job for each"), ("none", "No job")]
                            .map(|(value, words)| (value.to_owned(), words.to_owned()))
                            .to_vec(),
                    )
                />
            </div>
            <Switch on=draft.alone change=move |on| draft.alone.set(on)>
                "No new job while the one before has not ended"
            </Switch>
            <FormFoot
                submission
                open
                action=if is_new { "Create the schedule" } else { "Save" }
                ready=Signal::derive(move || read().is_some())
            />
        </form>
    }
}

/// For how long nothing is typed before the server is asked, in milliseconds.
const PAUSE: u32 = 300;

/// The next times of what is written, each as a clock says it and as it is said.
#[component]
fn NextRuns(draft: Draft) -> impl IntoView {
    let api = use_api();
    let now = use_now();
    let timing = Memo::new(move |_| draft.timing());
    let runs = RwSignal::new(Vec::new());
    let asked = StoredValue::new(0_u32);
    Effect::new(move || {
        let timing = timing.get();
        asked.update_value(|asked| *asked += 1);
        let this = asked.get_value();
        let is_last = move || asked.try_get_value() == Some(this);
        spawn_local(async move {
            TimeoutFuture::new(PAUSE).await;
            let Some(timing) = timing.filter(|_| is_last()) else { return };
            // What is wrong is told when it is saved.
            let next = api.try_schedule("preview", &timing).await.map(|schedule| schedule.next_runs);
            if is_last() {
                runs.try_set(next.unwrap_or_default());
            }
        });
    });
    view! {
        <section class="stack tight" aria-live="polite">
            <h3 class="field-label">"Next runs"</h3>
            {move || {
                let next = runs.get();
                if next.is_empty() {
                    return view! { <p class="faint small">"None, as it is written"</p> }.into_any();
                }
                let item = |at| {
                    view! {
                        <li>
                            <Instant at />
                            <span class="soft numbers">{move || format::until(at, now.get())}</span>
                        </li>
                    }
                };
                view! { <ol class="next-runs small">{next.into_iter().map(item).collect_view()}</ol> }.into_any()
            }}
        </section>
    }
}

/// The fields that say when.
#[component]
fn When(draft: Draft, at: Callback<&'static str, Signal<Option<String>>>) -> impl IntoView {
    let said = Memo::new(move |_| draft.cron.with(|cron| words::cron(cron)));
    let units = Signal::stored(
        words::UNITS
            .iter()
            .rev()
            .map(|(seconds, _, many)| (seconds.to_string(), (*many).to_owned()))
            .collect::<Vec<_>>(),
    );
    view! {
        <fieldset class="schedule-when">
            <legend>"When"</legend>
            <Segmented
                label="When"
                value=draft.way
                change=move |way| draft.way.set(way)
                options=vec![(Way::Cron, "By cron"), (Way::Every, "Every"), (Way::Once, "Once")]
            />
            {move || match draft.way.get() {
                Way::Cron => {
                    view! {
                        <div class="schedule-pair">
                            <div>
                                <TextInput label="Cron" value=draft.cron error=at.run("/cron") mono=true />
                                <p class="field-hint">
                                    {move || said.get().unwrap_or_else(|| "Minute, hour, day, month, weekday".to_owned())}
                                </p>
                            </div>
                            <TextInput
                                label="Time zone"
                                value=draft.time_zone
                                placeholder="UTC"
                                hint="Follows its clocks, summer time too"
                                error=at.run("/time_zone")
                            />
                        </div>
                    }
                        .into_any()
                }
                Way::Every => {
                    view! {
                        <div class="schedule-pair">
                            <TextInput label="Every" value=draft.number error=at.run("/every_seconds") />
                            <Select label="Unit" value=draft.unit options=units />
                        </div>
                    }
                        .into_any()
                }
                Way::Once => {
                    view! {
                        <TextInput
                            label="At"
                            kind="datetime-local"
                            value=draft.at
                            hint="By the clock of this browser"
                            error=at.run("/run_at")
                        />
                    }
                        .into_any()
                }
            }}
        </fieldset>
    }
}

//! All schedules with their next runs.

use annex_openapi::jobs::schedules::Schedule;
use leptos::prelude::*;

use super::form::{ChangeSchedule, NewSchedule};
use super::row::row;
use crate::api::{Pages, use_api};
use crate::pages::jobs::JobsHead;
use crate::poll;
use crate::shell::shortcut;
use crate::ui::time::use_now;
use crate::ui::{AskFirst, Button, ButtonKind, CodeBlock, Empty, IconName, PagedList};
use crate::url::{UrlQuery, use_url_query};

/// How many schedules a page has.
const PAGE: usize = 50;

/// The schedules as the page and its dialogs share them.
#[derive(Clone, Copy)]
pub struct ScheduleList {
    /// What has been read.
    pub pages: Pages<Schedule>,
    /// The one that is to be deleted, where that is asked.
    pub leaving: RwSignal<Option<String>>,
}

impl ScheduleList {
    /// Puts a schedule in, at its place.
    pub fn put(self, schedule: Schedule) {
        self.pages.put(schedule, |one, other| one.name.cmp(&other.name));
    }
}

/// The schedules.
#[component]
pub fn Schedules() -> impl IntoView {
    let api = use_api();
    let query = use_url_query();
    let pages = Pages::new(move |cursor| async move {
        let page = api.schedules(PAGE, cursor).await?;
        Ok((page.items, page.next_cursor))
    });
    let list = ScheduleList { pages, leaving: RwSignal::new(None) };
    pages.reload();
    let is_short = Signal::derive(move || {
        pages.items.with(|items| items.as_ref().is_some_and(|items| items.len() <= PAGE))
    });
    poll::every(3000.0, is_short, move || async move {
        pages.refresh(api.schedules(PAGE, None).await.map(|page| page.items));
    });
    let create = move || query.push(&[("new", Some(String::new()))]);
    shortcut("n", "New schedule", create);
    view! {
        <JobsHead
            title="Schedules"
            actions=move || {
                view! {
                    <Button kind=ButtonKind::Primary icon=IconName::Plus keys="n" tip="New schedule" press=move |_| create()>
                        "New schedule"
                    </Button>
                }
            }
        />
        <div class="page wide">
            <PagedList pages empty=NothingYet rows=move || view! { <Rows list query /> } />
        </div>
        <NewSchedule list />
        <ChangeSchedule list />
        <Leaving list />
    }
}

#[component]
fn NothingYet() -> impl IntoView {
    let call = format!(
        "curl -X PUT {}/v1/schedules/nightly-report \\\n  -H \"authorization: Bearer $token\" \\\n  -H 'content-type: application/json' \\\n  -d '{{\n    \"job\": {{\"kind\": \"report.send\", \"args\": {{\"to\": \"ada@example.com\"}}}},\n    \"cron\": \"30 4 * * MON-FRI\",\n    \"time_zone\": \"Europe/Vienna\"\n  }}'",
        use_api().known_origin()
    );
    view! {
        <Empty icon=IconName::CalendarClock title="No schedule yet">
            <p>
                "A schedule enqueues a job again and again, by the clocks of a time zone or always after the same time, or once. However many servers there are, it does so one time."
            </p>
            <div class="stack tight teach">
                <h3>"Each working day at half past four"</h3>
                <CodeBlock text=call label="Make a schedule" />
            </div>
        </Empty>
    }
}

#[component]
fn Rows(list: ScheduleList, query: UrlQuery) -> impl IntoView {
    let now = use_now();
    let pages = list.pages;
    let names = Memo::new(move |_| {
        pages.items.with(|items| items.iter().flatten().map(|own| own.name.clone()).collect::<Vec<_>>())
    });
    view! {
            <table class="table schedules">
                <thead>
                    <tr>
                        <th scope="col">"Schedule"</th>
                        <th scope="col" class="only-wide">
                            "When"
                        </th>
                        <th scope="col">"Next runs"</th>
                        <th scope="col" class="only-wide">
                            "Last run"
                        </th>
                        <th scope="col">
                            <span class="visually-hidden">"Actions"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || names.get() key=String::clone let(name)>
                        {row(name, list, query, now)}
                    </For>
                </tbody>
            </table>
    }
}

/// Asks before a schedule is deleted.
#[component]
fn Leaving(list: ScheduleList) -> impl IntoView {
    let api = use_api();
    let toasts = crate::ui::toast::use_toasts();
    let delete = move |name: String| {
        leptos::task::spawn_local(async move {
            match api.delete_schedule(&name).await {
                Ok(()) => {
                    list.pages.take_out(|own| own.name == name);
                    toasts.say(format!("{name} is deleted"));
                }
                Err(error) => toasts.fail("The schedule is still there", &error),
            }
        });
    };
    view! {
        <AskFirst asked=list.leaving title=|name| format!("Delete {name}?") action="Delete the schedule" done=delete>
            <p class="soft">
                "It enqueues nothing any more. Jobs that it has enqueued stay, and run. To stop it for a while, pause it instead."
            </p>
        </AskFirst>
    }
}

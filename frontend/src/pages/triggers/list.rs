//! All triggers, and what can be done with each.

use annex_openapi::triggers::{Trigger, TriggerUpdate};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::form::{ChangeTrigger, NewTrigger};
use crate::api::{Pages, use_api};
use crate::pages::events::{EventBadges, EventsHead};
use crate::part::later;
use crate::shell::shortcut;
use crate::ui::toast::use_toasts;
use crate::ui::{
    AskFirst, Button, ButtonKind, CodeBlock, Empty, Icon, IconName, Menu, MenuItem, PagedList, Switch,
};
use crate::url::{self, UrlQuery, use_url_query};

/// How many triggers a page has.
const PAGE: usize = 50;

/// The triggers as the page and its dialogs share them.
#[derive(Clone, Copy)]
pub struct TriggerList {
    pages: Pages<Trigger>,
    /// The one that is to be deleted, where that is asked.
    leaving: RwSignal<Option<String>>,
}

impl TriggerList {
    /// Puts a trigger in, at its place.
    pub fn put(self, trigger: Trigger) {
        self.pages.put(trigger, |one, other| one.name.cmp(&other.name));
    }
}

/// The triggers.
#[component]
pub fn Triggers() -> impl IntoView {
    let (api, toasts, query) = (use_api(), use_toasts(), use_url_query());
    let pages = Pages::new(move |cursor| async move {
        let page = api.triggers(PAGE, cursor).await?;
        Ok((page.items, page.next_cursor))
    });
    let list = TriggerList { pages, leaving: RwSignal::new(None) };
    pages.reload();
    let create = move || query.push(&[("new", Some(String::new()))]);
    shortcut("n", "New trigger", create);
    let delete = move |name: String| {
        spawn_local(async move {
            match api.delete_trigger(&name).await {
                Ok(()) => {
                    pages.take_out(|own| own.name == name);
                    toasts.say(format!("{name} is deleted"));
                }
                Err(error) => toasts.fail("The trigger is still there", &error),
            }
        });
    };
    view! {
        <EventsHead
            title="Triggers"
            actions=move || {
                view! {
                    <Button kind=ButtonKind::Primary icon=IconName::Plus keys="n" tip="New trigger" press=move |_| create()>
                        "New trigger"
                    </Button>
                }
            }
        />
        <div class="page wide">
            <PagedList pages empty=NothingYet rows=move || view! { <Rows list query /> } />
        </div>
        {later!(trigger_dialogs, |list: TriggerList| view! {
            <NewTrigger list />
            <ChangeTrigger list />
        })}
        <AskFirst asked=list.leaving title=|name| format!("Delete {name}?") action="Delete the trigger" done=delete>
            <p class="soft">"It enqueues nothing any more. Jobs that it has enqueued stay, and run."</p>
        </AskFirst>
    }
}

#[component]
fn NothingYet() -> impl IntoView {
    let call = format!(
        "curl -X PUT {}/v1/triggers/thumbnails \\\n  -H \"authorization: Bearer $token\" \\\n  -H 'content-type: application/json' \\\n  -d '{{\n    \"events\": [\"record.created\"], \"collection\": \"photos\",\n    \"job\": {{\"kind\": \"image.resize\", \"args\": {{\"width\": 320}}}}\n  }}'",
        use_api().known_origin()
    );
    view! {
        <Empty icon=IconName::Zap title="No trigger yet">
            <p>
                "A trigger enqueues a job when something happens: a record comes, changes or goes, whoever writes it, or somebody registers. The job gets what happened as the argument "
                <code>"event"</code> "."
            </p>
            <div class="stack tight teach">
                <h3>"A job for each new photo"</h3>
                <CodeBlock text=call label="Make a trigger" />
            </div>
        </Empty>
    }
}

#[component]
fn Rows(list: TriggerList, query: UrlQuery) -> impl IntoView {
    view! {
        <table class="table hooks">
            <thead>
                <tr>
                    <th scope="col">"Trigger"</th>
                    <th scope="col" class="only-wide">
                        "Waits for"
                    </th>
                    <th scope="col">"On"</th>
                    <th scope="col">
                        <span class="visually-hidden">"Actions"</span>
                    </th>
                </tr>
            </thead>
            <tbody>
                {move || {
                    let items = list.pages.items.get().unwrap_or_default();
                    items.into_iter().map(|trigger| row(trigger, list, query)).collect_view()
                }}
            </tbody>
        </table>
    }
}

fn row(trigger: Trigger, list: TriggerList, query: UrlQuery) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let name = StoredValue::new(trigger.name.clone());
    let change = move |on: bool| {
        spawn_local(async move {
            let (name, change) =
                (name.get_value(), TriggerUpdate { enabled: Some(on), ..TriggerUpdate::default() });
            match api.change_trigger(&name, &change).await {
                Ok(trigger) => {
                    toasts.say(format!("{name} is {}", if on { "on" } else { "off" }));
                    list.put(trigger);
                }
                Err(error) => {
                    toasts.fail("The trigger is as it was", &error);
                    // The switch goes back to where it was.
                    list.pages.items.update(|_| ());
                }
            }
        });
    };
    let waits = |trigger: &Trigger| {
        let (events, collection) = (trigger.events.clone(), trigger.collection.clone());
        view! { <EventBadges events collection condition=trigger.condition.clone() /> }
    };
    let (is_on, more) = (format!("{} enqueues", trigger.name), format!("More for {}", trigger.name));
    let jobs = url::address("/jobs", &[("kind", trigger.job.kind.clone())]);
    view! {
        <tr class="link">
            <td>
                <a class="row-link" data-noscroll="" href=move || query.link(&[("trigger", Some(name.get_value()))])>
                    {trigger.name.clone()}
                </a>
                <div class="small truncate">
                    <a class="soft" href=jobs>
                        {trigger.job.kind.clone()}
                    </a>
                </div>
                <div class="only-narrow">{waits(&trigger)}</div>
            </td>
            <td class="only-wide">{waits(&trigger)}</td>
            <td>
                <Switch on=Signal::stored(trigger.enabled) change>
                    <span class="visually-hidden">{is_on}</span>
                </Switch>
            </td>
            <td class="end">
                <Menu
                    label=more
                    end=true
                    class="button quiet small icon-only"
                    button=Box::new(|| view! { <Icon name=IconName::Ellipsis /> }.into_any())
                >
                    <MenuItem icon=IconName::Pencil press=move |_| query.push(&[("trigger", Some(name.get_value()))])>
                        "Change"
                    </MenuItem>
                    <MenuItem icon=IconName::Trash2 danger=true press=move |_| list.leaving.set(Some(name.get_value()))>
                        "Delete"
                    </MenuItem>
                </Menu>
            </td>
        </tr>
    }
}

//! All hooks, and what can be done with each.

use annex_openapi::hooks::{Hook, HookEvent, HookFailure, HookUpdate};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::form::{ChangeHook, NewHook};
use crate::api::{Pages, use_api};
use crate::pages::events::EventsHead;
use crate::shell::shortcut;
use crate::ui::toast::use_toasts;
use crate::ui::{
    AskFirst, Badge, Button, ButtonKind, CodeBlock, Empty, Icon, IconName, Menu, MenuItem, PagedList,
    SecretDialog, Switch, Told, Tone,
};
use crate::url::{self, UrlQuery, use_url_query};

/// The hooks as the page and its dialogs share them.
#[derive(Clone, Copy)]
pub struct HookList {
    pages: Pages<Hook>,
    /// The secret that is to be shown.
    pub told: Told,
    /// The one that is to be deleted, where that is asked.
    leaving: RwSignal<Option<String>>,
    /// The one that is to have a new secret, where that is asked.
    rotating: RwSignal<Option<String>>,
}

impl HookList {
    /// Puts a hook in, at its place.
    pub fn put(self, hook: Hook) {
        self.pages.put(hook, |one, other| one.name.cmp(&other.name));
    }
}

/// The hooks.
#[component]
pub fn Hooks() -> impl IntoView {
    let api = use_api();
    let query = use_url_query();
    let pages = Pages::new(move |_| async move { Ok((api.hooks().await?, None)) });
    let list = HookList {
        pages,
        told: RwSignal::new(None),
        leaving: RwSignal::new(None),
        rotating: RwSignal::new(None),
    };
    pages.reload();
    let create = move || query.push(&[("new", Some(String::new()))]);
    shortcut("n", "New hook", create);
    view! {
        <EventsHead
            title="Hooks"
            actions=move || {
                view! {
                    <Button kind=ButtonKind::Primary icon=IconName::Plus keys="n" tip="New hook" press=move |_| create()>
                        "New hook"
                    </Button>
                }
            }
        />
        <div class="page wide">
            <PagedList pages empty=NothingYet rows=move || view! { <Rows list query /> } />
        </div>
        <NewHook list />
        <ChangeHook list />
        <SecretDialog
            told=list.told
            about="Calls are signed with it, as Standard Webhooks says. It is told this once: give it to the program that is asked, which checks the signature with it."
        />
        <Asking list />
    }
}

#[component]
fn NothingYet() -> impl IntoView {
    let call = "{\n  \"hook\": \"check-isbn\", \"method\": \"create\", \"collection\": \"books\",\n  \"records\": [{\"id\": null, \"body\": {\"isbn\": \"978-3-16-148410-0\"}}]\n}";
    view! {
        <Empty icon=IconName::Webhook title="No hook yet">
            <p>
                "A hook is a program of yours that is asked before records are written or somebody registers. It lets the write go on, changes it, or refuses it, in any language, over HTTP."
            </p>
            <div class="stack tight teach">
                <h3>"What it is asked, signed; it answers 204 to let it go on"</h3>
                <CodeBlock text=call label="What a hook is asked" />
            </div>
        </Empty>
    }
}

#[component]
fn Rows(list: HookList, query: UrlQuery) -> impl IntoView {
    view! {
                <table class="table hooks">
                    <thead>
                        <tr>
                            <th scope="col">"Hook"</th>
                            <th scope="col" class="only-wide">
                                "Asked before"
                            </th>
                            <th scope="col" class="only-wide">
                                "Without an answer"
                            </th>
                            <th scope="col">"Asked"</th>
                            <th scope="col">
                                <span class="visually-hidden">"Actions"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>
    {move || list.pages.items.get().unwrap_or_default().into_iter().map(|hook| row(hook, list, query)).collect_view()}</tbody>
                </table>
        }
}

/// What it is asked before, in words.
fn asked(hook: &Hook) -> AnyView {
    let words = |event: HookEvent| match event {
        HookEvent::Create => "Create",
        HookEvent::Update => "Update",
        HookEvent::Delete => "Delete",
        HookEvent::Register => "Register",
    };
    let badges =
        hook.events.clone().into_iter().map(|event| view! { <Badge>{words(event)}</Badge> }).collect_view();
    let is_of_records = hook.events.iter().any(|event| *event != HookEvent::Register);
    let of = is_of_records.then(|| match hook.collection.clone() {
        Some(name) => {
            let href = format!("/collections/{}", url::segment(&name));
            view! { <a class="small" href=href>{name}</a> }.into_any()
        }
        None => view! { <span class="soft small">"every collection"</span> }.into_any(),
    });
    view! { <div class="row wrap">{badges} {of}</div> }.into_any()
}

fn row(hook: Hook, list: HookList, query: UrlQuery) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let name = hook.name.clone();
    let link = {
        let name = name.clone();
        move || query.link(&[("hook", Some(name.clone()))])
    };
    let enabled = hook.enabled;
    let change = {
        let name = name.clone();
        move |on: bool| {
            let name = name.clone();
            spawn_local(async move {
                let change = HookUpdate { enabled: Some(on), ..HookUpdate::default() };
                match api.change_hook(&name, &change).await {
                    Ok(hook) => {
                        toasts
                            .say(format!("{name} {}", if on { "is asked" } else { "is not asked any more" }));
                        list.put(hook);
                    }
                    Err(error) => {
                        toasts.fail("The hook is as it was", &error);
                        // The switch goes back to where it was.
                        list.pages.items.update(|_| ());
                    }
                }
            });
        }
    };
    let without = match hook.on_failure {
        HookFailure::Refuse => view! { <Badge>"Refused"</Badge> }.into_any(),
        HookFailure::Allow => view! { <Badge tone=Tone::Warn>"Goes on"</Badge> }.into_any(),
    };
    let timeout = format!("after {}", crate::format::lasting(f64::from(hook.timeout_ms) / 1000.0));
    let (asked_wide, asked_narrow) = (asked(&hook), asked(&hook));
    let stored = StoredValue::new(name.clone());
    let is_asked = format!("{name} is asked");
    view! {
        <tr class="link">
            <td>
                <a class="row-link" data-noscroll="" href=link>
                    {name.clone()}
                </a>
                <div class="soft small truncate">{hook.url}</div>
                <div class="only-narrow">{asked_narrow}</div>
            </td>
            <td class="only-wide">{asked_wide}</td>
            <td class="only-wide">
                <div class="row wrap">{without} <span class="soft small">{timeout}</span></div>
            </td>
            <td>
                <Switch on=Signal::stored(enabled) change>
                    <span class="visually-hidden">{is_asked}</span>
                </Switch>
            </td>
            <td class="end">
                <Menu
                    label=format!("More for {name}")
                    end=true
                    class="button quiet small icon-only"
                    button=Box::new(|| view! { <Icon name=IconName::Ellipsis /> }.into_any())
                >
                    <MenuItem icon=IconName::Pencil press=move |_| query.push(&[("hook", Some(stored.get_value()))])>
                        "Change"
                    </MenuItem>
                    <MenuItem icon=IconName::RefreshCw press=move |_| list.rotating.set(Some(stored.get_value()))>
                        "New secret"
                    </MenuItem>
                    <MenuItem icon=IconName::Trash2 danger=true press=move |_| list.leaving.set(Some(stored.get_value()))>
                        "Delete"
                    </MenuItem>
                </Menu>
            </td>
        </tr>
    }
}

/// Asks before a hook is deleted, and before it has a new secret.
#[component]
fn Asking(list: HookList) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let delete = move |name: String| {
        spawn_local(async move {
            match api.delete_hook(&name).await {
                Ok(()) => {
                    list.pages.take_out(|own| own.name == name);
                    toasts.say(format!("{name} is deleted"));
                }
                Err(error) => toasts.fail("The hook is still there", &error),
            }
        });
    };
    let rotate = move |name: String| {
        spawn_local(async move {
            match api.rotate_hook(&name).await {
                Ok(mut hook) => {
                    list.told.set(hook.secret.take().map(|secret| (name, secret)));
                    list.put(hook);
                }
                Err(error) => toasts.fail("The secret is as it was", &error),
            }
        });
    };
    view! {
        <AskFirst asked=list.leaving title=|name| format!("Delete {name}?") action="Delete the hook" done=delete>
            <p class="soft">"Writes that it is asked about go on without it. To stop it for a while, switch it off instead."</p>
        </AskFirst>
        <AskFirst asked=list.rotating title=|name| format!("A new secret for {name}?") action="Make a new secret" done=rotate>
            <p class="soft">
                "The old one signs nothing from then on. Until the program that is asked has the new one, it refuses what it is asked, and so the writes."
            </p>
        </AskFirst>
    }
}

//! A hook in a dialog: a new one, or one to be changed.

use annex_openapi::hooks::{Hook, HookFailure};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::draft::{Draft, EVENTS};
use super::list::HookList;
use crate::api::use_api;
use crate::pages::schedules::name_mistake;
use crate::shell::use_catalogue;
use crate::ui::toast::use_toasts;
use crate::ui::{
    Checkbox, Dialog, DialogShape, FormFoot, NamedDrawer, Select, Submission, Switch, TextInput,
};
use crate::url::use_url_query;

/// The places of a request that have a field.
const PLACES: [&str; 4] = ["/events", "/collection", "/url", "/timeout_ms"];

/// The form of a new hook.
#[component]
pub fn NewHook(list: HookList) -> impl IntoView {
    let open = use_url_query().dialog("new");
    view! {
        <Dialog open title="New hook" shape=DialogShape::Drawer>
            <Form list open before=None />
        </Dialog>
    }
}

/// The form of the hook that the URL names.
#[component]
pub fn ChangeHook(list: HookList) -> impl IntoView {
    let api = use_api();
    provide_context(list);
    view! {
        <NamedDrawer
            parameter="hook"
            title=|hook: &Hook| hook.name.clone()
            waiting="Hook"
            fetch=move |name: String| async move { api.hook(&name).await }
            content=|hook, open| {
                let list = expect_context::<HookList>();
                view! { <Form list open before=Some(hook) /> }.into_any()
            }
        />
    }
}

#[component]
fn Form(list: HookList, open: RwSignal<bool>, before: Option<Hook>) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let draft = before.as_ref().map_or_else(Draft::empty, Draft::of);
    let is_new = before.is_none();
    let name = RwSignal::new(before.map(|before| before.name).unwrap_or_default());
    let taken = RwSignal::new(None::<String>);
    let submission = Submission::new(&PLACES);
    let wrong_name = Signal::derive(move || {
        name.with(|name| match taken.get().filter(|taken| taken == name) {
            Some(_) => Some("There is a hook of that name".to_owned()),
            None if name.is_empty() => None,
            None => name_mistake(name).map(str::to_owned),
        })
    });
    let read = move || name.with(|name| if name_mistake(name).is_some() { None } else { draft.read() });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(hook) = untrack(read) else { return };
        let name = name.get_untracked();
        submission.send(async move {
            if is_new && api.hook(&name).await.is_ok() {
                taken.try_set(Some(name));
                return Ok(());
            }
            let mut hook = api.replace_hook(&name, &hook).await?;
            open.try_set(false);
            match hook.secret.take() {
                Some(secret) => list.told.set(Some((name, secret))),
                None => toasts.say(format!("{name} is changed")),
            }
            list.put(hook);
            Ok(())
        });
    };
    let at = move |place: &'static str| submission.at(place);
    let catalogue = use_catalogue();
    let collections = Signal::derive(move || {
        let every = (String::new(), "Every collection".to_owned());
        let named = catalogue.all().unwrap_or_default().into_iter().map(|own| (own.name.clone(), own.name));
        std::iter::once(every).chain(named).collect::<Vec<_>>()
    });
    view! {
        <form class="form" on:submit=submit>
            {is_new
                .then(|| {
                    view! { <TextInput label="Name" value=name autofocus=true placeholder="check-isbn" error=wrong_name mono=true /> }
                })}
            <TextInput
                label="URL"
                kind="url"
                value=draft.url
                placeholder="https://example.com/hooks/isbn"
                hint="A host of the public internet, or one that ANNEX_OUTBOUND_ALLOW names."
                error=at("/url")
                mono=true
            />
            <fieldset class="hook-events">
                <legend>"Asked before"</legend>
                {EVENTS
                    .into_iter()
                    .map(|(event, words)| {
                        view! {
                            <Checkbox
                                checked=Signal::derive(move || draft.events.with(|events| events.contains(&event)))
                                change=move |on| draft.toggle(event, on)
                            >
                                {words}
                            </Checkbox>
                        }
                    })
                    .collect_view()}
                {move || at("/events").get().map(|error| view! { <p class="field-error">{error}</p> })}
            </fieldset>
            <Select label="Collection" value=draft.collection options=collections error=at("/collection") />
            <div class="schedule-pair">
                <TextInput label="Answers within, in ms" value=draft.timeout error=at("/timeout_ms") />
                <Select
                    label="Where it does not answer"
                    value=draft.on_failure
                    options=Signal::stored(
                        [(HookFailure::Refuse, "The write is refused"), (HookFailure::Allow, "The write goes on")]
                            .map(|(way, words)| (way.as_str().to_owned(), words.to_owned()))
                            .to_vec(),
                    )
                />
            </div>
            <Switch on=draft.enabled change=move |on| draft.enabled.set(on)>
                "It is asked"
            </Switch>
            <FormFoot
                submission
                open
                action=if is_new { "Create the hook" } else { "Save" }
                ready=Signal::derive(move || read().is_some())
            />
        </form>
    }
}

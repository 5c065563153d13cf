//! A trigger in a dialog: a new one, or one to be changed.

use annex_openapi::triggers::{Trigger, TriggerReplace};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use serde_json::Value;

use super::list::TriggerList;
use crate::api::use_api;
use crate::json::indented;
use crate::pages::events::{What, WhatFields};
use crate::pages::schedules::name_mistake;
use crate::ui::toast::use_toasts;
use crate::ui::{
    CodeEditor, Dialog, DialogShape, FormFoot, Language, NamedDrawer, Submission, Switch, TextInput,
};
use crate::url::use_url_query;

/// The places of a request that have a field.
const PLACES: [&str; 6] = ["/events", "/collection", "/condition", "/job/kind", "/job/args", "/job/queue"];

/// The form of a new trigger.
#[component]
pub fn NewTrigger(list: TriggerList) -> impl IntoView {
    let open = use_url_query().dialog("new");
    view! {
        <Dialog open title="New trigger" shape=DialogShape::Drawer>
            <Form list open before=None />
        </Dialog>
    }
}

/// The form of the trigger that the URL names.
#[component]
pub fn ChangeTrigger(list: TriggerList) -> impl IntoView {
    let api = use_api();
    provide_context(list);
    view! {
        <NamedDrawer
            parameter="trigger"
            title=|trigger: &Trigger| trigger.name.clone()
            waiting="Trigger"
            fetch=move |name: String| async move { api.trigger(&name).await }
            content=|trigger, open| {
                let list = expect_context::<TriggerList>();
                view! { <Form list open before=Some(trigger) /> }.into_any()
            }
        />
    }
}

#[component]
fn Form(list: TriggerList, open: RwSignal<bool>, before: Option<Trigger>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let is_new = before.is_none();
    let what = match &before {
        Some(own) => What::of(&own.events, own.collection.as_deref(), own.condition.as_deref()),
        None => What::empty(),
    };
    let job = before.as_ref().map(|own| own.job.clone()).unwrap_or_default();
    let written = Value::Object(job.args.clone().unwrap_or_default()).to_string();
    let kind = RwSignal::new(job.kind.clone());
    let args = RwSignal::new(indented(&written));
    let queue = RwSignal::new(job.queue.clone().unwrap_or_default());
    let enabled = RwSignal::new(before.as_ref().is_none_or(|own| own.enabled));
    let name = RwSignal::new(before.map(|own| own.name).unwrap_or_default());
    let taken = RwSignal::new(None::<String>);
    let submission = Submission::new(&PLACES);
    // What has no field of its own stays.
    let job = StoredValue::new(job);
    let wrong_name = Signal::derive(move || {
        name.with(|name| match taken.get().filter(|taken| taken == name) {
            Some(_) => Some("There is a trigger of that name".to_owned()),
            None if name.is_empty() => None,
            None => name_mistake(name).map(str::to_owned),
        })
    });
    let read = move || {
        let (events, collection, condition) = what.read()?;
        let mut job = job.get_value();
        job.kind = Some(kind.with(|kind| kind.trim().to_owned())).filter(|kind| !kind.is_empty())?;
        job.args = Some(args.with(|args| serde_json::from_str(args).ok())?);
        job.queue = Some(queue.with(|queue| queue.trim().to_owned())).filter(|queue| !queue.is_empty());
        let is_named = name.with(|name| name_mistake(name).is_none());
        is_named.then(|| TriggerReplace { events, collection, condition, job, enabled: Some(enabled.get()) })
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(trigger) = untrack(read) else { return };
        let name = name.get_untracked();
        submission.send(async move {
            if is_new && api.trigger(&name).await.is_ok() {
                taken.try_set(Some(name));
                return Ok(());
            }
            list.put(api.replace_trigger(&name, &trigger).await?);
            open.try_set(false);
            toasts.say(format!("{name} is {}", if is_new { "made" } else { "changed" }));
            Ok(())
        });
    };
    view! {
        <form class="form" on:submit=submit>
            {is_new
                .then(|| {
                    view! { <TextInput label="Name" value=name autofocus=true placeholder="thumbnails" error=wrong_name mono=true /> }
                })}
            <WhatFields what legend="Enqueues when" submission />
            <TextInput
                label="Kind"
                value=kind
                placeholder="image.resize"
                hint="What is to be done: a kind that the servers run, or one of your workers."
                error=submission.at("/job/kind")
                mono=true
            />
            <CodeEditor
                label="Arguments"
                value=args
                language=Language::Json
                hint="What happened comes along as event."
                error=submission.at("/job/args")
            />
            <TextInput label="Queue" value=queue placeholder="As the kind says" error=submission.at("/job/queue") mono=true />
            <Switch on=enabled change=move |on| enabled.set(on)>
                "It enqueues"
            </Switch>
            <FormFoot
                submission
                open
                action=if is_new { "Create the trigger" } else { "Save" }
                ready=Signal::derive(move || read().is_some())
            />
        </form>
    }
}

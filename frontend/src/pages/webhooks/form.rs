//! A webhook in a dialog: a new one, or one to be changed.

use std::collections::BTreeMap;

use annex_openapi::webhooks::{Webhook, WebhookCreate, WebhookUpdate};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::api::use_api;
use crate::pages::events::{What, WhatFields};
use crate::pages::schedules::name_mistake;
use crate::shell::use_catalogue;
use crate::ui::{FormFoot, Submission, Switch, TagInput, TextArea, TextInput};

/// The places of a request that have a field.
const PLACES: [&str; 7] = ["/name", "/url", "/events", "/collection", "/condition", "/fields", "/headers"];

/// Headers as they are written, a line each; `None` where one has no name.
fn headers(text: &str) -> Option<BTreeMap<String, String>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (name, value) = line.split_once(':')?;
            let name = name.trim().to_lowercase();
            (!name.is_empty()).then(|| (name, value.trim().to_owned()))
        })
        .collect()
}

/// The form; `saved` gets the webhook.
#[component]
pub fn WebhookForm(
    before: Option<Webhook>,
    open: RwSignal<bool>,
    #[prop(into)] saved: Callback<Webhook>,
) -> impl IntoView {
    let (api, catalogue) = (use_api(), use_catalogue());
    let id = before.as_ref().map(|own| own.id);
    let what = match &before {
        Some(own) => What::of(&own.events, own.collection.as_deref(), own.condition.as_deref()),
        None => What::empty(),
    };
    let text = |read: fn(&Webhook) -> String| RwSignal::new(before.as_ref().map(read).unwrap_or_default());
    let name = text(|own| own.name.clone());
    let url = text(|own| own.url.clone());
    let lines = text(|own| own.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect());
    let fields = RwSignal::new(before.as_ref().and_then(|own| own.fields.clone()).unwrap_or_default());
    let enabled = RwSignal::new(before.as_ref().is_none_or(|own| own.enabled));
    let submission = Submission::new(&PLACES);
    let wrong_name = Signal::derive(move || {
        name.with(|name| if name.is_empty() { None } else { name_mistake(name).map(str::to_owned) })
            .or_else(|| submission.at("/name").get())
    });
    let wrong_headers = Signal::derive(move || {
        let is_wrong = lines.with(|lines| headers(lines).is_none());
        if is_wrong {
            Some("A name, a colon and a value in each line".to_owned())
        } else {
            submission.at("/headers").get()
        }
    });
    let names = Signal::derive(move || {
        let found = catalogue.get(&what.collection.get());
        found.map(|found| found.fields.into_iter().map(|field| field.name).collect()).unwrap_or_default()
    });
    let read = move || {
        let (events, collection, condition) = what.read()?;
        let name = Some(name.get()).filter(|name| name_mistake(name).is_none())?;
        let url = Some(url.with(|url| url.trim().to_owned())).filter(|url| !url.is_empty())?;
        let headers = Some(lines.with(|lines| headers(lines))?);
        let fields = Some(fields.get()).filter(|fields| !fields.is_empty() && collection.is_some());
        Some(WebhookCreate {
            name,
            url,
            events,
            collection,
            condition,
            fields,
            headers,
            enabled: Some(enabled.get()),
        })
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(written) = untrack(read) else { return };
        submission.send(async move {
            let webhook = match id {
                None => api.create_webhook(&written).await?,
                Some(id) => {
                    let WebhookCreate { name, url, events, collection, condition, fields, headers, enabled } =
                        written;
                    let change = WebhookUpdate {
                        name: Some(name),
                        url: Some(url),
                        events: Some(events),
                        collection: Some(collection),
                        condition: Some(condition),
                        fields: Some(fields),
                        headers,
                        enabled,
                    };
                    api.change_webhook(id, &change).await?
                }
            };
            open.try_set(false);
            saved.run(webhook);
            Ok(())
        });
    };
    view! {
        <form class="form" on:submit=submit>
            <TextInput label="Name" value=name autofocus=id.is_none() placeholder="search-index" error=wrong_name mono=true />
            <TextInput
                label="URL"
                kind="url"
                value=url
                placeholder="https://example.com/webhooks/annex"
                hint="A host of the public internet, or one that ANNEX_OUTBOUND_ALLOW names."
                error=submission.at("/url")
                mono=true
            />
            <WhatFields what legend="Told of" submission />
            <TagInput label="Fields" value=fields placeholder="All" suggestions=names error=submission.at("/fields") />
            <TextArea
                label="Headers"
                value=lines
                rows=2
                mono=true
                placeholder="authorization: Bearer of their own"
                hint="Sent along, one in each line."
                error=wrong_headers
            />
            <Switch on=enabled change=move |on| enabled.set(on)>
                "It is told"
            </Switch>
            <FormFoot
                submission
                open
                action=if id.is_none() { "Create the webhook" } else { "Save" }
                ready=Signal::derive(move || read().is_some())
            />
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::headers;

    #[test]
    fn headers_stand_in_lines() {
        let read = headers("Authorization: Bearer a:b\n\n x-one : 1 ").expect("headers");
        assert_eq!(read.get("authorization").map(String::as_str), Some("Bearer a:b"));
        assert_eq!((read.len(), read.get("x-one").map(String::as_str)), (2, Some("1")));
        assert_eq!(headers("").map(|none| none.len()), Some(0));
        assert!(headers("no colon").is_none() && headers(": x").is_none());
    }
}

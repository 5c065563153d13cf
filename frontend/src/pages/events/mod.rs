//! What happens, as hooks, webhooks and triggers share it: the way between their pages, and the words for it.

mod what;

use annex_openapi::events::EventType;
use leptos::prelude::*;
use leptos_router::components::A;

pub use what::{What, WhatFields};

use crate::shell::PageHead;
use crate::ui::Badge;
use crate::url::segment;

/// The head of a page about what happens.
#[component]
pub fn EventsHead(
    title: &'static str,
    /// Buttons at its right.
    #[prop(into)]
    actions: ViewFn,
) -> impl IntoView {
    let tab = |href: &'static str, words: &'static str| {
        view! {
            <A href=href exact=true attr:class="tab">
                {words}
            </A>
        }
    };
    view! {
        <PageHead title actions />
        <nav class="tabs" aria-label="Hooks">
            {tab("/hooks", "Hooks")}
            {tab("/webhooks", "Webhooks")}
            {tab("/triggers", "Triggers")}
        </nav>
    }
}

/// What happens, in words.
pub fn event_words(event: EventType) -> &'static str {
    match event {
        EventType::RecordCreated => "A record is created",
        EventType::RecordUpdated => "A record is updated",
        EventType::RecordDeleted => "A record is deleted",
        EventType::UserRegistered => "Somebody registers",
        EventType::UserDeleted => "An account is deleted",
        EventType::JobFailed => "A job has failed",
        EventType::WebhookDisabled => "A webhook is disabled",
        EventType::WebhookTest => "A webhook is tried",
    }
}

/// What something is told of, at a glance.
#[component]
pub fn EventBadges(
    events: Vec<EventType>,
    collection: Option<String>,
    condition: Option<String>,
) -> impl IntoView {
    let badges = events.into_iter().map(|event| view! { <Badge>{event.as_str()}</Badge> }).collect_view();
    let of = collection.map(|name| {
        let href = format!("/collections/{}", segment(&name));
        view! { <a class="small" href=href>{name}</a> }
    });
    let where_ = condition.map(|condition| {
        view! {
            <code class="small soft truncate" title=condition.clone()>
                {condition.clone()}
            </code>
        }
    });
    view! { <div class="row wrap events">{badges} {of} {where_}</div> }
}

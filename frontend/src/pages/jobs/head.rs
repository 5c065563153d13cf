//! The head of all pages about jobs, with the way between them.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::shell::PageHead;

/// The head of a page about jobs.
#[component]
pub fn JobsHead(
    title: &'static str,
    /// Buttons at its right.
    #[prop(optional, into)]
    actions: Option<ViewFn>,
) -> impl IntoView {
    let actions = actions.unwrap_or_else(|| ViewFn::from(|| ()));
    let tab = |href: &'static str, words: &'static str| {
        view! {
            <A href=href exact=true attr:class="tab">
                {words}
            </A>
        }
    };
    view! {
        <PageHead title actions />
        <nav class="tabs" aria-label="Jobs">
            {tab("/jobs", "Jobs")}
            {tab("/queues", "Queues")}
            {tab("/schedules", "Schedules")}
            {tab("/batches", "Batches")}
            {tab("/workers", "Workers")}
            {tab("/outbox", "Outbox")}
        </nav>
    }
}

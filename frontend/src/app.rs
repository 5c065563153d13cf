//! The whole map of views.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::path;

use crate::api::{Api, use_api};
use crate::pages::{
    NotFound, batches, collection, collections, hooks, jobs, logs, outbox, overview, queues, realtime,
    schedules, settings, sign_in, triggers, users, webhooks, workers,
};
use crate::part::page;
use crate::shell::Shell;
use crate::ui::toast::{ToastRegion, Toasts};
use crate::ui::tooltip::Tooltips;
use crate::{browser, leaving};

/// The console.
#[component]
pub fn App() -> impl IntoView {
    leaving::follow();
    provide_context(Api::new());
    let toasts = Toasts::new();
    provide_context(toasts);
    Effect::new(move || {
        if let Some(words) = browser::waiting_words() {
            toasts.warn(words);
        }
    });
    view! {
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/sign-in") view=page!(sign_in, sign_in::SignIn) />
                <Route path=path!("/setup") view=page!(sign_in, sign_in::Setup) />
                <ParentRoute path=path!("") view=page!(shell, Shell).beside(resume)>
                    <Route path=path!("/") view=page!(overview, overview::Overview) />
                    <Route path=path!("/collections") view=page!(collections, collections::List) />
                    <Route path=path!("/collections/new") view=page!(new_collection, collections::New) />
                    <Route path=path!("/collections/adopt") view=page!(new_collection, collections::Adopt) />
                    <Route path=path!("/collections/diagram") view=page!(diagram, collections::DiagramPage) />
                    <ParentRoute path=path!("/collections/:name") view=page!(collection, collection::Frame)>
                        <Route path=path!("") view=page!(data, collection::Data) />
                        <Route path=path!("schema") view=page!(schema, collection::Schema) />
                        <Route path=path!("rules") view=page!(rules, collection::Rules) />
                        <Route path=path!("api") view=page!(api, collection::ApiReference) />
                    </ParentRoute>
                    <Route path=path!("/jobs") view=page!(jobs, jobs::Jobs) />
                    <Route path=path!("/jobs/:id") view=page!(job, jobs::JobPage) />
                    <Route path=path!("/queues") view=page!(queues, queues::Queues) />
                    <Route path=path!("/schedules") view=page!(schedules, schedules::Schedules) />
                    <Route path=path!("/workers") view=page!(workers, workers::Workers) />
                    <Route path=path!("/batches") view=page!(batches, batches::Batches) />
                    <Route path=path!("/batches/:id") view=page!(batch, batches::BatchPage) />
                    <Route path=path!("/outbox") view=page!(outbox, outbox::Outbox) />
                    <Route path=path!("/realtime") view=page!(realtime, realtime::Realtime) />
                    <Route path=path!("/hooks") view=page!(hooks, hooks::Hooks) />
                    <Route path=path!("/webhooks") view=page!(webhooks, webhooks::Webhooks) />
                    <Route path=path!("/webhooks/:id") view=page!(webhook, webhooks::WebhookPage) />
                    <Route path=path!("/triggers") view=page!(triggers, triggers::Triggers) />
                    <Route path=path!("/users") view=page!(users, users::Users) />
                    <Route path=path!("/logs") view=page!(logs, logs::Logs) />
                    <Route path=path!("/settings") view=page!(settings, settings::Settings) />
                </ParentRoute>
            </Routes>
        </Router>
        <ToastRegion />
        <Tooltips />
    }
}

/// Begins to renew the session that this browser keeps: the shell, which asks for the same, then waits for less.
fn resume() {
    let api = use_api();
    spawn_local(async move {
        // What comes of it is the shell's to say.
        api.resume().await.ok();
    });
}

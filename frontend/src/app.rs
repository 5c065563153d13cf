//! The whole map of views.

use leptos::prelude::*;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::path;

use crate::api::Api;
use crate::pages::{NotFound, collection, collections, logs, overview, settings, sign_in, users};
use crate::shell::Shell;
use crate::ui::toast::{ToastRegion, Toasts};
use crate::ui::tooltip::Tooltips;

/// The console.
#[component]
pub fn App() -> impl IntoView {
    provide_context(Api::new());
    provide_context(Toasts::new());
    view! {
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/sign-in") view=sign_in::SignIn />
                <Route path=path!("/setup") view=sign_in::Setup />
                <ParentRoute path=path!("") view=Shell>
                    <Route path=path!("/") view=overview::Overview />
                    <Route path=path!("/collections") view=collections::List />
                    <Route path=path!("/collections/new") view=collections::New />
                    <Route path=path!("/collections/adopt") view=collections::Adopt />
                    <Route path=path!("/collections/diagram") view=collections::Diagram />
                    <ParentRoute path=path!("/collections/:name") view=collection::Frame>
                        <Route path=path!("") view=collection::Data />
                        <Route path=path!("schema") view=collection::Schema />
                        <Route path=path!("rules") view=collection::Rules />
                        <Route path=path!("api") view=collection::ApiReference />
                    </ParentRoute>
                    <Route path=path!("/users") view=users::Users />
                    <Route path=path!("/logs") view=logs::Logs />
                    <Route path=path!("/settings") view=settings::Settings />
                </ParentRoute>
            </Routes>
        </Router>
        <ToastRegion />
        <Tooltips />
    }
}

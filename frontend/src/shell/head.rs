//! The head of a page: where one is, and what can be done here.

use leptos::prelude::*;

use super::SidebarOpen;
use crate::browser;
use crate::ui::{IconButton, IconName};

/// The head of a page. `over` is where this page belongs, as (words, link).
#[component]
pub fn PageHead(
    #[prop(into)] title: Signal<String>,
    #[prop(optional, into)] over: Option<(&'static str, &'static str)>,
    /// Buttons at its right.
    #[prop(optional, into)]
    actions: Option<ViewFn>,
) -> impl IntoView {
    let SidebarOpen(sidebar) = expect_context();
    Effect::new(move || browser::set_title(&title.get()));
    view! {
        <header class="page-head">
            <span class="only-narrow">
                <IconButton name=IconName::Menu label="Menu" press=move |_| sidebar.set(true) />
            </span>
            <div class="crumbs">
                {over.map(|(words, link)| view! { <a href=link>{words}</a> <span aria-hidden="true">"/"</span> })}
                <h1 class="truncate">{title}</h1>
            </div>
            {actions.map(|actions| view! { <div class="actions">{actions.run()}</div> })}
        </header>
    }
}

//! The head and tabs of a collection's pages.

use annex_openapi::collections::Collection;
use leptos::prelude::*;
use leptos_router::components::{A, Outlet};
use leptos_router::hooks::use_params_map;

use crate::shell::{PageHead, use_catalogue};
use crate::ui::{Empty, ErrorNotice, IconName, LinkButton, Skeleton};

/// The collection of the page, as the catalogue has it now.
#[derive(Clone, Copy)]
pub struct Current(pub Memo<Collection>);

/// The collection of the surrounding page.
pub fn use_collection() -> Memo<Collection> {
    expect_context::<Current>().0
}

/// The frame around a collection's pages. They are made anew for another collection.
#[component]
pub fn Frame() -> impl IntoView {
    let catalogue = use_catalogue();
    let params = use_params_map();
    let name = Memo::new(move |_| params.with(|params| params.get("name").unwrap_or_default()));
    let is_there = Memo::new(move |_| catalogue.get(&name.get()).map(|collection| collection.name));
    move || {
        match (is_there.get(), catalogue.is_loaded()) {
        (Some(name), _) => view! { <Tabs name /> }.into_any(),
        (None, true) => view! {
            <PageHead title=name over=("Collections", "/collections") />
            <Empty icon=IconName::Layers title="There is no such collection">
                <p>"It may have been renamed or dropped. A table that another program made can be adopted."</p>
                <LinkButton href="/collections">"All collections"</LinkButton>
            </Empty>
        }
        .into_any(),
        (None, false) => view! {
            <PageHead title=name over=("Collections", "/collections") />
            <div class="page">
                <ErrorNotice error=catalogue.failure() retry=move |()| catalogue.reload() />
                <Skeleton lines=6 />
            </div>
        }
        .into_any(),
    }
    }
}

#[component]
fn Tabs(name: String) -> impl IntoView {
    let catalogue = use_catalogue();
    let base = format!("/collections/{name}");
    let initial =
        untrack(|| catalogue.get(&name)).expect("the frame shows tabs of collections that are there");
    let title = name.clone();
    // A collection that is gone keeps its last form until the page is.
    provide_context(Current(Memo::new(move |before: Option<&Collection>| {
        catalogue.get(&name).or_else(|| before.cloned()).unwrap_or_else(|| initial.clone())
    })));
    let tab = |path: &str, words: &'static str, exact: bool| {
        view! {
            <A href=format!("{base}{path}") exact=exact attr:class="tab">
                {words}
            </A>
        }
    };
    view! {
        <PageHead title over=("Collections", "/collections") />
        <nav class="tabs" aria-label="Collection">
            {tab("", "Data", true)}
            {tab("/schema", "Schema", false)}
            {tab("/rules", "Rules", false)}
            {tab("/api", "API", false)}
        </nav>
        <Outlet />
    }
}

//! The way to every page.

use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::{use_location, use_navigate};

use super::palette::PaletteOpen;
use super::shortcuts::Shortcuts;
use super::{use_catalogue, use_sign_out};
use crate::api::use_api;
use crate::ui::tooltip::Keys;
use crate::ui::{Icon, IconName, Menu, MenuItem, Skeleton};

/// The sidebar: pages, collections, and the account.
#[component]
pub fn Sidebar() -> impl IntoView {
    let catalogue = use_catalogue();
    let PaletteOpen(palette) = expect_context();
    let collections = move || match catalogue.all() {
        None => view! { <Skeleton lines=4 /> }.into_any(),
        Some(all) => all
            .into_iter()
            .map(|collection| {
                let href = format!("/collections/{}", collection.name);
                view! { <NavLink href icon=IconName::Table2 words=collection.name /> }
            })
            .collect_view()
            .into_any(),
    };
    view! {
        <nav class="sidebar" aria-label="Console">
            <a class="sidebar-brand" href="/">
                <img src="/icon.svg" alt="" />
                "Annex"
            </a>
            <button
                class="sidebar-search"
                type="button"
                aria-keyshortcuts="Control+K Meta+K"
                on:click=move |_| palette.set(true)
            >
                <Icon name=IconName::Search />
                <span class="grow">"Search"</span>
                <span class="row" aria-hidden="true">
                    <Keys keys="mod+k" />
                </span>
            </button>
            <NavLink href="/" icon=IconName::Activity words="Overview" exact=true />
            <NavLink href="/collections" icon=IconName::Layers words="Collections" exact=true />
            <GroupLink
                href="/jobs"
                icon=IconName::ListChecks
                words="Jobs"
                pages=&["jobs", "queues", "schedules", "batches", "workers", "outbox"]
            />
            <NavLink href="/realtime" icon=IconName::Radio words="Realtime" />
            <GroupLink href="/hooks" icon=IconName::Webhook words="Hooks" pages=&["hooks", "webhooks", "triggers"] />
            <NavLink href="/users" icon=IconName::Users words="Users" />
            <NavLink href="/logs" icon=IconName::ScrollText words="Logs" />
            <NavLink href="/settings" icon=IconName::Settings words="Settings" />
            <div class="sidebar-group">"Data"</div>
            {collections}
            <div class="sidebar-foot">
                <Account />
            </div>
        </nav>
    }
}

#[component]
fn NavLink(
    #[prop(into)] href: String,
    icon: IconName,
    #[prop(into)] words: String,
    #[prop(optional)] exact: bool,
) -> impl IntoView {
    view! {
        <A href exact attr:class="nav-link">
            <Icon name=icon />
            <span class="truncate">{words}</span>
        </A>
    }
}

/// The way to pages that belong together, each of which has an address of its own.
#[component]
fn GroupLink(
    href: &'static str,
    icon: IconName,
    words: &'static str,
    pages: &'static [&'static str],
) -> impl IntoView {
    let pathname = use_location().pathname;
    let is_here = Memo::new(move |_| {
        pathname.with(|path| path.split('/').nth(1).is_some_and(|page| pages.contains(&page)))
    });
    view! {
        <a class="nav-link" href=href aria-current=move || is_here.get().then_some("page")>
            <Icon name=icon />
            <span class="truncate">{words}</span>
        </a>
    }
}

#[component]
fn Account() -> impl IntoView {
    let api = use_api();
    let email = move || api.session().user().get().map(|user| user.email).unwrap_or_default();
    let shortcuts = expect_context::<Shortcuts>();
    let navigate = use_navigate();
    let settings = move |_| navigate("/settings", Default::default());
    let sign_out = use_sign_out();
    view! {
        <Menu
            label="Account"
            worded=true
            class="nav-link button quiet wide"
            button=Box::new(move || {
                view! {
                    <span class="avatar" aria-hidden="true">
                        {move || email().chars().next().map(String::from)}
                    </span>
                    <span class="truncate grow">{email}</span>
                    <Icon name=IconName::ChevronsUpDown />
                }
                    .into_any()
            })
        >
            <MenuItem icon=IconName::Settings press=settings.clone()>
                "Settings"
            </MenuItem>
            <MenuItem icon=IconName::Keyboard press=move |_| shortcuts.shown.set(true)>
                "Keyboard shortcuts"
            </MenuItem>
            <MenuItem icon=IconName::LogOut press=move |_| sign_out()>
                "Sign out"
            </MenuItem>
        </Menu>
    }
}

//! What is around every page of somebody who is signed in: the sidebar, the palette of commands, and what all pages share.

mod catalogue;
mod head;
mod keys;
mod palette;
mod shortcuts;
mod sidebar;
mod theme;

use std::time::Duration;

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_location, use_navigate};

pub use catalogue::{Catalogue, use_catalogue};
pub use head::PageHead;
pub use shortcuts::shortcut;
pub use theme::{Theme, use_appearance};

use crate::api::{ApiError, use_api};
use crate::part::later;
use crate::ui::toast::use_toasts;
use crate::ui::{Button, ButtonSize, Dialog, DialogShape, ErrorNotice, IconName};
use crate::{browser, leaving};
use palette::{Palette, PaletteOpen};
use shortcuts::{ShortcutList, Shortcuts};
use sidebar::Sidebar;
use theme::Appearance;

/// When the palette is loaded that nobody has asked for, after the shell.
const PALETTE_AFTER: Duration = Duration::from_secs(2);

/// Whether the sidebar of a narrow screen is open.
#[derive(Clone, Copy)]
pub(crate) struct SidebarOpen(pub RwSignal<bool>);

/// What signs out, and says where that fails.
pub fn use_sign_out() -> impl Fn() + Copy + Send + Sync + 'static {
    let (api, toasts) = (use_api(), use_toasts());
    move || {
        spawn_local(async move {
            if let Err(error) = leaving::sign_out(api).await {
                toasts.fail("You are still signed in", &error);
            }
        });
    }
}

/// The frame around the pages. Without a session it leads to the sign-in, and back here from there.
#[component]
pub fn Shell() -> impl IntoView {
    let api = use_api();
    let ready = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let navigate = use_navigate();
    let location = use_location();

    let to_sign_in = move || {
        let here = format!(
            "{}{}",
            location.pathname.get_untracked(),
            match location.search.get_untracked() {
                search if search.is_empty() => search,
                search => format!("?{search}"),
            }
        );
        let target = if here == "/" {
            "/sign-in".to_owned()
        } else {
            format!("/sign-in?next={}", js_sys::encode_uri_component(&here))
        };
        navigate(&target, NavigateOptions { replace: true, ..NavigateOptions::default() });
    };
    let start = {
        let to_sign_in = to_sign_in.clone();
        Callback::new(move |()| {
            let to_sign_in = to_sign_in.clone();
            failure.set(None);
            spawn_local(async move {
                match api.resume().await {
                    Ok(true) => ready.set(true),
                    Ok(false) => to_sign_in(),
                    Err(error) => failure.set(Some(error)),
                }
            });
        })
    };
    start.run(());
    // A session that ends while a page is open leads to the sign-in too.
    Effect::new(move || {
        if ready.get() && api.session().user().with(Option::is_none) {
            ready.set(false);
            to_sign_in();
        }
    });

    let is_admin = Memo::new(move |_| {
        api.session()
            .user()
            .with(|user| user.as_ref().is_some_and(|user| user.roles.iter().any(|role| role == "admin")))
    });

    let sidebar = RwSignal::new(false);
    provide_context(SidebarOpen(sidebar));
    let pathname = use_location().pathname;
    Effect::new(move || {
        pathname.with(|_| ());
        sidebar.set(false);
    });

    view! {
        <Show
            when=move || ready.get()
            fallback=move || {
                view! {
                    <div class="welcome">
                        <div class="welcome-card">
                            <ErrorNotice error=failure retry=start />
                        </div>
                    </div>
                }
            }
        >
            <Show when=move || is_admin.get() fallback=NotForYou>
                <Inside sidebar />
            </Show>
        </Show>
    }
}

/// What an account sees that is no admin.
#[component]
fn NotForYou() -> impl IntoView {
    let user = use_api().session().user();
    let sign_out = use_sign_out();
    browser::set_title("For admins");
    view! {
        <main class="welcome">
            <div class="welcome-card">
                <img class="brand" src="/icon.svg" alt="Annex" />
                <h1>"This console is for admins"</h1>
                <p class="lead">
                    "You are signed in as "
                    <strong>{move || user.with(|user| user.as_ref().map(|user| user.email.clone()))}</strong>
                    ", which does not have the role "
                    <code>"admin"</code>
                    ". An admin can give it the role under Users."
                </p>
                <Button size=ButtonSize::Large wide=true icon=IconName::LogOut press=move |_| sign_out()>
                    "Sign out"
                </Button>
            </div>
        </main>
    }
}

/// The frame itself, once there is a session.
#[component]
fn Inside(sidebar: RwSignal<bool>) -> impl IntoView {
    provide_context(Catalogue::load(use_api()));
    provide_context(Appearance::kept());
    let palette = RwSignal::new(false);
    provide_context(PaletteOpen(palette));
    let shortcuts = Shortcuts::listen();
    provide_context(shortcuts);
    shortcuts
        .everywhere("mod+k", "Go to a page, or do something", move || palette.update(|open| *open = !*open));
    for (keys, words, link) in [
        ("g o", "Overview", "/"),
        ("g c", "Collections", "/collections"),
        ("g j", "Jobs", "/jobs"),
        ("g q", "Queues", "/queues"),
        ("g r", "Realtime", "/realtime"),
        ("g h", "Hooks", "/hooks"),
        ("g w", "Webhooks", "/webhooks"),
        ("g u", "Users", "/users"),
        ("g l", "Logs", "/logs"),
        ("g s", "Settings", "/settings"),
    ] {
        let navigate = use_navigate();
        shortcuts.everywhere(keys, words, move || navigate(link, NavigateOptions::default()));
    }
    shortcuts.everywhere("/", "Search in the list", || {
        if let Ok(Some(input)) = document().query_selector("#content input[data-keys='/']") {
            browser::focus(&input);
        }
    });
    let toasts = use_toasts();
    shortcuts.everywhere("mod+z", "Take back what was done last", move || toasts.take_back());
    shortcuts.everywhere("?", "Keyboard shortcuts", move || shortcuts.shown.set(true));
    // Nobody looks for a command before the page is there.
    let is_rested = RwSignal::new(false);
    let rest = move || {
        is_rested.try_set(true);
    };
    set_timeout(rest, PALETTE_AFTER);
    let is_due = Memo::new(move |before: Option<&bool>| {
        before == Some(&true) || is_rested.get() || palette.get() || shortcuts.shown.get()
    });
    // The router would take it for a way to another page.
    let skip = move |event: MouseEvent| {
        event.prevent_default();
        if let Some(content) = document().get_element_by_id("content") {
            browser::focus(&content);
        }
    };
    view! {
        <a class="skip-link" href="#content" on:click=skip>
            "Skip to the content"
        </a>
        <div class="shell">
            <Sidebar />
            <main class="main" id="content" tabindex="-1">
                <Outlet />
            </main>
        </div>
        <Dialog open=sidebar title="Menu" shape=DialogShape::LeftDrawer>
            <Sidebar />
        </Dialog>
        {move || is_due.get().then(|| later!(palette, | | view! {
            <Palette />
            <ShortcutList />
        }))}
    }
}

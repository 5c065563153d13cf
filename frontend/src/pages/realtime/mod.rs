//! The realtime inspector: how the feed of changes stands, and what is told to whom.

mod clients;
mod collections;
mod messages;
mod status;

use leptos::prelude::*;

use crate::part::later;
use crate::shell::PageHead;
use crate::url::use_url_query;
use clients::Clients;
use collections::Collections;
use messages::Messages;
use status::{Known, StatusTiles};

/// What is looked at, each part of the URL.
const TABS: [(&str, &str); 3] =
    [("", "Messages"), ("connections", "Connections"), ("collections", "Collections")];

/// The realtime inspector.
#[component]
pub fn Realtime() -> impl IntoView {
    let (query, known) = (use_url_query(), Known::start());
    let tab = Memo::new(move |_| {
        let given = query.get("tab").unwrap_or_default();
        TABS.into_iter().map(|(tab, _)| tab).find(|tab| *tab == given).unwrap_or_default()
    });
    let tabs = TABS.map(|(own, words)| {
        view! {
            <a
                class="tab"
                data-noscroll=""
                href=move || query.link(&[("tab", (!own.is_empty()).then(|| own.to_owned()))])
                aria-current=move || (tab.get() == own).then_some("page")
            >
                {words}
            </a>
        }
    });
    view! {
        <PageHead title="Realtime" />
        <nav class="tabs" aria-label="Realtime">
            {tabs}
        </nav>
        <div class="page wide stack">
            <StatusTiles known />
            {move || match tab.get() {
                "connections" => view! { <Clients known /> }.into_any(),
                "collections" => later!(realtime_collections, | | view! { <Collections /> }),
                _ => later!(realtime_messages, | | view! { <Messages /> }),
            }}
        </div>
    }
}

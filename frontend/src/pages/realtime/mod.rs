//! The realtime inspector: how the feed of changes stands, and what is told to whom.

mod messages;

use leptos::prelude::*;

use crate::shell::PageHead;
use messages::Messages;

/// The realtime inspector.
#[component]
pub fn Realtime() -> impl IntoView {
    view! {
        <PageHead title="Realtime" />
        <div class="page wide stack">
            <Messages />
        </div>
    }
}

//! The pages: each a folder or a file, named as in the URL.

pub mod acting;
pub mod batches;
pub mod collection;
pub mod collections;
pub mod events;
pub mod hooks;
pub mod jobs;
pub mod logs;
pub mod outbox;
pub mod overview;
pub mod queues;
pub mod realtime;
pub mod schedules;
pub mod settings;
pub mod sign_in;
pub mod triggers;
pub mod users;
pub mod webhooks;
pub mod workers;

use leptos::prelude::*;

use crate::ui::LinkButton;

/// A URL that leads nowhere.
#[component]
pub fn NotFound() -> impl IntoView {
    crate::browser::set_title("Not found");
    crate::browser::remove_element("boot");
    view! {
        <main class="welcome">
            <div class="welcome-card">
                <img class="brand" src="/icon.svg" alt="Annex" />
                <h1>"There is nothing here"</h1>
                <p class="lead">"The address leads to no page of the console. It may have been moved, or mistyped."</p>
                <LinkButton href="/">"To the overview"</LinkButton>
            </div>
        </main>
    }
}

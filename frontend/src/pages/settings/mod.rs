//! Settings: the account that is signed in, how this browser shows the console, and what is set for the server.

mod account;
mod server;
mod sessions;

use leptos::prelude::*;

use crate::shell::{PageHead, Theme, use_appearance};
use crate::ui::{Card, Segmented};

/// Settings.
#[component]
pub fn Settings() -> impl IntoView {
    view! {
        <PageHead title="Settings" />
        <div class="page settings stack">
            <account::Account />
            <sessions::Sessions />
            <Look />
            <server::ServerSettings />
        </div>
    }
}

#[component]
fn Look() -> impl IntoView {
    let appearance = use_appearance();
    view! {
        <Card title="Appearance">
            <div class="settings-line">
                <div class="grow">
                    <h3>"Theme"</h3>
                    <p class="faint small">"Kept in this browser."</p>
                </div>
                <Segmented
                    label="Theme"
                    value=Signal::derive(move || appearance.theme())
                    change=move |theme| appearance.choose(theme)
                    options=vec![(Theme::System, "System"), (Theme::Light, "Light"), (Theme::Dark, "Dark")]
                />
            </div>
        </Card>
    }
}

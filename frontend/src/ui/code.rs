//! Text for machines, to be read and copied.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{ButtonSize, IconButton, IconName};
use crate::browser;
use crate::ui::toast::use_toasts;

/// A button that copies.
#[component]
pub fn CopyButton(#[prop(into)] text: Signal<String>) -> impl IntoView {
    let toasts = use_toasts();
    let press = move |_| {
        spawn_local(async move {
            match browser::copy(&text.get_untracked()).await {
                Ok(()) => toasts.say("Copied"),
                Err(_) => toasts.warn("The browser does not let this page copy"),
            }
        });
    };
    view! { <IconButton name=IconName::Copy label="Copy" size=ButtonSize::Small press /> }
}

/// A block of code that can be copied.
#[component]
pub fn CodeBlock(#[prop(into)] text: Signal<String>, #[prop(into)] label: String) -> impl IntoView {
    view! {
        <div class="code">
            <pre tabindex="0" role="region" aria-label=label>
                <code>{text}</code>
            </pre>
            <CopyButton text />
        </div>
    }
}

//! Text for machines, to be read and copied.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{ButtonSize, IconButton, IconName};
use crate::browser;
use crate::ui::toast::{Toasts, use_toasts};

/// Puts text on the clipboard, and says so.
pub async fn copy(text: String, toasts: Toasts) {
    match browser::copy(&text).await {
        Ok(()) => toasts.say("Copied"),
        Err(_) => toasts.warn("The browser does not let this page copy"),
    }
}

/// A button that copies.
#[component]
pub fn CopyButton(#[prop(into)] text: Signal<String>) -> impl IntoView {
    let toasts = use_toasts();
    let press = move |_| spawn_local(copy(text.get_untracked(), toasts));
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

//! Logs.

use leptos::prelude::*;

use crate::shell::PageHead;

/// Logs.
#[component]
pub fn Logs() -> impl IntoView {
    view! { <PageHead title="Logs" /> }
}

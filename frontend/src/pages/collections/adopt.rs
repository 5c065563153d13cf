//! Adopt a table.

use leptos::prelude::*;

use crate::shell::PageHead;

/// Adopt a table.
#[component]
pub fn Adopt() -> impl IntoView {
    view! { <PageHead title="Adopt a table" /> }
}

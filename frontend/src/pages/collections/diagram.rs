//! Diagram.

use leptos::prelude::*;

use crate::shell::PageHead;

/// Diagram.
#[component]
pub fn Diagram() -> impl IntoView {
    view! { <PageHead title="Diagram" /> }
}

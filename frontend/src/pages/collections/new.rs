//! New collection.

use leptos::prelude::*;

use crate::shell::PageHead;

/// New collection.
#[component]
pub fn New() -> impl IntoView {
    view! { <PageHead title="New collection" /> }
}

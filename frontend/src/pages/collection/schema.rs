//! The tab schema.

use leptos::prelude::*;

/// The tab schema.
#[component]
pub fn Schema() -> impl IntoView {
    view! { <div class="page"></div> }
}

//! The tab rules.

use leptos::prelude::*;

/// The tab rules.
#[component]
pub fn Rules() -> impl IntoView {
    view! { <div class="page"></div> }
}

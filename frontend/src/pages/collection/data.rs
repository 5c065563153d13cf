//! The tab data.

use leptos::prelude::*;

/// The tab data.
#[component]
pub fn Data() -> impl IntoView {
    view! { <div class="page"></div> }
}

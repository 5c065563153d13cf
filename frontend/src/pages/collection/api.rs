//! The tab api.

use leptos::prelude::*;

/// The tab api.
#[component]
pub fn ApiReference() -> impl IntoView {
    view! { <div class="page"></div> }
}

//! Collections.

use leptos::prelude::*;

use crate::shell::PageHead;

/// Collections.
#[component]
pub fn List() -> impl IntoView {
    view! { <PageHead title="Collections" /> }
}

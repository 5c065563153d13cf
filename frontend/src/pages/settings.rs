//! Settings.

use leptos::prelude::*;

use crate::shell::PageHead;

/// Settings.
#[component]
pub fn Settings() -> impl IntoView {
    view! { <PageHead title="Settings" /> }
}

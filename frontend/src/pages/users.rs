//! Users.

use leptos::prelude::*;

use crate::shell::PageHead;

/// Users.
#[component]
pub fn Users() -> impl IntoView {
    view! { <PageHead title="Users" /> }
}

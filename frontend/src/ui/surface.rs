//! What things lie on, and small marks.

use leptos::prelude::*;

use super::{Icon, IconName, Tone};

/// A frame around things that belong together.
#[component]
pub fn Card(
    #[prop(optional, into)] title: Option<String>,
    /// What stands at the right of its head.
    #[prop(optional, into)]
    actions: Option<ViewFn>,
    children: Children,
) -> impl IntoView {
    view! {
        <section class="card">
            {title
                .map(|title| {
                    view! {
                        <header class="card-head">
                            <h2 class="grow">{title}</h2>
                            {actions.map(|actions| move || actions.run())}
                        </header>
                    }
                })}
            <div class="card-body">{children()}</div>
        </section>
    }
}

/// A word about a thing's state or kind.
#[component]
pub fn Badge(
    #[prop(optional)] tone: Tone,
    #[prop(optional, into)] icon: Option<IconName>,
    children: Children,
) -> impl IntoView {
    view! {
        <span class=format!("badge {}", tone.class())>
            {icon.map(|name| view! { <Icon name /> })} {children()}
        </span>
    }
}

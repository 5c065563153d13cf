//! A type as a tree that opens: its members, theirs, and so on.

use std::sync::Arc;

use leptos::prelude::*;
use serde_json::Value;

use super::schema::{Member, shape};
use crate::ui::{Icon, IconName, Prose};

/// A type in a line, and its members below.
#[component]
pub fn TypeTree(document: Arc<Value>, schema: Value) -> impl IntoView {
    let shape = shape(&document, &schema);
    view! {
        <div class="type">
            <p class="row wrap small">
                <span class="type-kind">{shape.kind}</span>
                {(!shape.description.is_empty()).then(|| view! { <span class="soft"><Prose text=shape.description /></span> })}
            </p>
            {members(document, shape.members)}
        </div>
    }
}

fn members(document: Arc<Value>, members: Vec<Member>) -> AnyView {
    if members.is_empty() {
        return ().into_any();
    }
    let rows = members.into_iter().map(|member| member_view(document.clone(), member)).collect_view();
    view! { <ul class="type-members">{rows}</ul> }.into_any()
}

/// A member in a line; its own members are made when they are first shown, since types hold each other.
fn member_view(document: Arc<Value>, member: Member) -> AnyView {
    let shape = shape(&document, &member.schema);
    let line = view! {
        <span class="row wrap">
            <code class="type-name">{member.name}</code>
            <span class="type-kind">{shape.kind}</span>
            {member.required.then(|| view! { <span class="type-required">"required"</span> })}
        </span>
    };
    let about = view! {
        {(!shape.description.is_empty()).then(|| view! { <p class="soft"><Prose text=shape.description /></p> })}
        {(!shape.limits.is_empty()).then(|| view! { <p class="faint">{shape.limits.join(" · ")}</p> })}
    };
    if shape.members.is_empty() {
        return view! {
            <li>
                {line}
                {about}
            </li>
        }
        .into_any();
    }
    let open = RwSignal::new(false);
    let inner = shape.members;
    view! {
        <li>
            <details on:toggle:target=move |event| open.set(event.target().open())>
                <summary>
                    <Icon name=IconName::ChevronRight />
                    {line}
                </summary>
                {move || open.get().then(|| members(document.clone(), inner.clone()))}
            </details>
            {about}
        </li>
    }
    .into_any()
}

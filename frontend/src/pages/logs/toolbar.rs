//! What the list is narrowed down to, and whether it goes on by itself.

use leptos::prelude::*;
use uuid::Uuid;

use super::filters::{TIMES, cleared};
use crate::api::use_api;
use crate::ui::{Button, ButtonKind, Icon, IconName, SearchInput, Segmented};
use crate::url::UrlQuery;

const STATUSES: [(&str, &str); 4] = [("", "All"), ("2xx", "2xx"), ("4xx", "4xx"), ("5xx", "5xx")];
const METHODS: [&str; 5] = ["GET", "POST", "PATCH", "PUT", "DELETE"];

/// The filters, each of which is part of the URL.
#[component]
pub fn Toolbar(query: UrlQuery, is_narrowed: Signal<bool>) -> impl IntoView {
    let set = move |name: &'static str, value: &str| {
        query.replace(&[(name, Some(value.to_owned()).filter(|value| !value.is_empty()))]);
    };
    let status = Memo::new(move |_| {
        let given = query.get("status").unwrap_or_default();
        STATUSES.into_iter().map(|(value, _)| value).find(|value| *value == given).unwrap_or("other")
    });
    let methods = || METHODS.into_iter().map(|method| (method, method)).collect::<Vec<_>>();
    let times = || TIMES.into_iter().map(|(name, words, _)| (name, words)).collect::<Vec<_>>();
    view! {
        <div class="toolbar">
            <SearchInput
                label="Search paths and problems"
                value=Signal::derive(move || query.get("q").unwrap_or_default())
                change=move |text: String| set("q", text.trim())
            />
            <Segmented label="Status" value=status change=move |status| set("status", status) options=STATUSES.to_vec() />
            <Choice query name="method" label="Method" any="Any method" options=methods() />
            <Choice query name="time" label="Time" any="Any time" options=times() />
            <UserChip query />
            <PathChip query />
            {move || {
                is_narrowed
                    .get()
                    .then(|| {
                        view! {
                            <Button kind=ButtonKind::Quiet press=move |_| query.replace(&cleared())>
                                "Clear"
                            </Button>
                        }
                    })
            }}
        </div>
    }
}

/// One of a few values, or any.
#[component]
fn Choice(
    query: UrlQuery,
    name: &'static str,
    label: &'static str,
    any: &'static str,
    options: Vec<(&'static str, &'static str)>,
) -> impl IntoView {
    let value = query.memo(name);
    view! {
        <select
            class="input choice"
            aria-label=label
            on:change:target=move |event| {
                query.replace(&[(name, Some(event.target().value()).filter(|value| !value.is_empty()))]);
            }
        >
            <option value="" selected=move || value.with(Option::is_none)>
                {any}
            </option>
            {options
                .into_iter()
                .map(|(option, words)| {
                    view! {
                        <option value=option selected=move || value.with(|value| value.as_deref() == Some(option))>
                            {words}
                        </option>
                    }
                })
                .collect_view()}
        </select>
    }
}

/// A filter that comes from a link, and can be taken away.
fn chip(query: UrlQuery, name: &'static str, icon: IconName, words: String) -> impl IntoView {
    view! {
        <span class="chip">
            <Icon name=icon />
            <span class="truncate">{words.clone()}</span>
            <button
                type="button"
                class="chip-remove"
                aria-label=format!("Remove the filter {words}")
                on:click=move |_| query.replace(&[(name, None)])
            >
                <Icon name=IconName::X />
            </button>
        </span>
    }
}

#[component]
fn UserChip(query: UrlQuery) -> impl IntoView {
    let api = use_api();
    let id = query.memo("user");
    // Who that is; the id says it where the account is gone.
    let email = LocalResource::new(move || async move {
        let id = Uuid::parse_str(&id.get()?).ok()?;
        api.user(id).await.ok().map(|user| user.email)
    });
    move || {
        id.get().map(|id| {
            let words = email.get().flatten().unwrap_or(id);
            chip(query, "user", IconName::User, words)
        })
    }
}

#[component]
fn PathChip(query: UrlQuery) -> impl IntoView {
    move || query.get("path").map(|path| chip(query, "path", IconName::Link, path))
}

//! What the list is narrowed down to, and whether it goes on by itself.

use leptos::prelude::*;
use uuid::Uuid;

use super::filters::{TIMES, cleared};
use crate::api::use_api;
use crate::ui::{Button, ButtonKind, Icon, IconName, Pick, SearchInput, Segmented};
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
    let option = |name: &str, words: &str| (name.to_owned(), words.to_owned());
    let methods: Vec<_> = METHODS.into_iter().map(|method| option(method, method)).collect();
    let times: Vec<_> = TIMES.into_iter().map(|(name, words, _)| option(name, words)).collect();
    let put = move |name: &'static str| move |value: Option<String>| query.replace(&[(name, value)]);
    view! {
        <div class="toolbar">
            <SearchInput
                label="Search paths and problems"
                value=Signal::derive(move || query.get("q").unwrap_or_default())
                change=move |text: String| set("q", text.trim())
            />
            <Segmented label="Status" value=status change=move |status| set("status", status) options=STATUSES.to_vec() />
            <Pick label="Method" any="Any method" value=query.memo("method") options=Signal::stored(methods) change=put("method") />
            <Pick label="Time" any="Any time" value=query.memo("time") options=Signal::stored(times) change=put("time") />
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

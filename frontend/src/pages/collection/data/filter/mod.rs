//! The filter: one expression, checked while it is written, and its conditions to be taken out one by one.

pub mod terms;

use annex_openapi::collections::IndexKind;
use annex_openapi::expression::Purpose;
use leptos::prelude::*;

use super::sheet::use_sheet;
use crate::part::later;
use crate::shell::{shortcut, use_catalogue};
use crate::ui::{ExpressionEditor, ExpressionShape, Icon, IconButton, IconName, Subject};

/// The place of the filter. What reads expressions comes after the rows.
#[component]
pub fn FilterBar() -> impl IntoView {
    let bar = NodeRef::<leptos::html::Div>::new();
    shortcut("/", "Filter rows", move || focus_within(bar));
    view! {
        <div class="filter-bar" role="search" node_ref=bar>
            <Icon name=IconName::Filter />
            {later!(data_filter, | | view! { <FilterEditor /> })}
        </div>
    }
}

/// The place of the filter's conditions, which is kept for them where there are any.
#[component]
pub fn ChipsBar() -> impl IntoView {
    let sheet = use_sheet();
    let is_filtered = Memo::new(move |_| sheet.address.with(|address| !address.listing.filter.is_empty()));
    view! {
        <div class="chips-bar" class:filled=is_filtered>
            {later!(data_filter, | | view! { <Chips /> })}
        </div>
    }
}

/// Where the filter is written.
#[component]
fn FilterEditor() -> impl IntoView {
    let sheet = use_sheet();
    let catalogue = use_catalogue();
    let subject = Subject::new(
        sheet.collection,
        Memo::new(move |_| catalogue.all().unwrap_or_default()),
        Purpose::Filter { hidden: true },
    );
    let applied = Memo::new(move |_| sheet.address.with(|address| address.listing.filter.clone()));
    let draft = RwSignal::new(applied.get_untracked());
    Effect::new(move || draft.set(applied.get()));
    let apply = move || {
        let text = draft.get_untracked().trim().to_owned();
        if subject.check(&text).is_none() {
            sheet.go(|address| address.listing.filter = text);
        }
    };
    // What the server says of it is said where it is written.
    let refused = Signal::derive(move || {
        sheet.source.failure().with(|failure| failure.as_ref().and_then(|error| error.at("?filter")))
    });
    let placeholder = match sheet.collection.with_untracked(terms::example) {
        example if example.is_empty() => "Filter".to_owned(),
        example => format!("Filter: {example}"),
    };
    let changed = move || draft.with(|draft| draft.trim() != applied.get());
    view! {
        <ExpressionEditor
            label="Filter"
            value=draft
            subject
            shape=ExpressionShape::Bar
            hint=None
            error=refused
            placeholder=placeholder
            submit=move |()| apply()
        />
        {move || {
            changed()
                .then(|| {
                    view! {
                        <IconButton
                            name=IconName::CornerDownLeft
                            label="Apply the filter"
                            keys="enter"
                            press=move |_| apply()
                        />
                    }
                })
        }}
        {move || {
            draft
                .with(|draft| !draft.is_empty())
                .then(|| {
                    view! {
                        <IconButton
                            name=IconName::X
                            label="No filter"
                            press=move |_| {
                                draft.set(String::new());
                                apply();
                            }
                        />
                    }
                })
        }}
    }
}

fn focus_within(bar: NodeRef<leptos::html::Div>) {
    let input = bar
        .get_untracked()
        .and_then(|bar| bar.query_selector("textarea, [contenteditable=true]").ok().flatten());
    if let Some(input) = input {
        crate::browser::focus(&input);
    }
}

/// Words to look for, where the collection has an index for that.
#[component]
pub fn SearchBar() -> impl IntoView {
    let sheet = use_sheet();
    let searchable = Memo::new(move |_| {
        sheet
            .collection
            .with(|collection| collection.indexes.iter().any(|index| index.kind == Some(IndexKind::FullText)))
    });
    let applied = Memo::new(move |_| sheet.address.with(|address| address.listing.search.clone()));
    let words = RwSignal::new(applied.get_untracked());
    Effect::new(move || words.set(applied.get()));
    let apply = move || {
        let text = words.get_untracked().trim().to_owned();
        sheet.go(|address| address.listing.search = text);
    };
    move || {
        searchable.get().then(|| {
            view! {
                <div class="input-with-icon data-search">
                    <Icon name=IconName::Search />
                    <input
                        class="input"
                        type="search"
                        placeholder="Search"
                        aria-label="Search the text of rows"
                        autocomplete="off"
                        bind:value=words
                        on:change=move |_| apply()
                        on:search=move |_: web_sys::Event| apply()
                    />
                </div>
            }
        })
    }
}

/// The conditions of the filter, each with a way to change it and to take it out.
#[component]
fn Chips() -> impl IntoView {
    let sheet = use_sheet();
    let filter = Memo::new(move |_| sheet.address.with(|address| address.listing.filter.clone()));
    let terms = Memo::new(move |_| filter.with(|filter| terms::terms(filter)));
    let editing = RwSignal::new(None::<usize>);
    let text = RwSignal::new(String::new());
    let take_out = move |place: usize| {
        editing.set(None);
        sheet.go(|address| address.listing.filter = terms::without(&address.listing.filter, place));
    };
    let save = move || {
        let Some(place) = editing.try_get_untracked().flatten() else { return };
        let changed = match text.get_untracked().trim() {
            "" => Some(terms::without(&filter.get_untracked(), place)),
            written => terms::replaced(&filter.get_untracked(), place, written),
        };
        if let Some(changed) = changed {
            editing.set(None);
            sheet.go(|address| address.listing.filter = changed);
        }
    };
    let input = NodeRef::<leptos::html::Input>::new();
    Effect::new(move || {
        if let Some(input) = input.get() {
            input.focus().ok();
            input.select();
        }
    });
    let chip = move |(place, term): (usize, String)| {
        if editing.get() == Some(place) {
            return view! {
                <li class="chip editing">
                    <input
                        class="mono"
                        node_ref=input
                        aria-label="Condition"
                        spellcheck="false"
                        autocapitalize="none"
                        bind:value=text
                        size=move || text.with(|text| text.chars().count().clamp(12, 60).to_string())
                        on:keydown=move |event| match event.key().as_str() {
                            "Enter" => save(),
                            "Escape" => editing.set(None),
                            _ => {}
                        }
                        on:blur=move |_| save()
                    />
                </li>
            }
            .into_any();
        }
        let words = term.clone();
        view! {
            <li class="chip">
                <button
                    class="chip-words mono truncate"
                    type="button"
                    data-tip="Change"
                    on:click=move |_| {
                        text.set(term.clone());
                        editing.set(Some(place));
                    }
                >
                    {words}
                </button>
                <button class="chip-x" type="button" aria-label="Take out" on:click=move |_| take_out(place)>
                    <Icon name=IconName::X />
                </button>
            </li>
        }
        .into_any()
    };
    move || {
        let terms = terms.get();
        (!terms.is_empty()).then(|| {
            view! { <ul class="chips" aria-label="Conditions">{terms.into_iter().enumerate().map(chip).collect_view()}</ul> }
        })
    }
}

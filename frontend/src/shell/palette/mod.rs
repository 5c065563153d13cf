//! The palette of commands: type a few letters of a page, a collection or something to do, and be there.

mod choose;
mod entries;
mod matching;

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use wasm_bindgen::JsCast;

use self::choose::{Shown, choose, remember};
use self::entries::{Act, Entry};
use super::shortcuts::Shortcuts;
use super::theme::use_appearance;
use super::{use_catalogue, use_sign_out};
use crate::browser;
use crate::leaving::{self, Onward};
use crate::ui::tooltip::Keys;
use crate::ui::{Icon, IconName};

/// Where the names of what was chosen lately are kept.
const KEY: &str = "annex.recent";

/// Whether the palette is open.
#[derive(Clone, Copy)]
pub(super) struct PaletteOpen(pub RwSignal<bool>);

fn recent() -> Vec<String> {
    browser::stored(KEY).and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default()
}

/// The palette; it shows while [`PaletteOpen`] says so.
#[component]
pub(super) fn Palette() -> impl IntoView {
    let PaletteOpen(open) = expect_context();
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        if open.get() && !dialog.open() {
            dialog.show_modal().ok();
        } else if !open.get() && dialog.open() {
            dialog.close();
        }
    });
    view! {
        <dialog
            class="palette"
            node_ref=dialog
            aria-label="Commands"
            on:close=move |_| open.set(false)
            on:click=move |event| {
                // A press on the dialog itself is one beside its content.
                if dialog.get_untracked().is_some_and(|dialog| event.target().is_some_and(|target| dialog.is_same_node(target.dyn_ref()))) {
                    open.set(false);
                }
            }
        >
            {move || open.get().then(|| view! { <Inside open /> })}
        </dialog>
    }
}

#[component]
fn Inside(open: RwSignal<bool>) -> impl IntoView {
    let catalogue = use_catalogue();
    let entries = Memo::new(move |_| entries::all(&catalogue.all().unwrap_or_default()));
    let lately = recent();
    let typed = RwSignal::new(String::new());
    let shown = Memo::new(move |_| entries.with(|entries| choose(entries, &typed.get(), &lately)));
    let selected = RwSignal::new(0_usize);
    let input = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(input) = input.get() {
            browser::focus(&input);
        }
    });
    let act = use_act();
    let take = Callback::new(move |index: usize| {
        if let Some(chosen) = shown.with_untracked(|shown| shown.get(index).cloned()) {
            open.set(false);
            act.run(chosen.entry);
        }
    });
    let step = move |event: KeyboardEvent| {
        let count = shown.with_untracked(Vec::len).max(1);
        let now = selected.get_untracked();
        let next = match event.key().as_str() {
            "ArrowDown" => (now + 1) % count,
            "ArrowUp" => (now + count - 1) % count,
            "PageDown" => (now + 8).min(count - 1),
            "PageUp" => now.saturating_sub(8),
            "Enter" => {
                event.prevent_default();
                return take.run(now);
            }
            _ => return,
        };
        event.prevent_default();
        selected.set(next);
        if let Some(option) = document().get_element_by_id(&format!("palette-{next}")) {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            option.scroll_into_view_with_scroll_into_view_options(&options);
        }
    };
    view! {
        <div class="palette-search">
            <Icon name=IconName::Search />
            <input
                node_ref=input
                type="text"
                role="combobox"
                aria-label="Search pages, collections and actions"
                aria-expanded="true"
                aria-controls="palette-list"
                aria-autocomplete="list"
                aria-activedescendant=move || {
                    shown.with(|shown| !shown.is_empty()).then(|| format!("palette-{}", selected.get()))
                }
                placeholder="Go to a page, or do something"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                on:keydown=step
                on:input:target=move |event| {
                    typed.set(event.target().value());
                    selected.set(0);
                }
            />
        </div>
        <div class="palette-list" id="palette-list" role="listbox" aria-label="Commands" tabindex="-1">
            {move || shown.with(|shown| options(shown, selected, take))}
        </div>
        <p class="palette-none" role="status">
            {move || shown.with(Vec::is_empty).then_some("Nothing matches.")}
        </p>
        <footer class="palette-foot" aria-hidden="true">
            <span class="row"><Keys keys="↑+↓" />"to choose"</span>
            <span class="row"><Keys keys="enter" />"to open"</span>
            <span class="row"><Keys keys="escape" />"to close"</span>
        </footer>
    }
}

fn options(shown: &[Shown], selected: RwSignal<usize>, take: Callback<usize>) -> Vec<AnyView> {
    let mut views = Vec::with_capacity(shown.len() + 4);
    let mut group = None;
    for (index, Shown { entry, group: own, places }) in shown.iter().enumerate() {
        if *own != group {
            group = *own;
            views.push(
                view! { <div class="menu-title" role="presentation">{own.map(entries::Group::title)}</div> }
                    .into_any(),
            );
        }
        views.push(
            view! {
                <div
                    class="menu-item"
                    id=format!("palette-{index}")
                    role="option"
                    aria-selected=move || (selected.get() == index).to_string()
                    on:pointermove=move |_| {
                        if selected.get_untracked() != index {
                            selected.set(index);
                        }
                    }
                    on:click=move |_| take.run(index)
                >
                    <Icon name=entry.icon />
                    <span class="truncate grow">{marked(&entry.words, places)}</span>
                    {entry.keys.map(|keys| view! { <span class="row">{keys.split(' ').map(|keys| view! { <Keys keys /> }).collect_view()}</span> })}
                </div>
            }
            .into_any(),
        );
    }
    views
}

/// Words with the characters marked that fit what was typed.
fn marked(words: &str, places: &[usize]) -> AnyView {
    if places.is_empty() {
        return words.to_owned().into_any();
    }
    let mut runs: Vec<(bool, String)> = Vec::new();
    for (place, character) in words.chars().enumerate() {
        let fits = places.contains(&place);
        match runs.last_mut() {
            Some((run, text)) if *run == fits => text.push(character),
            _ => runs.push((fits, character.to_string())),
        }
    }
    runs.into_iter()
        .map(|(fits, text)| if fits { view! { <mark>{text}</mark> }.into_any() } else { text.into_any() })
        .collect_view()
        .into_any()
}

/// What choosing an entry does.
fn use_act() -> Callback<Entry> {
    let sign_out = use_sign_out();
    let appearance = use_appearance();
    let shortcuts = expect_context::<Shortcuts>();
    let navigate = use_navigate();
    Callback::new(move |entry: Entry| {
        let kept = serde_json::to_string(&remember(recent(), &entry.words)).expect("names are JSON");
        browser::store(KEY, Some(&kept));
        match entry.act {
            Act::Go(link) if leaving::may_go(&Onward::To(link.clone())) => {
                navigate(&link, Default::default())
            }
            Act::Go(_) => {}
            Act::Theme(theme) => appearance.choose(theme),
            Act::Shortcuts => shortcuts.shown.set(true),
            Act::SignOut => sign_out(),
        }
    })
}

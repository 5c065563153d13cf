//! A list of things to do that opens from a button: the browser's own popover, which closes by Escape and by a press elsewhere.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, MouseEvent};

use super::field::fresh_id;
use super::tooltip::Keys;
use super::{Icon, IconName};
use crate::browser;

/// A button and the menu that it opens. Arrow keys go through its items.
#[component]
pub fn Menu(
    /// What the button says to those who do not see it.
    #[prop(into)]
    label: String,
    /// What the button shows.
    button: Children,
    /// The button has words of its own, which are its name.
    #[prop(optional)]
    worded: bool,
    /// The button's class.
    #[prop(default = "button quiet icon-only")]
    class: &'static str,
    /// Opens to the left, for a button at the right edge.
    #[prop(optional)]
    end: bool,
    children: ChildrenFn,
) -> impl IntoView {
    let id = fresh_id();
    let open = RwSignal::new(false);
    let popover = NodeRef::<html::Div>::new();
    let step = move |event: KeyboardEvent| {
        let forward = match event.key().as_str() {
            "ArrowDown" => true,
            "ArrowUp" => false,
            _ => return,
        };
        event.prevent_default();
        if let Some(popover) = popover.get_untracked() {
            focus_next(&popover, forward);
        }
    };
    view! {
        <button
            class=class
            type="button"
            aria-label=(!worded).then(|| label.clone())
            aria-haspopup="menu"
            aria-expanded=move || open.get().to_string()
            data-tip=label.clone()
            popovertarget=id.clone()
        >
            {button()}
        </button>
        <div
            class=if end { "popover end" } else { "popover" }
            id=id
            popover="auto"
            role="menu"
            aria-label=label
            node_ref=popover
            on:keydown=step
            on:beforetoggle=move |event| open.set(is_opening(&event))
            on:toggle=move |_| {
                if let Some(popover) = popover.get_untracked().filter(|_| open.get_untracked()) {
                    focus_next(&popover, true);
                }
            }
            on:click=move |_| {
                if let Some(popover) = popover.get_untracked() {
                    popover.hide_popover().ok();
                }
            }
        >
            {move || open.get().then(|| children())}
        </div>
    }
}

/// Whether a popover's `toggle` says that it opens.
pub(super) fn is_opening(event: &web_sys::Event) -> bool {
    js_sys::Reflect::get(event, &"newState".into())
        .is_ok_and(|state| state.as_string().as_deref() == Some("open"))
}

/// Moves the keyboard to the next item of a menu, round its end.
pub(super) fn focus_next(menu: &HtmlElement, forward: bool) {
    let Ok(items) = menu.query_selector_all("[role^=menuitem]:not(:disabled)") else { return };
    let length = items.length();
    if length == 0 {
        return;
    }
    let active = document().active_element();
    let now = (0..length).find(|index| {
        items
            .item(*index)
            .is_some_and(|item| active.as_ref().is_some_and(|active| item.is_same_node(Some(active))))
    });
    let next = match (now, forward) {
        (None, true) => 0,
        (None, false) => length - 1,
        (Some(index), true) => (index + 1) % length,
        (Some(index), false) => (index + length - 1) % length,
    };
    if let Some(item) = items.item(next) {
        browser::focus(&item.unchecked_into::<HtmlElement>());
    }
}

/// One thing to do.
#[component]
pub fn MenuItem(
    #[prop(optional, into)] icon: Option<IconName>,
    #[prop(optional)] danger: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// Keys that do the same: `mod+c`.
    #[prop(optional, into)]
    keys: Option<&'static str>,
    #[prop(into)] press: Callback<MouseEvent>,
    children: Children,
) -> impl IntoView {
    view! {
        <button
            class=if danger { "menu-item danger" } else { "menu-item" }
            type="button"
            role="menuitem"
            tabindex="-1"
            disabled=disabled
            on:click=move |event| press.run(event)
        >
            {icon.map(|name| view! { <Icon name /> })}
            {children()}
            {keys.map(|keys| view! { <span class="menu-keys"><Keys keys /></span> })}
        </button>
    }
}

/// Something in a menu that is on or off. The menu stays open.
#[component]
pub fn MenuCheck(
    #[prop(into)] checked: Signal<bool>,
    #[prop(into)] change: Callback<bool>,
    #[prop(optional, into)] icon: Option<IconName>,
    #[prop(into)] label: String,
) -> impl IntoView {
    view! {
        <button
            class="menu-item check"
            type="button"
            role="menuitemcheckbox"
            tabindex="-1"
            aria-checked=move || checked.get().to_string()
            on:click=move |event| {
                event.stop_propagation();
                change.run(!checked.get_untracked());
            }
        >
            <Icon name=IconName::Check />
            {icon.map(|name| view! { <Icon name /> })}
            <span class="truncate">{label}</span>
        </button>
    }
}

//! One tooltip for the whole page: any element with `data-tip` (and `data-keys`, the shortcut that does the same) has it while
//! the pointer or the keyboard is on it.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlDivElement};

use crate::browser;

/// How the keys of a shortcut are written on this machine: `mod+shift+s` as `⌘ ⇧ S` or `Ctrl Shift S`.
pub fn key_names(keys: &str) -> Vec<String> {
    let mac = browser::is_mac();
    keys.split('+')
        .map(|key| match (key, mac) {
            ("mod", true) => "⌘".to_owned(),
            ("mod", false) => "Ctrl".to_owned(),
            ("shift", true) => "⇧".to_owned(),
            ("shift", false) => "Shift".to_owned(),
            ("enter", _) => "↵".to_owned(),
            ("escape", _) => "Esc".to_owned(),
            ("backspace", _) => "⌫".to_owned(),
            ("delete", _) => "Del".to_owned(),
            (key, _) => key.to_uppercase(),
        })
        .collect()
}

/// The keys of a shortcut.
#[component]
pub fn Keys(#[prop(into)] keys: String) -> impl IntoView {
    key_names(&keys).into_iter().map(|key| view! { <kbd class="kbd">{key}</kbd> }).collect_view()
}

/// Where the tooltip is.
#[component]
pub fn Tooltips() -> impl IntoView {
    let text = RwSignal::new(String::new());
    let keys = RwSignal::new(None::<String>);
    let tooltip = NodeRef::<html::Div>::new();

    let hide = move || {
        if let Some(tooltip) = tooltip.get_untracked() {
            tooltip.hide_popover().ok();
        }
    };
    let show = move |event: Event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let element = target.and_then(|target| target.closest("[data-tip]").ok().flatten());
        let (Some(element), Some(tooltip)) = (element, tooltip.get_untracked()) else { return hide() };
        text.set(element.get_attribute("data-tip").unwrap_or_default());
        keys.set(element.get_attribute("data-keys"));
        // Its place depends on its size, which the new text has in the next frame.
        request_animation_frame(move || place(&tooltip, &element));
    };
    for handle in [
        window_event_listener(ev::pointerover, move |event| {
            if event.pointer_type() == "mouse" {
                show(event.into());
            }
        }),
        window_event_listener(ev::focusin, move |event| {
            let by_keyboard = event
                .target()
                .and_then(|target| target.dyn_into::<Element>().ok())
                .is_some_and(|element| element.matches(":focus-visible").unwrap_or(false));
            if by_keyboard {
                show(event.into());
            }
        }),
        window_event_listener(ev::pointerdown, move |_| hide()),
        window_event_listener(ev::focusout, move |_| hide()),
    ] {
        on_cleanup(move || handle.remove());
    }
    view! {
        <div class="tooltip" aria-hidden="true" popover="manual" node_ref=tooltip>
            {text}
            {move || keys.get().map(|keys| view! { <span class="row"><Keys keys /></span> })}
        </div>
    }
}

/// Shows the tooltip below the element, or above it where there is no room, and inside the window.
fn place(tooltip: &HtmlDivElement, element: &Element) {
    // The pointer or the keyboard may have moved on.
    if !element.matches(":hover, :focus-within").unwrap_or(false) {
        return;
    }
    tooltip.show_popover().ok();
    let (at, own) = (element.get_bounding_client_rect(), tooltip.get_bounding_client_rect());
    let width = window().inner_width().ok().and_then(|width| width.as_f64()).unwrap_or_default();
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
    let left = (at.left() + at.width() / 2.0 - own.width() / 2.0).min(width - own.width() - 8.0).max(8.0);
    let below = at.bottom() + 6.0;
    let top = if below + own.height() > height { at.top() - own.height() - 6.0 } else { below };
    let style = web_sys::HtmlElement::style(tooltip);
    style.set_property("left", &format!("{left}px")).ok();
    style.set_property("top", &format!("{top}px")).ok();
}

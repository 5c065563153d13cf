//! What opens beside any place of the page, and closes by Escape and by a press elsewhere: the browser's own popover. A menu that
//! belongs to a button of its own is a [`Menu`](super::Menu).

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::menu::{focus_next, is_opening};

/// The space that is kept to the edges of the window, in pixels.
const EDGE: f64 = 8.0;

/// A place of the window, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spot {
    /// From the left.
    pub left: f64,
    /// From the top.
    pub top: f64,
    /// How wide it is.
    pub width: f64,
    /// How tall it is.
    pub height: f64,
}

impl Spot {
    /// Where an element is.
    pub fn of(element: &Element) -> Self {
        let at = element.get_bounding_client_rect();
        Self { left: at.left(), top: at.top(), width: at.width(), height: at.height() }
    }

    /// Where something of that size lies beside it: below, or above where there is more room; within the window.
    fn beside(self, width: f64, height: f64, over: bool, room: (f64, f64)) -> (f64, f64) {
        let below = if over { self.top } else { self.top + self.height + 2.0 };
        let above = if over { self.top + self.height - height } else { self.top - height - 2.0 };
        let fits = below + height <= room.1 - EDGE;
        let top = if fits || above < EDGE { below } else { above };
        let left = self.left.min(room.0 - width - EDGE).max(EDGE);
        (left, top.min(room.1 - height - EDGE).max(EDGE))
    }
}

/// What lies beside a spot while there is one.
#[component]
pub fn Popup(
    /// Beside what it lies; nothing closes it.
    at: RwSignal<Option<Spot>>,
    #[prop(into)] label: Signal<String>,
    /// Its role: `menu` moves the keyboard through its items by arrow keys.
    #[prop(default = "menu")]
    role: &'static str,
    /// It covers the spot, and is as wide at least.
    #[prop(optional)]
    over: bool,
    #[prop(default = "popover at")] class: &'static str,
    /// Runs once it is closed, in whatever way.
    #[prop(optional, into)]
    closed: Option<Callback<()>>,
    children: ChildrenFn,
) -> impl IntoView {
    let popover = NodeRef::<html::Div>::new();
    let is_menu = role == "menu";
    Effect::new(move || {
        let Some(popover) = popover.get() else { return };
        let Some(spot) = at.get() else {
            popover.hide_popover().ok();
            return;
        };
        let style = HtmlElement::style(&popover);
        if over {
            style.set_property("min-width", &format!("{}px", spot.width)).ok();
        }
        popover.show_popover().ok();
        let own = popover.get_bounding_client_rect();
        let size = |value: Result<wasm_bindgen::JsValue, _>| {
            value.ok().and_then(|value: wasm_bindgen::JsValue| value.as_f64())
        };
        let room = (
            size(window().inner_width()).unwrap_or_default(),
            size(window().inner_height()).unwrap_or_default(),
        );
        let (left, top) = spot.beside(own.width(), own.height(), over, room);
        style.set_property("left", &format!("{left}px")).ok();
        style.set_property("top", &format!("{top}px")).ok();
        if is_menu {
            focus_next(&popover, true);
        }
    });
    let step = move |event: KeyboardEvent| {
        let forward = match event.key().as_str() {
            "ArrowDown" if is_menu => true,
            "ArrowUp" if is_menu => false,
            _ => return,
        };
        event.prevent_default();
        if let Some(popover) = popover.get_untracked() {
            focus_next(&popover, forward);
        }
    };
    view! {
        <div
            class=class
            popover="auto"
            role=role
            aria-label=label
            node_ref=popover
            on:keydown=step
            on:click=move |event| {
                let on_item = event.target().and_then(|target| target.dyn_into::<Element>().ok()).and_then(|target| target.closest("[role^=menuitem]").ok().flatten());
                if is_menu && on_item.is_some() {
                    at.set(None);
                }
            }
            on:toggle=move |event| {
                if !is_opening(&event) {
                    at.set(None);
                    if let Some(closed) = closed {
                        closed.run(());
                    }
                }
            }
        >
            {move || at.get().is_some().then(|| children())}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: (f64, f64) = (1000.0, 800.0);

    #[test]
    fn it_lies_below_where_it_fits_and_above_where_it_does_not() {
        let spot = Spot { left: 100.0, top: 100.0, width: 50.0, height: 30.0 };
        assert_eq!(spot.beside(200.0, 300.0, false, ROOM), (100.0, 132.0));
        let low = Spot { top: 700.0, ..spot };
        assert_eq!(low.beside(200.0, 300.0, false, ROOM), (100.0, 398.0));
        assert_eq!(low.beside(200.0, 300.0, true, ROOM), (100.0, 430.0));
    }

    #[test]
    fn it_stays_within_the_window() {
        let spot = Spot { left: 950.0, top: 10.0, width: 50.0, height: 30.0 };
        assert_eq!(spot.beside(200.0, 790.0, false, ROOM), (792.0, 8.0));
    }
}

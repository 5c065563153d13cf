//! A sheet with cards and lines between them, that is moved and scaled by mouse, fingers and keys.

mod layers;
mod view;

use leptos::html;
use leptos::prelude::*;

pub use self::layers::layered;
pub use self::view::Hold;
use self::view::Window;
use super::{IconButton, IconName};

/// A line between two cards.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// The card that it comes from.
    pub from: String,
    /// The card that it leads to.
    pub to: String,
    /// Its path (SVG).
    pub path: String,
}

/// What the cards of a sheet share with it.
#[derive(Clone, Copy)]
pub struct Sheet {
    window: RwSignal<Window>,
    hold: Hold,
    lit: RwSignal<Option<String>>,
}

impl Sheet {
    /// A sheet as it lies.
    pub fn new() -> Self {
        let window = RwSignal::new(Window { x: 32.0, y: 32.0, scale: 1.0 });
        Self { window, hold: Hold::new(window), lit: RwSignal::new(None) }
    }
}

/// The sheet. The whole of it, `size`, is seen at first.
#[component]
pub fn Diagram(
    label: &'static str,
    sheet: Sheet,
    size: (f64, f64),
    edges: Vec<Edge>,
    /// The least scale at which it is seen at first; where that is not the whole of it, its beginning is.
    #[prop(default = 0.2)]
    least: f64,
    /// The cards, as elements of a list.
    children: Children,
) -> impl IntoView {
    let Sheet { window, hold, lit } = sheet;
    let place = NodeRef::<html::Div>::new();
    let rect = move || place.get_untracked().map(|place| place.get_bounding_client_rect());
    let origin = move || rect().map_or((0.0, 0.0), |rect| (rect.left(), rect.top()));
    let extent = move || rect().map_or((0.0, 0.0), |rect| (rect.width(), rect.height()));
    let fit = move || window.set(Window::fit(size, extent(), least));
    let zoom = move |factor: f64| {
        let (width, height) = extent();
        window.update(|window| *window = window.zoomed(factor, width / 2.0, height / 2.0));
    };
    Effect::new(move || {
        if place.get().is_some() {
            fit();
        }
    });

    let edges = edges.into_iter().map(|edge| {
        let is_lit =
            move || lit.with(|lit| lit.as_ref().is_some_and(|name| *name == edge.from || *name == edge.to));
        view! { <path class:lit=is_lit d=edge.path></path> }
    });

    view! {
        <div
            class="diagram"
            node_ref=place
            role="group"
            aria-label=label
            tabindex="0"
            on:pointerdown=move |event| hold.down(&event)
            on:pointermove=move |event| hold.drag(&event, origin())
            on:pointerup=move |event| hold.up(&event)
            on:pointercancel=move |event| hold.up(&event)
            on:pointerleave=move |event| hold.up(&event)
            on:wheel=move |event| hold.wheel(&event, origin())
            on:keydown=move |event| {
                if event.key() == "0" {
                    fit();
                } else if !hold.key(&event, extent()) {
                    return;
                }
                event.prevent_default();
            }
        >
            <div
                class="diagram-sheet"
                style:transform=move || {
                    let Window { x, y, scale } = window.get();
                    format!("translate({x}px, {y}px) scale({scale})")
                }
            >
                <svg
                    class="diagram-lines"
                    width=size.0.to_string()
                    height=size.1.to_string()
                    aria-hidden="true"
                    class:dimmed=move || lit.with(Option::is_some)
                >
                    {edges.collect_view()}
                </svg>
                <ul>{children()}</ul>
            </div>
            <div class="diagram-tools" on:pointerdown=|event| event.stop_propagation()>
                <IconButton name=IconName::Plus label="Larger" keys="+" press=move |_| zoom(1.25) />
                <IconButton name=IconName::Minus label="Smaller" keys="-" press=move |_| zoom(0.8) />
                <IconButton name=IconName::Maximize label="All of it" keys="0" press=move |_| fit() />
            </div>
        </div>
    }
}

/// A card at its place on the sheet; what it leads to is its content's matter.
#[component]
pub fn DiagramCard(
    sheet: Sheet,
    #[prop(into)] name: String,
    at: (f64, f64),
    size: (f64, f64),
    children: Children,
) -> impl IntoView {
    let Sheet { hold, lit, .. } = sheet;
    let name = StoredValue::new(name);
    let light = move || lit.set(Some(name.get_value()));
    view! {
        <li
            class="diagram-card"
            style:transform=format!("translate({}px, {}px)", at.0, at.1)
            style:width=format!("{}px", size.0)
            style:height=format!("{}px", size.1)
            on:pointerenter=move |_| light()
            on:pointerleave=move |_| lit.set(None)
            on:focusin=move |_| light()
            on:focusout=move |_| lit.set(None)
            on:click:capture=move |event| {
                if hold.was_moved() {
                    event.prevent_default();
                    event.stop_propagation();
                }
            }
        >
            {children()}
        </li>
    }
}

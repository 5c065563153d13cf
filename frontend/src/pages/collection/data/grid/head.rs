//! The header of the grid: what the columns are called, how they are sorted, in which order they come and how wide they are.

use annex_openapi::collections::FieldType;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent, PointerEvent};

use super::super::field::type_icon;
use super::super::layout::{Column, Layout};
use super::super::sheet::Place;
use super::super::value::Look;
use super::head_menu::{HeadMenu, fit, move_column, resize};
use super::view::GridView;
use crate::ui::{Icon, IconName, Spot};

/// A pointer that moves so far drags; before that it presses.
const SLACK: f64 = 6.0;
/// By how many pixels a key makes a column wider.
const KEY_STEP: f64 = 16.0;

/// What the pointer does with a column.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Drag {
    /// It is down on the column, at that place.
    Held { column: usize, x: f64 },
    /// It takes the column to another place among the others.
    Moves { column: usize, to: usize },
    /// It makes the column wider: where it began, and how wide that was.
    Widens { column: usize, x: f64, width: f64 },
}

/// The header: a cell for each column. It moves sideways with the rows.
#[component]
pub fn Head(view: GridView, menu: HeadMenu, #[prop(into)] width: Signal<String>) -> impl IntoView {
    let sheet = view.sheet();
    let drag = RwSignal::new(None::<Drag>);
    let first = Memo::new(move |_| {
        sheet.layout.with(|layout| layout.columns.first().map(|column| column.name.clone()))
    });
    let rest = move || sheet.layout.with(Layout::names).into_iter().skip(1);
    view! {
        <div class="grid-head" class:dragging=move || drag.get().is_some() role="rowgroup" style:width=width>
            <div class="grid-row" role="row" aria-rowindex="1">
                <div class="grid-pin" role="presentation">
                    <div class="grid-gutter" role="columnheader" aria-colindex="1">
                        <span class="visually-hidden">"Chosen"</span>
                    </div>
                    {move || first.get().map(|name| view! { <HeadCell view menu drag name /> })}
                </div>
                <div class="grid-rest" role="presentation">
                    <For each=rest key=String::clone let(name)>
                        <HeadCell view menu drag name />
                    </For>
                </div>
            </div>
        </div>
    }
}

#[component]
fn HeadCell(view: GridView, menu: HeadMenu, drag: RwSignal<Option<Drag>>, name: String) -> impl IntoView {
    let sheet = view.sheet();
    let field = sheet.collection.with_untracked(|collection| collection.field(&name).cloned());
    let Some(field) = field else { return ().into_any() };
    let (icon, look) = (type_icon(&field), Look::of(&field));
    let words = name.clone();
    let name = StoredValue::new(name);
    let place = Memo::new(move |before: Option<&usize>| {
        let place = sheet.layout.with(|layout| name.with_value(|name| layout.place(name)));
        place.or(before.copied()).unwrap_or_default()
    });
    let pixels = move |measure: fn(&Column) -> f64| {
        let value = sheet.layout.with(|layout| layout.columns.get(place.get()).map(measure));
        format!("{}px", value.unwrap_or_default())
    };
    let sorted =
        Memo::new(move |_| sheet.address.with(|address| name.with_value(|name| address.sorted(name))));
    let several = move || sheet.address.with(|address| address.listing.sort.len() > 1);
    let sort = move |beside: bool| {
        sheet.go(|address| name.with_value(|name| address.toggle_sort(name, beside)));
    };
    let open_menu = move |element: &Element| {
        menu.column.set(place.get_untracked());
        menu.at.set(Some(Spot::of(element)));
    };
    let keydown = move |event: KeyboardEvent| {
        let Some(cell) = event.current_target().and_then(|cell| cell.dyn_into::<Element>().ok()) else {
            return;
        };
        let index = place.get_untracked();
        let mut into_menu = false;
        match (event.key().as_str(), event.alt_key(), event.shift_key()) {
            ("Enter", false, beside) => sort(beside),
            ("ArrowDown", true, _) | (" " | "ContextMenu" | "F10", ..) => {
                open_menu(&cell);
                into_menu = true;
            }
            ("ArrowLeft", true, _) => move_column(sheet, index, index.saturating_sub(1)),
            ("ArrowRight", true, _) => move_column(sheet, index, index + 1),
            ("ArrowLeft", false, true) => resize(sheet, index, -KEY_STEP),
            ("ArrowRight", false, true) => resize(sheet, index, KEY_STEP),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
        // To reveal the cell takes the keyboard back to it.
        if !into_menu {
            view.reveal();
        }
    };
    let down = move |event: PointerEvent| {
        if event.button() != 0 {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let on = |class: &str| {
            target.as_ref().is_some_and(|target| target.closest(class).is_ok_and(|found| found.is_some()))
        };
        let (index, x) = (place.get_untracked(), f64::from(event.client_x()));
        if on(".head-edge") {
            event.prevent_default();
            let width = sheet.layout.with_untracked(|layout| layout.columns[index].width);
            drag.set(Some(Drag::Widens { column: index, x, width }));
        } else if event.pointer_type() == "mouse" && !on(".head-menu") {
            drag.set(Some(Drag::Held { column: index, x }));
        }
        if drag.get_untracked().is_some()
            && let Some(cell) = event.current_target().and_then(|cell| cell.dyn_into::<Element>().ok())
        {
            cell.set_pointer_capture(event.pointer_id()).ok();
        }
    };
    let moved = move |event: PointerEvent| {
        let x = f64::from(event.client_x());
        match drag.get_untracked() {
            Some(Drag::Held { column, x: from }) if (x - from).abs() > SLACK => {
                drag.set(Some(Drag::Moves { column, to: column }));
            }
            Some(Drag::Moves { column, .. }) => {
                let to = sheet.layout.with_untracked(|layout| layout.gap(view.beyond_first(x)));
                drag.set(Some(Drag::Moves { column, to }));
            }
            Some(Drag::Widens { column, x: from, width }) => {
                let name = sheet.layout.with_untracked(|layout| layout.columns[column].name.clone());
                sheet.widen(&name, width + x - from);
            }
            _ => {}
        }
    };
    // A column that was dragged is not pressed.
    let pressed = StoredValue::new(true);
    let up = move |_: PointerEvent| {
        let was = drag.get_untracked();
        pressed.set_value(matches!(was, None | Some(Drag::Held { .. })));
        drag.set(None);
        if let Some(Drag::Moves { column, to }) = was {
            // What comes after the column moves one to the left when it is taken out.
            move_column(sheet, column, if to > column { to - 1 } else { to });
        }
    };
    let click = move |event: MouseEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let on = |class: &str| target.as_ref().and_then(|target| target.closest(class).ok().flatten());
        if let Some(button) = on(".head-menu") {
            open_menu(&button);
        } else if on(".head-edge").is_none() && pressed.get_value() {
            sort(event.shift_key());
        }
    };
    let is_over = move |after: usize| {
        let index = place.get();
        matches!(drag.get(), Some(Drag::Moves { column, to }) if to == index + after && column != index)
    };
    view! {
        <div
            class=format!("head-cell {}", look.class())
            class:sorted=move || sorted.get().is_some()
            class:before=move || is_over(0)
            class:after=move || is_over(1)
            role="columnheader"
            aria-colindex=move || place.get() + 2
            aria-sort=move || match sorted.get() {
                None => "none",
                Some((_, false)) => "ascending",
                Some((_, true)) => "descending",
            }
            tabindex=move || if sheet.active.get() == (Place { row: None, column: place.get() }) { "0" } else { "-1" }
            data-head=move || place.get()
            title=(field.type_ == FieldType::Timestamp).then_some("Times are in UTC")
            style:width=move || pixels(|column| column.width)
            style:left=move || pixels(|column| column.left)
            on:click=click
            on:keydown=keydown
            on:pointerdown=down
            on:pointermove=moved
            on:pointerup=up
            on:pointercancel=move |_| drag.set(None)
            on:contextmenu=move |event| {
                event.prevent_default();
                if let Some(cell) = event.current_target().and_then(|cell| cell.dyn_into::<Element>().ok()) {
                    open_menu(&cell);
                }
            }
        >
            <Icon name=icon />
            <span class="truncate">{words}</span>
            {move || {
                sorted
                    .get()
                    .map(|(place, descending)| {
                        view! {
                            <span class="head-sort">
                                <Icon name=if descending { IconName::ArrowDown } else { IconName::ArrowUp } />
                                {several().then_some(place)}
                            </span>
                        }
                    })
            }}
            <button class="head-menu" type="button" tabindex="-1" aria-label="Column menu">
                <Icon name=IconName::ChevronDown />
            </button>
            <span
                class="head-edge"
                aria-hidden="true"
                on:dblclick=move |_| fit(view, place.get_untracked())
            ></span>
        </div>
    }
    .into_any()
}

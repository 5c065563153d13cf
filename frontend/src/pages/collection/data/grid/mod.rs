//! The rows as a grid: only those that show are in the page, however many there are.

mod act;
mod faces;
mod head;
mod head_menu;
mod keys;
mod menu;
mod pool;
mod scrollbar;
mod slot;
mod touch;
mod view;
mod wheel;

use leptos::ev::{KeyboardEvent, MouseEvent, PointerEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, ResizeObserver};

use super::edit::cell::begin;
use super::sheet::{Place, use_sheet};
use super::value::{Look, whole_instant};
pub use act::CellNow;
use head::Head;
use head_menu::{HeadMenu, HeadMenuItems};
pub use keys::Step;
use menu::CellMenu;
use scrollbar::Scrollbar;
pub use view::GridView;

use crate::part::later;
use crate::ui::toast::use_toasts;
use crate::ui::{Popup, Spot};

/// The grid.
#[component]
pub fn Grid(view: GridView) -> impl IntoView {
    let sheet = use_sheet();
    let parts = view.parts();
    let toasts = use_toasts();
    observe(view);
    let wheel = wheel::Wheel::new(view);
    let touch = touch::Touch::new(view);
    let columns = move || sheet.layout.with(|layout| layout.columns.len());
    let rows = move || {
        sheet.source.track();
        sheet.source.rows()
    };
    let keydown = move |event: KeyboardEvent| {
        if act::key(view, &event, toasts) {
            event.prevent_default();
        }
    };
    let focusin = move |event: web_sys::FocusEvent| {
        let place = event.target().and_then(|target| place_of(target.dyn_ref::<Element>()?));
        if let Some(place) = place.filter(|place| *place != sheet.active.get_untracked()) {
            sheet.active.set(place);
        }
    };
    // What a cell leaves out of an instant is told to a pointer that rests on it.
    let pointerover = move |event: PointerEvent| {
        let Some(cell) = cell_of(event.target()) else { return };
        let whole = place_of(&cell).and_then(|place| {
            let is_instant = sheet.layout.with_untracked(|layout| {
                layout.columns.get(place.column).is_some_and(|column| column.look == Look::Instant)
            });
            sheet.cell(place).filter(|_| is_instant).and_then(|cell| whole_instant(&cell.value))
        });
        if let Some(whole) = whole {
            cell.set_attribute("title", &whole).ok();
        }
    };
    let pointerout = move |event: PointerEvent| {
        // The cell shows another row soon.
        if let Some(cell) = cell_of(event.target()) {
            cell.remove_attribute("title").ok();
        }
    };
    let cell_menu = RwSignal::new(None::<Spot>);
    let contextmenu = move |event: MouseEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let Some(place) = target.as_ref().and_then(place_of).filter(|place| place.row.is_some()) else {
            return;
        };
        event.prevent_default();
        sheet.active.set(place);
        // The keyboard asks for it beside the cell, a pointer where it is.
        let spot = if event.button() == 2 || event.client_x() > 0 {
            Spot { left: f64::from(event.client_x()), top: f64::from(event.client_y()), ..Spot::default() }
        } else {
            target.as_ref().map(Spot::of).unwrap_or_default()
        };
        cell_menu.set(Some(spot));
    };
    let menu = HeadMenu { column: RwSignal::new(0), at: RwSignal::new(None) };
    let width = move || {
        sheet.layout.with(|layout| {
            let first = layout.columns.first().map_or(0.0, |column| column.width);
            format!("{}px", view::GUTTER + first + layout.width)
        })
    };
    view! {
        <div class="grid-frame">
            <div
                class="grid"
                role="grid"
                aria-label=move || sheet.collection.with(|collection| format!("Rows of {}", collection.name))
                aria-rowcount=move || rows() + 1
                aria-colcount=move || columns() + 1
                aria-multiselectable="true"
                tabindex="-1"
                node_ref=parts.scroller
                on:scroll=move |_| view.moved_sideways()
                on:wheel=move |event| wheel.turn(&event)
                on:keydown=keydown
                on:focusin=focusin
                on:pointerover=pointerover
                on:pointerout=pointerout
                on:click=move |event| act::click(view, &event, toasts)
                on:contextmenu=contextmenu
                on:dblclick=move |event| {
                    if event.target().is_some_and(|target| target.dyn_ref::<Element>().and_then(place_of).is_some()) {
                        begin(view, None);
                    }
                }
            >
                <Head view menu width />
                <div
                    class="grid-body"
                    role="rowgroup"
                    node_ref=parts.body
                    style:width=width
                    on:pointerdown=move |event| touch.down(&event)
                    on:pointermove=move |event| touch.moved(&event)
                    on:pointerup=move |event| touch.up(&event)
                    on:pointercancel=move |event| touch.cancel(&event)
                >
                    <div class="grid-layer" role="presentation" node_ref=parts.layer></div>
                </div>
            </div>
            <Scrollbar view />
            {later!(
                data_changes,
                |view: GridView, cell_menu: RwSignal<Option<Spot>>, menu: HeadMenu| view! {
                    <Popup at=cell_menu label="Cell" closed=move |()| view.reveal()>
                        <CellMenu view place=view.sheet().active.get_untracked() />
                    </Popup>
                    <Popup at=menu.at label="Column">
                        <HeadMenuItems view column=menu.column.get_untracked() />
                    </Popup>
                }
            )}
        </div>
    }
}

/// The element of the cell of a row that something happened in.
fn cell_of(target: Option<web_sys::EventTarget>) -> Option<Element> {
    target?.dyn_ref::<Element>()?.closest(".cell").ok()?
}

/// The cell that an element is within: its row and column stand in its own attributes.
fn place_of(element: &Element) -> Option<Place> {
    let cell = element.closest("[aria-colindex]").ok()??;
    let column = cell.get_attribute("aria-colindex")?.parse::<usize>().ok()?.checked_sub(2)?;
    let row = cell.closest("[aria-rowindex]").ok()??;
    let row = row.get_attribute("aria-rowindex")?.parse::<usize>().ok()?.checked_sub(2);
    Some(Place { row, column })
}

/// Moves the keyboard.
pub fn take_step(view: GridView, step: Step) {
    let sheet = view.sheet();
    let (rows, columns) = (sheet.source.rows(), sheet.layout.with_untracked(|layout| layout.columns.len()));
    let from = sheet.active.get_untracked();
    let to = step.from(from, rows, columns, view.scroll().whole());
    sheet.active.set(to);
    view.reveal();
    if step == Step::LastRow {
        view.stay_at_end();
    }
}

/// Tells the view of the room that it has.
fn observe(view: GridView) {
    let parts = view.parts();
    let observer = StoredValue::new_local(None::<(ResizeObserver, Closure<dyn FnMut()>)>);
    Effect::new(move |_| {
        let (Some(scroller), Some(body)) = (parts.scroller.get(), parts.body.get()) else { return };
        let resized = Closure::<dyn FnMut()>::new(move || view.resized());
        if let Ok(made) = ResizeObserver::new(resized.as_ref().unchecked_ref()) {
            made.observe(&scroller);
            made.observe(&body);
            observer.set_value(Some((made, resized)));
        }
    });
    on_cleanup(move || {
        observer.try_update_value(|observer| {
            if let Some((observer, _)) = observer.take() {
                observer.disconnect();
            }
        });
    });
}

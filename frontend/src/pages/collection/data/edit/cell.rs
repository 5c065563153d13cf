//! Changing a value in its cell: the editor lies over the cell until it is done.

use leptos::ev::{FocusEvent, KeyboardEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Node;

use super::super::grid::{CellNow, GridView, Step, take_step};
use super::super::sheet::{Place, Sheet};
use super::draft::Draft;
use super::input::ValueInput;
use super::text::Writing;
use crate::ui::field::fresh_id;
use crate::ui::{ButtonKind, ButtonSize, IconButton, IconName, Spot};

/// A cell that is being changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Editing {
    /// Where it is in the grid.
    pub place: Place,
    /// Where it is in the window.
    pub spot: Spot,
    /// The row's key.
    pub key: String,
    /// The place of the field in the collection.
    pub field: usize,
    /// The JSON text of the value on the server.
    pub old: String,
    /// The JSON text of the value now, with what is changed and not saved.
    pub now: String,
    /// What was typed to begin.
    pub typed: Option<String>,
}

/// Begins to change the cell that the keyboard is on; `typed` is put in place of its value.
pub fn begin(view: GridView, typed: Option<String>) {
    let sheet = view.sheet();
    let place = sheet.active.get_untracked();
    let (Some(cell), Some(element)) = (sheet.cell(place), view.active_element()) else { return };
    if !sheet.may_write(cell.field) {
        return;
    }
    let CellNow { key, field, old, value: now } = cell;
    sheet.editing.set(Some(Editing { place, spot: Spot::of(&element), key, field, old, now, typed }));
}

/// The editor over a cell, while one is being changed.
#[component]
pub fn CellEditor(view: GridView) -> impl IntoView {
    let sheet = view.sheet();
    move || sheet.editing.get().map(|editing| view! { <Over view editing /> })
}

#[component]
fn Over(view: GridView, editing: Editing) -> impl IntoView {
    let sheet = view.sheet();
    let Some(field) =
        sheet.collection.with_untracked(|collection| collection.fields.get(editing.field).cloned())
    else {
        return ().into_any();
    };
    let draft = Draft::new(&field, &editing.now);
    if let Some(typed) =
        editing.typed.clone().filter(|_| matches!(draft.writing, Writing::Line | Writing::Lines))
    {
        draft.write(typed);
    }
    let wrong = RwSignal::new(None::<String>);
    let done = StoredValue::new(false);
    let frame = NodeRef::<leptos::html::Div>::new();
    let name = field.name.clone();
    let (id, about) = (fresh_id(), fresh_id());
    let words = format!("{name}, {}", field.native_type);
    let spot = editing.spot;
    let editing = StoredValue::new(editing);

    let leave = move |step: Option<Step>| {
        done.set_value(true);
        sheet.editing.set(None);
        if let Some(step) = step {
            take_step(view, step);
        } else {
            view.reveal();
        }
    };
    let commit = move |step: Option<Step>, take: bool| {
        if done.get_value() {
            return;
        }
        match untrack(|| draft.value()) {
            Ok(value) => {
                let Editing { key, old, .. } = editing.get_value();
                sheet.stage(&key, &name, &old, value);
                if take {
                    leave(step);
                } else {
                    done.set_value(true);
                    sheet.editing.set(None);
                }
            }
            Err(why) => wrong.set(Some(why)),
        }
    };
    let commit = StoredValue::new(commit);
    let commit = move |step: Option<Step>, take: bool| commit.with_value(|commit| commit(step, take));
    let keydown = move |event: KeyboardEvent| {
        let held = event.ctrl_key() || event.meta_key();
        let several = matches!(draft.writing, Writing::Lines | Writing::Json);
        match (event.key().as_str(), event.shift_key()) {
            // Within several lines Enter begins another one.
            ("Enter", _) if several && !held => return event.stop_propagation(),
            ("Enter", false) => commit(Some(Step::Down), true),
            ("Enter", true) => commit(Some(Step::Up), true),
            ("Tab", false) => commit(Some(Step::Right), true),
            ("Tab", true) => commit(Some(Step::Left), true),
            ("Escape", _) => leave(None),
            ("s" | "S", _) if held => {
                commit(None, true);
                return;
            }
            _ => return event.stop_propagation(),
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let focusout = move |event: FocusEvent| {
        // A browser says so too of what is taken out of the page.
        if done.try_get_value() != Some(false) {
            return;
        }
        let to = event.related_target().and_then(|to| to.dyn_into::<Node>().ok());
        let within = frame.get_untracked().is_some_and(|frame| frame.contains(to.as_ref()));
        if !within && window_has_focus() {
            commit(None, false);
        }
    };
    // What is written is looked at again as soon as it changes.
    Effect::new(move || {
        draft.text.track();
        draft.null.track();
        wrong.set(None);
    });
    // It stays within the window.
    Effect::new(move || {
        let Some(frame) = frame.get() else { return };
        let own = frame.get_bounding_client_rect();
        let size = |value: Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>| {
            value.ok().and_then(|value| value.as_f64()).unwrap_or_default()
        };
        let (width, height) = (size(window().inner_width()), size(window().inner_height()));
        let style = web_sys::HtmlElement::style(&frame);
        let left = spot.left.min(width - own.width() - 8.0).max(8.0);
        let top = spot.top.min(height - own.height() - 8.0).max(8.0);
        style.set_property("left", &format!("{left}px")).ok();
        style.set_property("top", &format!("{top}px")).ok();
    });
    view! {
        <div
            class="cell-editor"
            class:wide=matches!(draft.writing, Writing::Lines | Writing::Json | Writing::List | Writing::Relation)
            role="group"
            aria-label=words.clone()
            node_ref=frame
            style:left=format!("{}px", spot.left)
            style:top=format!("{}px", spot.top)
            style:min-width=format!("{}px", spot.width)
            style:--cell=format!("{}px", spot.height)
            on:keydown=keydown
            on:focusout=focusout
        >
            <div class="row">
                <ValueInput
                    draft
                    id
                    about=about.clone()
                    label=words.clone()
                    autofocus=true
                    invalid=Signal::derive(move || wrong.with(Option::is_some))
                    chosen=move |()| commit(None, true)
                />
                {(draft.can_be_null() && draft.writing != Writing::Choice)
                    .then(|| {
                        view! {
                            <IconButton
                                name=IconName::CircleSlash
                                label="No value (null)"
                                kind=ButtonKind::Quiet
                                size=ButtonSize::Small
                                pressed=Signal::derive(move || draft.null.get())
                                press=move |_| {
                                    draft.set_null();
                                    commit(None, true);
                                }
                            />
                        }
                    })}
            </div>
            <div id=about aria-live="polite">
                {move || wrong.get().map(|why| view! { <p class="field-error">{why}</p> })}
            </div>
        </div>
    }
    .into_any()
}

/// A window that loses the focus keeps what is being written.
fn window_has_focus() -> bool {
    document().has_focus().unwrap_or(true)
}

impl Sheet {
    /// Whether a field's values may be written.
    pub fn may_write(self, field: usize) -> bool {
        self.is_writable()
            && self.collection.with_untracked(|collection| {
                collection
                    .fields
                    .get(field)
                    .is_some_and(|field| !field.read_only && !field.primary_key && field.name != "updated_at")
            })
    }
}

//! What keys and presses do with the cells and rows of the grid.

use leptos::ev::{KeyboardEvent, MouseEvent};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::super::edit::cell::begin;
use super::super::filter::terms;
use super::super::selection::Selection;
use super::super::sheet::{Place, Sheet};
use super::super::value::{is_null, string};
use super::keys::Step;
use super::view::GridView;
use crate::browser;
use crate::ui::code::copy;
use crate::ui::toast::Toasts;

/// A cell as it is now: its row's key, its field, its value on the server and with what is changed.
pub struct CellNow {
    /// The row's key.
    pub key: String,
    /// The place of the field in the collection.
    pub field: usize,
    /// The JSON text of the value on the server.
    pub old: String,
    /// The JSON text of the value with what is changed and not saved.
    pub value: String,
}

impl Sheet {
    /// The cell at a place, where its row is here.
    pub fn cell(self, place: Place) -> Option<CellNow> {
        let field = self
            .layout
            .with_untracked(|layout| layout.columns.get(place.column).map(|column| column.field))?;
        let (key, old) = self
            .source
            .with_row(place.row?, |row| Some((row.key().to_owned(), row.value(field)?.to_owned())))
            .flatten()?;
        let name = self.collection.with_untracked(|collection| collection.fields[field].name.clone());
        let changed =
            self.staged.with_untracked(|staged| staged.change(&key, &name).map(|change| change.new.clone()));
        let value = changed.unwrap_or_else(|| old.clone());
        Some(CellNow { key, field, old, value })
    }

    /// Opens the row of a place beside the grid.
    pub fn open(self, place: Place) {
        if let Some(key) = place.row.and_then(|row| self.source.with_row(row, |row| row.key().to_owned())) {
            self.go(|address| (address.record, address.new) = (Some(key), false));
        }
    }

    /// Takes the value of a cell away, where it may have none.
    pub fn clear(self, place: Place) {
        let Some(cell) = self.cell(place) else { return };
        let field = self.collection.with_untracked(|collection| collection.fields[cell.field].clone());
        if self.may_write(cell.field) && !field.required && !is_null(&cell.value) {
            self.stage(&cell.key, &field.name, &cell.old, "null".to_owned());
        }
    }

    /// Puts the value of a cell on the clipboard.
    pub fn copy(self, place: Place, toasts: Toasts) {
        if let Some(cell) = self.cell(place) {
            let text = if is_null(&cell.value) { String::new() } else { string(&cell.value).into_owned() };
            spawn_local(copy(text, toasts));
        }
    }

    /// Filters by the value of a cell, or by all others.
    pub fn filter_by(self, place: Place, negated: bool) {
        let Some(cell) = self.cell(place) else { return };
        let term = self
            .collection
            .with_untracked(|collection| terms::equals(&collection.fields[cell.field], &cell.old, negated));
        if let Some(term) = term {
            self.go(|address| address.listing.filter = terms::with(&address.listing.filter, &term));
        }
    }
}

/// Does what a key says. False where it says nothing here.
pub fn key(view: GridView, event: &KeyboardEvent, toasts: Toasts) -> bool {
    let sheet = view.sheet();
    let place = sheet.active.get_untracked();
    let held = event.ctrl_key() || event.meta_key();
    let key = event.key();
    match (key.as_str(), held) {
        ("ArrowUp" | "ArrowDown", false) if event.shift_key() && place.row.is_some() => {
            sheet.selection.update(|selection| selection.begin_at(place.row.unwrap_or_default()));
            if let Some(step) = Step::of(&key, false) {
                super::take_step(view, step);
            }
            if let Some(row) = sheet.active.get_untracked().row {
                sheet.choose_to(row, toasts);
            }
        }
        (" ", false) => match (place.row, event.shift_key()) {
            (Some(row), true) => sheet.choose_to(row, toasts),
            (Some(row), false) => sheet.toggle_row(row),
            (None, _) => return false,
        },
        ("a" | "A", true) => sheet.selection.set(Selection::all()),
        ("c" | "C", true) => sheet.copy(place, toasts),
        ("Enter", true) => sheet.open(place),
        ("Enter" | "F2", false) => begin(view, None),
        ("Delete" | "Backspace", true) => delete(sheet, place, toasts),
        ("Delete" | "Backspace", false) => sheet.clear(place),
        ("Escape", false) => {
            if sheet.selection.with_untracked(Selection::is_empty) {
                return false;
            }
            sheet.selection.set(Selection::default());
        }
        _ => match Step::of(&key, held) {
            Some(step) => super::take_step(view, step),
            None if is_typed(event, &key, held) => begin(view, Some(key)),
            None => return false,
        },
    }
    true
}

/// Deletes the rows that are chosen, or the one that the keyboard is on.
fn delete(sheet: Sheet, place: Place, toasts: Toasts) {
    let chosen = sheet
        .selection
        .with_untracked(|selection| if selection.is_all() { Vec::new() } else { selection.keys() });
    if !sheet.is_writable() {
        return;
    }
    if chosen.is_empty() {
        let key = place.row.and_then(|row| sheet.source.with_row(row, |row| row.key().to_owned()));
        sheet.delete(key.into_iter().collect(), toasts);
    } else {
        sheet.delete(chosen, toasts);
    }
}

/// Whether a key writes a character, with which a value can begin.
fn is_typed(event: &KeyboardEvent, key: &str, held: bool) -> bool {
    key.chars().count() == 1 && !held && !event.alt_key() && !matches!(key, " " | "/" | "?")
}

/// Does what a press says that is not on the words of a cell.
pub fn click(view: GridView, event: &MouseEvent, toasts: Toasts) {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let sheet = view.sheet();
    let within = |selector: &str| target.closest(selector).ok().flatten();
    let row = || {
        let row = within("[aria-rowindex]")?.get_attribute("aria-rowindex")?;
        row.parse::<usize>().ok()?.checked_sub(2)
    };
    if within(".grid-open").is_some() {
        sheet.open(Place { row: row(), column: 0 });
    } else if within(".grid-gutter").is_some() {
        // The box shows what is chosen, which is said elsewhere.
        match row() {
            Some(row) if event.shift_key() => sheet.choose_to(row, toasts),
            Some(row) => sheet.toggle_row(row),
            None => return,
        }
        event.prevent_default();
    } else if browser::has_coarse_pointer() && within(".grid-body .cell").is_some() {
        // A finger has no room in a cell: the row opens, and is changed there.
        sheet.open(Place { row: row(), column: 0 });
    }
}

//! The elements of one row, which show one row after another.

use std::borrow::Cow;

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::{CssStyleDeclaration, Element, HtmlElement, HtmlInputElement, Text};

use super::super::layout::Column;

/// What a cell shows.
#[derive(Debug, PartialEq, Eq)]
pub struct Face<'a> {
    /// Its text.
    pub text: Cow<'a, str>,
    /// How it stands out.
    pub state: CellState,
}

/// How a cell stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellState {
    /// Not at all.
    Plain,
    /// It has no value.
    Null,
    /// Its value is changed, and not saved.
    Edited,
    /// Its value is changed to none, and not saved.
    EditedNull,
    /// Its change was refused.
    Refused,
}

impl CellState {
    fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Null => " null",
            Self::Edited => " edited",
            Self::EditedNull => " edited null",
            Self::Refused => " edited refused",
        }
    }
}

/// How a row stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowState {
    /// It is not here yet.
    pub loading: bool,
    /// It is one of those that something will be done with.
    pub selected: bool,
    /// It is open beside the grid.
    pub open: bool,
    /// It has changed just now; each time another way than the time before.
    pub told: Option<bool>,
}

/// What the rows show.
pub trait Faces {
    /// How a row stands out.
    fn row(&self, row: usize) -> RowState;
    /// What a cell shows.
    fn cell(&self, row: usize, column: &Column) -> Option<Face<'_>>;
}

/// The elements of a row.
pub(super) struct Slot {
    pub(super) element: HtmlElement,
    pub(super) style: CssStyleDeclaration,
    check: HtmlInputElement,
    pub(super) pin: CssStyleDeclaration,
    pub(super) rest: HtmlElement,
    pub(super) first: Cell,
    pub(super) cells: Vec<Cell>,
    pub(super) row: Option<usize>,
    state: Option<RowState>,
}

/// The elements of a cell.
pub(super) struct Cell {
    pub(super) element: HtmlElement,
    pub(super) style: CssStyleDeclaration,
    text: Text,
    pub(super) column: Option<usize>,
    shown: String,
    state: Option<CellState>,
}

fn make(tag: &str, class: &str, role: &str) -> HtmlElement {
    let element = document().create_element(tag).expect("the names of elements are right");
    element.set_class_name(class);
    if !role.is_empty() {
        set(&element, "role", role);
    }
    element.unchecked_into()
}

pub(super) fn set(element: &Element, name: &str, value: &str) {
    element.set_attribute(name, value).ok();
}

pub(super) fn put(parent: &HtmlElement, child: &HtmlElement) {
    parent.append_child(child).ok();
}

impl Cell {
    pub(super) fn new() -> Self {
        let element = make("div", "cell", "gridcell");
        set(&element, "tabindex", "-1");
        let words = make("span", "words", "");
        let text = document().create_text_node("");
        words.append_child(&text).ok();
        put(&element, &words);
        Self { style: element.style(), element, text, column: None, shown: String::new(), state: None }
    }

    /// Gives the cell to a column.
    pub(super) fn assign(&mut self, index: usize, column: &Column) {
        self.column = Some(index);
        self.state = None;
        set(&self.element, "aria-colindex", &(index + 2).to_string());
        self.style.set_property("width", &format!("{}px", column.width)).ok();
        if index > 0 {
            self.style.set_property("left", &format!("{}px", column.left)).ok();
        }
    }

    pub(super) fn fill(&mut self, column: &Column, face: Option<Face<'_>>) {
        let (text, state) = match face {
            Some(face) => (face.text, face.state),
            None => (Cow::Borrowed(""), CellState::Plain),
        };
        if self.shown != text {
            self.text.set_data(&text);
            self.shown.clear();
            self.shown.push_str(&text);
        }
        if self.state != Some(state) {
            self.state = Some(state);
            self.element.set_class_name(&format!("cell {}{}", column.look.class(), state.class()));
        }
    }
}

impl Slot {
    pub(super) fn new() -> Self {
        let element = make("div", "grid-row", "row");
        let pin = make("div", "grid-pin", "");
        let gutter = make("div", "grid-gutter", "gridcell");
        set(&gutter, "aria-colindex", "1");
        let check: HtmlInputElement = make("input", "grid-check", "").unchecked_into();
        check.set_type("checkbox");
        check.set_tab_index(-1);
        set(&check, "aria-label", "Choose the row");
        put(&gutter, &check);
        put(&pin, &gutter);
        let first = Cell::new();
        set(&first.element, "role", "rowheader");
        put(&pin, &first.element);
        let open = make("button", "grid-open", "");
        set(&open, "type", "button");
        set(&open, "tabindex", "-1");
        set(&open, "aria-label", "Open the record");
        set(&open, "data-tip", "Open the record");
        set(&open, "data-keys", "mod+enter");
        open.set_inner_html(
            r##"<svg class="icon" aria-hidden="true"><use href="#icon-maximize-2"></use></svg>"##,
        );
        // Within a row there is nothing but cells.
        put(&gutter, &open);
        put(&element, &pin);
        let rest = make("div", "grid-rest", "");
        put(&element, &rest);
        Self {
            style: element.style(),
            pin: pin.style(),
            element,
            check,
            rest,
            first,
            cells: Vec::new(),
            row: None,
            state: None,
        }
    }

    pub(super) fn show(&mut self, row: Option<usize>) {
        if self.row.is_some() != row.is_some() {
            self.element.set_hidden(row.is_none());
        }
        self.row = row;
    }

    pub(super) fn mark(&mut self, row: usize, state: RowState) {
        set(&self.element, "aria-rowindex", &(row + 2).to_string());
        if self.state == Some(state) {
            return;
        }
        self.state = Some(state);
        let mut class = String::from("grid-row");
        for (is, name) in [
            (state.loading, " loading"),
            (state.selected, " selected"),
            (state.open, " open"),
            (state.told == Some(false), " told"),
            (state.told == Some(true), " told-again"),
        ] {
            if is {
                class.push_str(name);
            }
        }
        self.element.set_class_name(&class);
        set(&self.element, "aria-selected", if state.selected { "true" } else { "false" });
        self.check.set_checked(state.selected);
    }
}

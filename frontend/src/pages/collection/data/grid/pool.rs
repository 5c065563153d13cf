//! The elements of the rows that show. They are made once and filled again and again: scrolling makes no element and lays none
//! out, it moves rows and changes texts.

use std::ops::Range;

use leptos::prelude::document;
use web_sys::{CssStyleDeclaration, Element, HtmlElement};

use super::super::layout::Layout;
use super::super::sheet::Place;
use super::slot::{Cell, Faces, Slot, put, set};

/// Rows beyond this distance from the one that the others are placed by would lie where browsers cannot tell pixels apart.
const FARTHEST: usize = 50_000;

/// What there is to draw.
pub struct Frame<'a> {
    /// The rows that show.
    pub rows: Range<usize>,
    /// How tall a row is, in pixels.
    pub row_height: f64,
    /// How far down the view is, in pixels.
    pub top: f64,
    /// The columns.
    pub layout: &'a Layout,
    /// The columns after the first that show.
    pub columns: Range<usize>,
    /// Whether something else than the place of the view has changed.
    pub anew: bool,
}

/// The elements of the rows that show.
pub struct Pool {
    layer: HtmlElement,
    layer_style: CssStyleDeclaration,
    slots: Vec<Slot>,
    /// How many cells each has after the first.
    cells: usize,
    /// The row that the others are placed by.
    anchor: usize,
    /// The cell that the keyboard is on, where it shows.
    active: Option<HtmlElement>,
}

impl Pool {
    /// No elements yet; they will lie on that layer.
    pub fn new(layer: HtmlElement) -> Self {
        Self { layer_style: layer.style(), layer, slots: Vec::new(), cells: 0, anchor: 0, active: None }
    }

    /// Sees to it that there are elements for so many rows with so many cells each.
    pub fn resize(&mut self, rows: usize, cells: usize) {
        let changed = self.slots.len() != rows || self.cells != cells;
        while self.slots.len() > rows {
            if let Some(slot) = self.slots.pop() {
                slot.element.remove();
            }
        }
        while self.slots.len() < rows {
            let slot = Slot::new();
            slot.element.set_hidden(true);
            put(&self.layer, &slot.element);
            self.slots.push(slot);
        }
        self.cells = cells;
        for slot in &mut self.slots {
            while slot.cells.len() > cells {
                if let Some(cell) = slot.cells.pop() {
                    cell.element.remove();
                }
            }
            while slot.cells.len() < cells {
                let cell = Cell::new();
                put(&slot.rest, &cell.element);
                slot.cells.push(cell);
            }
            if changed {
                slot.show(None);
                slot.element.set_hidden(true);
            }
        }
    }

    /// Forgets which columns the cells belong to, since these are others now.
    pub fn lay_out(&mut self, layout: &Layout) {
        for slot in &mut self.slots {
            slot.first.column = None;
            slot.cells.iter_mut().for_each(|cell| cell.column = None);
            slot.rest.style().set_property("width", &format!("{}px", layout.width)).ok();
        }
    }

    /// How tall a row is, in pixels.
    pub fn measure(&self) -> f64 {
        let Some(slot) = self.slots.first() else { return 0.0 };
        let hidden = slot.element.hidden();
        slot.element.set_hidden(false);
        let height = f64::from(slot.element.offset_height());
        slot.element.set_hidden(hidden);
        height
    }

    /// Draws the rows that show.
    pub fn draw(&mut self, frame: &Frame<'_>, faces: &dyn Faces) {
        let length = self.slots.len();
        let Some(first_column) = frame.layout.columns.first().filter(|_| length > 0) else { return };
        let mut anew = frame.anew;
        if frame.rows.start.abs_diff(self.anchor) > FARTHEST {
            self.anchor = frame.rows.start;
            self.slots.iter_mut().for_each(|slot| slot.show(None));
            anew = true;
        }
        let shift = (self.anchor as f64 * frame.row_height - frame.top).round();
        self.layer_style.set_property("transform", &format!("translateY({shift}px)")).ok();
        for row in frame.rows.start..frame.rows.start + length {
            let slot = &mut self.slots[row % length];
            if row >= frame.rows.end {
                slot.show(None);
                continue;
            }
            let moved = slot.row != Some(row);
            if moved {
                slot.show(Some(row));
                let place = (row as f64 - self.anchor as f64) * frame.row_height;
                slot.style.set_property("transform", &format!("translateY({place}px)")).ok();
            }
            if moved || anew {
                slot.mark(row, faces.row(row));
            }
            if slot.first.column.is_none() {
                slot.first.assign(0, first_column);
                slot.pin.set_property("--first", &format!("{}px", first_column.width)).ok();
                slot.first.fill(first_column, faces.cell(row, first_column));
            } else if moved || anew {
                slot.first.fill(first_column, faces.cell(row, first_column));
            }
            for index in frame.columns.clone() {
                let cell = &mut slot.cells[index % self.cells];
                let column = &frame.layout.columns[index];
                let other = cell.column != Some(index);
                if other {
                    cell.assign(index, column);
                }
                if other || moved || anew {
                    cell.fill(column, faces.cell(row, column));
                }
            }
        }
    }

    /// The element of a cell, where it shows.
    pub fn cell(&self, row: usize, column: usize) -> Option<&HtmlElement> {
        let slot = self.slots.get(row % self.slots.len().max(1)).filter(|slot| slot.row == Some(row))?;
        if column == 0 {
            return Some(&slot.first.element);
        }
        let cell = slot.cells.get(column % self.cells.max(1)).filter(|cell| cell.column == Some(column))?;
        Some(&cell.element)
    }

    /// How wide a column has to be for what its cells show.
    pub fn needed_width(&self, column: usize) -> Option<f64> {
        let shown = (0..self.slots.len()).filter_map(|slot| self.cell(self.slots[slot].row?, column));
        // The words of a cell are as wide as they are where there is room, and wider within where there is none.
        let needed = shown.filter_map(|cell| cell.first_element_child()).map(|words| words.scroll_width());
        needed.max().map(|width| (f64::from(width) + 24.0).max(super::super::layout::NARROWEST))
    }

    /// Marks the cell that the keyboard is on, and gives it the focus where that was on the one before or `take` says so. False
    /// where the focus should be on a cell that does not show.
    pub fn activate(&mut self, place: Place, take: bool) -> bool {
        let now = place.row.and_then(|row| self.cell(row, place.column)).cloned();
        if now != self.active {
            if let Some(before) = &self.active {
                set(before, "tabindex", "-1");
                before.class_list().remove_1("active").ok();
            }
            if let Some(now) = &now {
                set(now, "tabindex", "0");
            }
        }
        if let Some(now) = &now {
            // Filling a cell writes its classes anew.
            now.class_list().add_1("active").ok();
        }
        let focused = document().active_element();
        let had = focused.is_some() && self.active.as_ref().map(AsRef::<Element>::as_ref) == focused.as_ref();
        let should = take || had && now != self.active;
        self.active = now;
        match &self.active {
            Some(now) if should && focused.as_ref() != Some(now.as_ref()) => {
                let options = web_sys::FocusOptions::new();
                options.set_prevent_scroll(true);
                now.focus_with_options(&options).ok();
                true
            }
            Some(_) => true,
            None => !should,
        }
    }
}

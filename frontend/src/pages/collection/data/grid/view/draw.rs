//! Drawing a frame: the rows that show, the cell that the keyboard is on, and the scrollbar.

use std::ops::Range;
use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::super::super::layout::Layout;
use super::super::super::scroll::Scroll;
use super::super::faces::SheetFaces;
use super::super::pool::{Frame, Pool};
use super::{GUTTER, GridView};

/// Who passes by so many rows in a frame does not look at them: they are asked for when that ends.
const HURRY: usize = 60;
/// After so many milliseconds without a move a hurry is over.
const SETTLE: u64 = 70;

impl GridView {
    pub(super) fn draw(self) {
        let Some(shared) = self.state.try_get_value() else { return };
        let Some(layer) = self.parts.layer.get_untracked() else { return };
        let mut state = shared.borrow_mut();
        let state = &mut *state;
        state.pending = false;
        let layout = self.sheet.layout.read_untracked();
        let pool = state.pool.get_or_insert_with(|| Pool::new(layer.into()));
        let pinned = GUTTER + layout.columns.first().map_or(0.0, |column| column.width);
        let room = (state.width - pinned).max(0.0);
        if state.scroll.row == 0.0 {
            pool.resize(1, 0);
            state.scroll.row = pool.measure();
        }
        if state.columns_anew {
            pool.resize(state.scroll.fitting(), layout.most_between(room));
            pool.lay_out(&layout);
        }
        let source = self.sheet.source;
        state.scroll.rows = source.rows();
        let active = self.sheet.active.get_untracked();
        if state.at_end {
            state.scroll.to(state.scroll.bottom());
        } else {
            state.scroll.to(state.scroll.top);
        }
        if std::mem::take(&mut state.reveal) {
            if let Some(row) = active.row {
                state.scroll.reveal(row);
            }
            self.reveal_column(&layout, active.column, pinned, state.width, &mut state.left);
        }
        let first = state.scroll.first();
        let rows = first..(first + state.scroll.fitting()).min(state.scroll.rows);
        let passed = first.abs_diff(state.last);
        if passed > 0 {
            state.forward = first > state.last;
            state.last = first;
        }
        let hurry = passed > HURRY;
        source.want(rows.clone(), state.forward, hurry);
        if hurry {
            if let Some(settle) = state.settle.take() {
                settle.clear();
            }
            let later = move || self.update(|state| state.anew = true);
            state.settle = set_timeout_with_handle(later, Duration::from_millis(SETTLE)).ok();
        }
        let frame = Frame {
            rows: rows.clone(),
            row_height: state.scroll.row,
            top: state.scroll.top,
            columns: layout.between(state.left, state.left + room),
            layout: &layout,
            anew: std::mem::take(&mut state.anew) || std::mem::take(&mut state.columns_anew),
        };
        SheetFaces::with(self.sheet, hurry, |faces| pool.draw(&frame, faces));
        // While its cell did not show, the grid as a whole had the focus.
        let take = std::mem::take(&mut state.take) || self.has_focus();
        let is_shown = pool.activate(active, take && active.row.is_some());
        if take && active.row.is_none() {
            self.focus(Some(active.column));
        } else if !is_shown {
            self.focus(None);
        }
        self.draw_scrollbar(&state.scroll);
        let shown = whole(&state.scroll, &rows);
        if self.shown.get_untracked() != shown {
            self.shown.set(shown);
        }
    }

    /// Moves the view sideways as little as shows a column whole.
    fn reveal_column(self, layout: &Layout, column: usize, pinned: f64, width: f64, left: &mut f64) {
        let (Some(scroller), Some(column)) =
            (self.parts.scroller.get_untracked(), layout.columns.get(column).filter(|_| column > 0))
        else {
            return;
        };
        let room = (width - pinned).max(0.0);
        let to = if column.left < *left {
            column.left
        } else if column.left + column.width > *left + room {
            (column.left + column.width - room).min(column.left)
        } else {
            return;
        };
        scroller.set_scroll_left(to.round() as i32);
        *left = f64::from(scroller.scroll_left());
    }

    /// Whether the grid as a whole has the focus.
    fn has_focus(self) -> bool {
        let focused = document().active_element();
        self.parts
            .scroller
            .get_untracked()
            .is_some_and(|scroller| focused.as_ref() == Some(scroller.as_ref()))
    }

    /// Gives the focus to the header of a column; or to the grid as a whole, while the keyboard is on a cell that does not show.
    fn focus(self, column: Option<usize>) {
        let Some(scroller) = self.parts.scroller.get_untracked() else { return };
        let options = web_sys::FocusOptions::new();
        options.set_prevent_scroll(true);
        let head = column
            .and_then(|column| scroller.query_selector(&format!("[data-head='{column}']")).ok().flatten());
        match head.and_then(|head| head.dyn_into::<HtmlElement>().ok()) {
            Some(head) => head.focus_with_options(&options).ok(),
            None => scroller.focus_with_options(&options).ok(),
        };
    }

    fn draw_scrollbar(self, scroll: &Scroll) {
        let (Some(track), Some(thumb)) = (self.parts.track.get_untracked(), self.parts.thumb.get_untracked())
        else {
            return;
        };
        let thumb_style = web_sys::HtmlElement::style(&thumb);
        match scroll.thumb(scroll.height) {
            Some((start, length)) => {
                track.set_hidden(false);
                thumb_style.set_property("height", &format!("{length:.1}px")).ok();
                thumb_style.set_property("transform", &format!("translateY({start:.1}px)")).ok();
            }
            None => track.set_hidden(true),
        }
    }
}

/// The rows of which more than half shows.
fn whole(scroll: &Scroll, rows: &Range<usize>) -> (usize, usize) {
    if rows.is_empty() {
        return (0, 0);
    }
    let from = ((scroll.top / scroll.row) + 0.5) as usize;
    let to = ((scroll.top + scroll.height) / scroll.row + 0.5) as usize;
    (from.min(rows.end), to.min(rows.end))
}

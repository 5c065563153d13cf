//! The view over the rows: knows where it is, asks for the rows that show, and draws them once a frame where something changed.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::super::scroll::Scroll;
use super::super::sheet::Sheet;
use super::faces::SheetFaces;
use super::pool::{Frame, Pool};

/// Who passes by so many rows in a frame does not look at them: they are asked for when that ends.
const HURRY: usize = 60;
/// After so many milliseconds without a move a hurry is over.
const SETTLE: u64 = 70;

/// How wide the boxes are that rows are chosen with, in pixels; as in the styles.
pub const GUTTER: f64 = 36.0;

/// The elements that the view is made of.
#[derive(Clone, Copy)]
pub struct Parts {
    /// What is scrolled sideways, with the header in it.
    pub scroller: NodeRef<Div>,
    /// What the rows lie on.
    pub layer: NodeRef<Div>,
    /// The place of the rows, which has their height.
    pub body: NodeRef<Div>,
    /// The way of the scrollbar's thumb.
    pub track: NodeRef<Div>,
    /// The scrollbar's thumb.
    pub thumb: NodeRef<Div>,
}

/// The view over the rows.
#[derive(Clone, Copy)]
pub struct GridView {
    sheet: Sheet,
    parts: Parts,
    state: StoredValue<Rc<RefCell<State>>, LocalStorage>,
    /// The rows that show, for those who tell of them.
    shown: RwSignal<(usize, usize)>,
}

struct State {
    scroll: Scroll,
    pool: Option<Pool>,
    /// How much shows sideways, and from where on.
    width: f64,
    left: f64,
    last: usize,
    forward: bool,
    /// Whether a frame is asked for.
    pending: bool,
    /// Whether more than the place has changed since the last frame, and whether the columns have.
    anew: bool,
    columns_anew: bool,
    /// Whether the cell that the keyboard is on has to be shown, and be given the focus.
    reveal: bool,
    take: bool,
    /// Whether the view stays at the end, wherever that turns out to be.
    at_end: bool,
    settle: Option<TimeoutHandle>,
}

impl GridView {
    /// A view of the sheet's rows.
    pub fn new(sheet: Sheet) -> Self {
        let state = State {
            scroll: Scroll::default(),
            pool: None,
            width: 0.0,
            left: 0.0,
            last: 0,
            forward: true,
            pending: false,
            anew: true,
            columns_anew: true,
            reveal: false,
            take: false,
            at_end: false,
            settle: None,
        };
        let parts = Parts {
            scroller: NodeRef::new(),
            layer: NodeRef::new(),
            body: NodeRef::new(),
            track: NodeRef::new(),
            thumb: NodeRef::new(),
        };
        let this = Self {
            sheet,
            parts,
            state: StoredValue::new_local(Rc::new(RefCell::new(state))),
            shown: RwSignal::new((0, 0)),
        };
        Effect::new(move |_| {
            sheet.layout.with(|_| ());
            this.update(|state| (state.columns_anew, state.anew) = (true, true));
        });
        Effect::new(move |_| {
            sheet.source.track();
            SheetFaces::track(sheet);
            this.update(|state| state.anew = true);
        });
        Effect::new(move |_| {
            sheet.active.track();
            this.update(|_| {});
        });
        // Another list begins at its beginning.
        let listing = Memo::new(move |_| sheet.address.with(|address| address.listing.clone()));
        Effect::new(move |before: Option<()>| {
            listing.with(|_| ());
            if before.is_some() {
                this.update(|state| (state.scroll.top, state.at_end) = (0.0, false));
            }
        });
        this
    }

    /// Whose rows they are.
    pub fn sheet(self) -> Sheet {
        self.sheet
    }

    /// The elements that it is made of.
    pub fn parts(self) -> Parts {
        self.parts
    }

    /// The rows that show: the first, and the one after the last.
    pub fn shown(self) -> RwSignal<(usize, usize)> {
        self.shown
    }

    /// Changes something and draws it in the next frame.
    fn update(self, change: impl FnOnce(&mut State)) {
        let Some(state) = self.state.try_get_value() else { return };
        let mut state = state.borrow_mut();
        change(&mut state);
        if !state.pending {
            state.pending = true;
            request_animation_frame(move || self.draw());
        }
    }

    /// Where the view is.
    pub fn scroll(self) -> Scroll {
        self.state.get_value().borrow().scroll
    }

    /// Moves the view to a place, in pixels.
    pub fn scroll_to(self, top: f64) {
        self.update(|state| {
            state.scroll.to(top);
            state.at_end = false;
        });
    }

    /// Moves the view by so many pixels. False where it was at its end already.
    pub fn scroll_by(self, delta: f64) -> bool {
        let before = self.scroll();
        self.scroll_to(before.top + delta);
        self.scroll().top != before.top
    }

    /// Moves the view to where the scrollbar's thumb begins there.
    pub fn drag_to(self, track: f64, start: f64) {
        self.update(|state| {
            state.scroll.drag(track, start);
            state.at_end = state.scroll.top >= state.scroll.bottom();
        });
    }

    /// Moves the view to the end of the list, wherever that is.
    pub fn stay_at_end(self) {
        self.update(|state| state.at_end = true);
    }

    /// Shows the cell that the keyboard is on, and gives it the focus.
    pub fn reveal(self) {
        self.update(|state| (state.reveal, state.take, state.at_end) = (true, true, false));
    }

    /// The element of the cell that the keyboard is on, where it shows.
    pub fn active_element(self) -> Option<HtmlElement> {
        let place = self.sheet.active.get_untracked();
        let state = self.state.get_value();
        let state = state.borrow();
        state.pool.as_ref()?.cell(place.row?, place.column).cloned()
    }

    /// How far a place of the window is beyond the end of the first column, in the room of the others.
    pub fn beyond_first(self, x: f64) -> f64 {
        let Some(scroller) = self.parts.scroller.get_untracked() else { return 0.0 };
        let first = self
            .sheet
            .layout
            .with_untracked(|layout| layout.columns.first().map_or(0.0, |column| column.width));
        let from = scroller.get_bounding_client_rect().left() + GUTTER + first;
        let beyond = x - from;
        // What lies over the first column is that column, wherever the others are.
        if beyond < 0.0 { beyond } else { beyond + f64::from(scroller.scroll_left()) }
    }

    /// How wide a column has to be for what shows of it, with its name.
    pub fn needed_width(self, column: usize) -> Option<(String, f64)> {
        let state = self.state.get_value();
        let state = state.borrow();
        let name = self
            .sheet
            .layout
            .with_untracked(|layout| layout.columns.get(column).map(|column| column.name.clone()))?;
        Some((name, state.pool.as_ref()?.needed_width(column)?))
    }

    /// What shows sideways has changed.
    pub fn moved_sideways(self) {
        let Some(scroller) = self.parts.scroller.get_untracked() else { return };
        let left = f64::from(scroller.scroll_left());
        self.update(|state| state.left = left);
    }

    /// The room has changed.
    pub fn resized(self) {
        let (Some(scroller), Some(body)) =
            (self.parts.scroller.get_untracked(), self.parts.body.get_untracked())
        else {
            return;
        };
        let (width, height) = (f64::from(scroller.client_width()), f64::from(body.client_height()));
        self.update(|state| {
            state.width = width;
            state.scroll.height = height;
            (state.anew, state.columns_anew) = (true, true);
        });
    }

    fn draw(self) {
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
    fn reveal_column(
        self,
        layout: &super::super::layout::Layout,
        column: usize,
        pinned: f64,
        width: f64,
        left: &mut f64,
    ) {
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

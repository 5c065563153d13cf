//! The view over the rows: knows where it is, asks for the rows that show, and draws them once a frame where something changed.

mod draw;

use std::cell::RefCell;
use std::rc::Rc;

use leptos::html::Div;
use leptos::prelude::*;
use web_sys::HtmlElement;

use super::super::scroll::Scroll;
use super::super::sheet::Sheet;
use super::super::source::Move;
use super::faces::SheetFaces;
use super::pool::Pool;

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

    /// Rows have come and gone: what shows stays where it is, and so does the keyboard.
    pub fn follow(self, moves: &[Move]) {
        if moves.is_empty() {
            return;
        }
        let mut active = self.sheet.active.get_untracked();
        self.update(|state| {
            for one in moves {
                let first = state.scroll.first();
                let is_above = one.place < first || one.came && one.place == first && state.scroll.top > 0.0;
                let by = if one.came { 1.0 } else { -1.0 };
                if is_above {
                    state.scroll.top = (state.scroll.top + by * state.scroll.row).max(0.0);
                }
                match &mut active.row {
                    Some(row) if one.came && one.place <= *row => *row += 1,
                    Some(row) if !one.came && one.place < *row => *row -= 1,
                    _ => {}
                }
            }
            state.scroll.rows = self.sheet.source.rows();
        });
        if active != self.sheet.active.get_untracked() {
            self.sheet.active.set(active);
        }
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
}

//! Where rows come from: fetches the pages that are looked at, and lets go of requests that nobody waits for any more.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use annex_openapi::collections::Collection;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::AbortController;

use super::window::{PAGE, Window};
use crate::api::records::{Count, Listing, Row};
use crate::api::{Api, ApiError};

/// How many requests for pages are under way at most.
const AT_ONCE: usize = 3;

/// The rows of a list, as far as they are here.
#[derive(Clone, Copy)]
pub struct Source {
    api: Api,
    collection: Memo<Collection>,
    state: StoredValue<Rc<RefCell<State>>, LocalStorage>,
    changed: RwSignal<u32>,
    failure: RwSignal<Option<ApiError>>,
}

struct State {
    window: Window<Row>,
    listing: Listing,
    /// Which list this is: an answer for an earlier one is nothing.
    list: u32,
    counted: bool,
    requests: Vec<Request>,
}

struct Request {
    page: usize,
    abort: Option<AbortController>,
}

impl State {
    fn let_go(&mut self, keep: impl Fn(usize) -> bool) {
        self.requests.retain(|request| {
            let keep = keep(request.page);
            if !keep && let Some(abort) = &request.abort {
                abort.abort();
            }
            keep
        });
    }
}

impl Source {
    /// The rows of a collection, none of them here yet.
    pub fn new(api: Api, collection: Memo<Collection>) -> Self {
        let state = State {
            window: Window::new(),
            listing: Listing::default(),
            list: 0,
            counted: false,
            requests: Vec::new(),
        };
        let this = Self {
            api,
            collection,
            state: StoredValue::new_local(Rc::new(RefCell::new(state))),
            changed: RwSignal::new(0),
            failure: RwSignal::new(None),
        };
        on_cleanup(move || {
            if let Some(state) = this.state.try_get_value() {
                state.borrow_mut().let_go(|_| false);
            }
        });
        this
    }

    fn state(self) -> Rc<RefCell<State>> {
        self.state.get_value()
    }

    /// Something else is here than before.
    fn touch(self) {
        self.changed.try_update(|changes| *changes = changes.wrapping_add(1));
    }

    /// Tells whoever asks within an effect that other rows are here.
    pub fn track(self) {
        self.changed.track();
    }

    /// Begins another list, or the same anew. What is here goes at once where `keep` does not say otherwise.
    pub fn begin(self, listing: Listing) {
        let state = self.state();
        let mut state = state.borrow_mut();
        state.let_go(|_| false);
        state.list += 1;
        state.window = Window::new();
        state.counted = false;
        state.listing = listing;
        drop(state);
        self.failure.set(None);
        self.touch();
    }

    /// Reads the same list anew.
    pub fn reload(self) {
        let listing = self.state().borrow().listing.clone();
        self.begin(listing);
    }

    /// Why rows could not be read, where they could not. Nothing more is asked for until it is read anew.
    pub fn failure(self) -> RwSignal<Option<ApiError>> {
        self.failure
    }

    /// Which rows these are.
    pub fn listing(self) -> Listing {
        self.state().borrow().listing.clone()
    }

    /// How many rows there are, as far as is known.
    pub fn rows(self) -> usize {
        self.state().borrow().window.rows()
    }

    /// How many rows there are, whether that is exact, and whether anything is known yet.
    pub fn total(self) -> (usize, bool, bool) {
        let state = self.state();
        let mut state = state.borrow_mut();
        let known = state.counted;
        let extent = state.window.extent();
        (extent.rows(), extent.is_exact(), known)
    }

    /// Counts the rows one by one.
    pub async fn count(self) -> Result<(), ApiError> {
        let (listing, list) = {
            let state = self.state();
            let state = state.borrow();
            (state.listing.clone(), state.list)
        };
        let name = self.collection.with_untracked(|collection| collection.name.clone());
        let count = self.api.count_rows(&name, &listing).await?;
        let state = self.state();
        if state.borrow().list == list {
            state.borrow_mut().window.extent().is(usize::try_from(count).unwrap_or_default());
            self.touch();
        }
        Ok(())
    }

    /// Does something with the row at a place, where it is here.
    pub fn with_row<T>(self, place: usize, with: impl FnOnce(&Row) -> T) -> Option<T> {
        self.state().borrow().window.row(place).map(with)
    }

    /// Does something with the rows, each by its place.
    pub fn with_window(self, with: impl FnOnce(&Window<Row>)) {
        with(&self.state().borrow().window);
    }

    /// Puts rows in place of those with their keys.
    pub fn replace(self, rows: &[Row]) {
        for held in self.state().borrow_mut().window.rows_mut() {
            if let Some(row) = rows.iter().find(|row| row.key() == held.key()) {
                *held = row.clone();
            }
        }
        self.touch();
    }

    /// Sees to it that these rows come. Requests for others are given up; in a hurry, where the rows pass by faster than they
    /// could come, nothing new is asked for.
    pub fn want(self, shown: Range<usize>, forward: bool, hurry: bool) {
        if self.failure.with_untracked(Option::is_some) {
            return;
        }
        let shared = self.state();
        let mut state = shared.borrow_mut();
        let pages = state.window.wanted(shown, forward);
        state.let_go(|page| pages.contains(&page));
        if hurry {
            return;
        }
        for page in pages {
            // The page after one that is coming waits for its cursor.
            let is_coming = |one: usize| state.requests.iter().any(|request| request.page == one);
            let waits = is_coming(page) || page.checked_sub(1).is_some_and(is_coming);
            if state.requests.len() < AT_ONCE && !waits && !state.window.holds(page) {
                let abort = AbortController::new().ok();
                state.requests.push(Request { page, abort: abort.clone() });
                self.fetch(&state, page, abort);
            }
        }
    }

    fn fetch(self, state: &State, page: usize, abort: Option<AbortController>) {
        let (listing, list, start) = (state.listing.clone(), state.list, state.window.start(page));
        let count = (!state.counted).then_some(Count::Estimated);
        let collection = self.collection.get_untracked();
        spawn_local(async move {
            let signal = abort.as_ref().map(AbortController::signal);
            let answer = self.api.rows(&collection, &listing, &start, PAGE, count, signal.as_ref()).await;
            if signal.is_some_and(|signal| signal.aborted()) || self.state.is_disposed() {
                return;
            }
            let shared = self.state();
            let mut state = shared.borrow_mut();
            if state.list != list {
                return;
            }
            state.requests.retain(|request| request.page != page);
            match answer {
                Ok(answer) => {
                    if let Some(count) = answer.count.filter(|_| !state.counted) {
                        state.counted = true;
                        state.window.extent().believe(usize::try_from(count).unwrap_or_default());
                    }
                    state.window.insert(page, answer.items, answer.next_cursor);
                    drop(state);
                }
                Err(error) => {
                    state.let_go(|_| false);
                    drop(state);
                    self.failure.set(Some(error));
                }
            }
            self.touch();
        });
    }
}

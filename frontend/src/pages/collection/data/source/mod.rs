//! Where rows come from: fetches the pages that are looked at, and lets go of requests that nobody waits for any more.

mod fetch;
mod told;

use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;

use annex_openapi::collections::Collection;
use leptos::prelude::*;
use web_sys::AbortController;

pub use told::{Change, Move};

use super::window::Window;
use crate::api::records::{Listing, Row, Start};
use crate::api::{Api, ApiError};
use told::Told;

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
    /// What was here before the same list was read anew: it shows until the new rows come.
    before: Option<Window<Row>>,
    listing: Listing,
    /// Which list this is: an answer for an earlier one is nothing.
    list: u32,
    counted: bool,
    requests: Vec<Request>,
    /// The keys of rows that do not show.
    hidden: HashSet<String>,
    /// The keys of rows that are deleted: what was here before has them still.
    gone: HashSet<String>,
    told: Told,
    /// The places of the fields that the list is sorted by.
    sorted_by: Vec<usize>,
}

struct Request {
    page: usize,
    abort: Option<AbortController>,
}

/// How many rows there are, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// So many.
    pub rows: usize,
    /// Exactly.
    pub exact: bool,
    /// Whether anything is known yet.
    pub known: bool,
    /// How many more have come, and do not show since their place is not known.
    pub new: usize,
    /// How many show that have another place by now.
    pub moved: usize,
}

/// The rows that are here.
pub struct Rows<'a>(&'a State);

impl Rows<'_> {
    /// The row at a place, where it is here.
    pub fn row(&self, place: usize) -> Option<&Row> {
        self.0.row(place)
    }

    /// Whether a row stands out, since it has changed just now; each time another way than the time before.
    pub fn stands_out(&self, key: &str) -> Option<bool> {
        self.0.told.stands_out(key)
    }
}

impl State {
    fn new(hidden: HashSet<String>) -> Self {
        Self {
            window: Window::new(),
            before: None,
            listing: Listing::default(),
            list: 0,
            counted: false,
            requests: Vec::new(),
            hidden,
            gone: HashSet::new(),
            told: Told::default(),
            sorted_by: Vec::new(),
        }
    }

    fn let_go(&mut self, keep: impl Fn(usize) -> bool) {
        self.requests.retain(|request| {
            let keep = keep(request.page);
            if !keep && let Some(abort) = &request.abort {
                abort.abort();
            }
            keep
        });
    }

    fn row(&self, place: usize) -> Option<&Row> {
        self.window.row(place).or_else(|| self.before.as_ref()?.row(place))
    }

    /// Hides what is to be hidden of the rows that are here.
    fn hide(&mut self) {
        if self.hidden.is_empty() && self.gone.is_empty() && !self.window.hides() {
            return;
        }
        let (hidden, gone) = (&self.hidden, &self.gone);
        self.window.hide(|row| hidden.contains(row.key()));
        if let Some(before) = &mut self.before {
            before.hide(|row| hidden.contains(row.key()) || gone.contains(row.key()));
        }
    }
}

impl Source {
    /// The rows of a collection, none of them here yet; those with the `hidden` keys will not show.
    pub fn new(api: Api, collection: Memo<Collection>, hidden: HashSet<String>) -> Self {
        let state = State::new(hidden);
        let this = Self {
            api,
            collection,
            state: StoredValue::new_local(Rc::new(RefCell::new(state))),
            changed: RwSignal::new(0),
            failure: RwSignal::new(None),
        };
        on_cleanup(move || this.change(|state| state.let_go(|_| false)));
        this
    }

    fn state(self) -> Rc<RefCell<State>> {
        self.state.get_value()
    }

    /// Changes something, where the view is still there.
    fn change(self, change: impl FnOnce(&mut State)) {
        if let Some(state) = self.state.try_get_value() {
            change(&mut state.borrow_mut());
        }
    }

    /// Something else is here than before.
    fn touch(self) {
        self.changed.try_update(|changes| *changes = changes.wrapping_add(1));
    }

    /// Tells whoever asks within an effect that other rows are here.
    pub fn track(self) {
        self.changed.track();
    }

    /// Begins another list.
    pub fn begin(self, listing: Listing) {
        self.change(|state| {
            state.let_go(|_| false);
            state.list += 1;
            (state.window, state.before) = (Window::new(), None);
            state.gone.clear();
            state.counted = false;
            state.told.begin();
            state.sorted_by = self.collection.with_untracked(|collection| {
                let names = listing.sort.iter().map(|key| key.strip_prefix('-').unwrap_or(key));
                names
                    .filter_map(|name| collection.fields.iter().position(|field| field.name == name))
                    .collect()
            });
            state.listing = listing;
        });
        self.failure.try_set(None);
        self.touch();
    }

    /// Reads the same list anew. What is here shows until it has come.
    pub fn reload(self) {
        self.change(|state| {
            state.let_go(|_| false);
            state.list += 1;
            let before = std::mem::replace(&mut state.window, Window::new());
            state.window.extent().believe(before.rows());
            // What nobody has read yet is no list to be shown.
            state.before = (state.counted || state.before.is_some()).then_some(before);
            state.counted = false;
            state.told.begin();
        });
        self.failure.try_set(None);
        self.touch();
    }

    /// Reads the same list anew once hidden rows are deleted. A row that is made again with the key of one of them will show.
    pub fn reload_without(self, deleted: &[String]) {
        self.change(|state| {
            for key in deleted {
                state.gone.extend(state.hidden.take(key));
            }
        });
        self.reload();
    }

    /// Hides rows by their keys, or shows them again.
    pub fn hide(self, keys: &[String], hidden: bool) {
        self.change(|state| {
            for key in keys {
                if hidden {
                    state.hidden.insert(key.clone());
                } else {
                    state.hidden.remove(key);
                }
            }
            state.hide();
        });
        self.touch();
    }

    /// Why rows could not be read, where they could not. Nothing more is asked for until it is read anew.
    pub fn failure(self) -> RwSignal<Option<ApiError>> {
        self.failure
    }

    /// Which rows these are.
    pub fn listing(self) -> Listing {
        self.state().borrow().listing.clone()
    }

    /// How many rows show, as far as is known.
    pub fn rows(self) -> usize {
        self.state().borrow().window.rows()
    }

    /// How many rows there are.
    pub fn total(self) -> Total {
        let state = self.state();
        let mut state = state.borrow_mut();
        let exact = state.window.extent().is_exact();
        let known = state.counted || state.before.is_some();
        let (new, moved) = (state.told.new.len(), state.told.moved.len());
        Total { rows: state.window.rows(), exact, known, new, moved }
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
        self.change(|state| {
            if state.list == list {
                state.window.extent().is(usize::try_from(count).unwrap_or_default());
            }
        });
        self.touch();
        Ok(())
    }

    /// Does something with the row at a place, where it is here.
    pub fn with_row<T>(self, place: usize, with: impl FnOnce(&Row) -> T) -> Option<T> {
        self.state().borrow().row(place).map(with)
    }

    /// Does something with the rows.
    pub fn with_rows(self, with: impl FnOnce(&Rows<'_>)) {
        with(&Rows(&self.state().borrow()));
    }

    /// Puts rows in place of those with their keys.
    pub fn replace(self, rows: &[Row]) {
        self.change(|state| {
            let before = state.before.iter_mut().flat_map(Window::rows_mut);
            for held in state.window.rows_mut().chain(before) {
                if let Some(row) = rows.iter().find(|row| row.key() == held.key()) {
                    *held = row.clone();
                }
            }
        });
        self.touch();
    }

    /// The keys of the rows at these places; what is not here is read.
    pub async fn keys(self, places: Range<usize>) -> Result<Vec<String>, ApiError> {
        let mut keys = Vec::with_capacity(places.len());
        let mut at = places.start;
        while at < places.end {
            if let Some(key) = self.with_row(at, |row| row.key().to_owned()) {
                keys.push(key);
                at += 1;
                continue;
            }
            let missing =
                (at..places.end).take_while(|place| self.with_row(*place, |_| ()).is_none()).count();
            let (collection, listing) = (self.collection.get_untracked(), self.listing());
            let start = Start { cursor: None, offset: at };
            let page = self.api.rows(&collection, &listing, &start, missing.min(1000), None, None).await?;
            if page.items.is_empty() {
                break;
            }
            at += page.items.len();
            keys.extend(page.items.iter().map(|row| row.key().to_owned()));
        }
        Ok(keys)
    }
}

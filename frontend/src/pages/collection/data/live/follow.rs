//! What is told of the list's rows, gathered and put in.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use annex_openapi::realtime::{EventType, ResyncReason, Subscribe};
use leptos::prelude::*;

use super::super::grid::GridView;
use super::super::source::Change;
use crate::api::ApiError;
use crate::api::realtime::{Following, Link, Message, Op, Told, problem};
use crate::api::records::Row;
use crate::shell::{Catalogue, use_catalogue};

/// How long changes are gathered before they show, in milliseconds.
const GATHER: u64 = 100;
/// Of more changes at once the list is read anew.
const MOST: usize = 300;
/// How long changes are gathered before a list is read anew that cannot be followed.
const RELOAD: u64 = 1500;

/// How the list stays as the server has it.
#[derive(Debug, Clone, PartialEq)]
pub enum Way {
    /// Each change shows as it is committed.
    Rows,
    /// It is read anew when something changes, and why.
    Reload(String),
    /// Not at all, and why.
    Not(ApiError),
}

/// A list that is followed.
#[derive(Clone, Copy)]
pub struct Live {
    view: GridView,
    catalogue: Catalogue,
    /// How it is kept.
    pub way: RwSignal<Way>,
    /// How the connection is.
    pub link: RwSignal<Link>,
    /// Whether what came before has been told.
    pub is_told: RwSignal<bool>,
    /// Whether it stays as it is until that is over.
    pub paused: RwSignal<bool>,
    state: StoredValue<Rc<State>, LocalStorage>,
}

#[derive(Default)]
struct State {
    following: RefCell<Option<Following>>,
    /// Which list is followed: what is told of an earlier one is nothing.
    turn: Cell<u32>,
    cursor: RefCell<Option<String>>,
    /// Whether rows may be missing that are told no more.
    is_behind: Cell<bool>,
    gathered: RefCell<Vec<Change>>,
    is_much: Cell<bool>,
    is_due: Cell<bool>,
}

impl Live {
    /// Follows the list of a view while the surrounding view is there.
    pub fn start(view: GridView) -> Self {
        let this = Self {
            view,
            catalogue: use_catalogue(),
            way: RwSignal::new(Way::Rows),
            link: RwSignal::new(Link::Connecting),
            is_told: RwSignal::new(false),
            paused: RwSignal::new(false),
            state: StoredValue::new_local(Rc::default()),
        };
        let sheet = view.sheet();
        let listing = Memo::new(move |_| {
            sheet.address.with(|address| (address.listing.filter.clone(), address.listing.search.clone()))
        });
        Effect::new(move |before: Option<bool>| {
            let paused = this.paused.get();
            listing.with(|_| ());
            // Who goes on is told everything since; another list is read anew by itself.
            let goes_on = before == Some(true) && !paused;
            if paused {
                this.stop()
            } else {
                this.begin(goes_on)
            }
            paused
        });
        // What comes while a cell is changed waits: its row stays below it.
        Effect::new(move || {
            if sheet.editing.with(Option::is_none) {
                this.put_in();
            }
        });
        on_cleanup(move || this.stop());
        this
    }

    fn stop(self) {
        if let Some(state) = self.state.try_get_value() {
            state.turn.set(state.turn.get() + 1);
            let left = state.following.take();
            drop(left);
        }
    }

    fn begin(self, goes_on: bool) {
        let Some(state) = self.state.try_get_value() else { return };
        if !goes_on {
            state.cursor.take();
            state.gathered.take();
        }
        state.is_behind.set(state.cursor.borrow().is_none());
        let (filter, search) = self.view.sheet().address.with_untracked(|address| {
            (address.listing.filter.trim().to_owned(), address.listing.search.trim().to_owned())
        });
        if search.is_empty() {
            self.way.set(Way::Rows);
            self.follow(Some(filter).filter(|filter| !filter.is_empty()));
        } else {
            self.way.set(Way::Reload("What is searched for cannot be told of each row".to_owned()));
            self.follow(None);
        }
    }

    fn follow(self, filter: Option<String>) {
        let Some(state) = self.state.try_get_value() else { return };
        self.stop();
        self.is_told.set(false);
        let sheet = self.view.sheet();
        let turn = state.turn.get();
        let wanted = Subscribe {
            collection: sheet.collection.with_untracked(|collection| collection.name.clone()),
            filter,
            after: state.cursor.borrow().clone(),
            ..Subscribe::default()
        };
        let hear = move |told: Told<'_>| {
            if self.state.try_get_value().is_some_and(|state| state.turn.get() == turn) {
                self.hear(told);
            }
        };
        let following = sheet.api.realtime().follow(wanted, hear);
        *state.following.borrow_mut() = Some(following);
    }

    fn hear(self, told: Told<'_>) {
        match told {
            Told::Link(link) => {
                self.link.set(link);
                if link != Link::Open {
                    self.is_told.set(false);
                }
            }
            Told::Failed(error) => self.way.set(Way::Not(error.clone())),
            Told::Message(message, text) => self.message(&message, text),
        }
    }

    fn message(self, message: &Message<'_>, text: &str) {
        let Some(state) = self.state.try_get_value() else { return };
        if message.cursor.is_some() {
            state.cursor.borrow_mut().clone_from(&message.cursor);
        }
        match message.op {
            Op::Subscribed => {
                self.is_told.set(true);
                if state.is_behind.replace(false) {
                    state.gathered.take();
                    self.view.sheet().source.reload();
                }
            }
            Op::Event => self.event(&state, message),
            Op::Resync => {
                self.is_told.set(false);
                state.is_behind.set(true);
                if message.reason == Some(ResyncReason::CollectionChanged) {
                    self.catalogue.reload();
                }
            }
            Op::Error if message.id.is_some() => self.refused(problem(text)),
            _ => {}
        }
    }

    /// The list as it is cannot be followed.
    fn refused(self, error: ApiError) {
        let is_filtered =
            self.view.sheet().address.with_untracked(|address| !address.listing.filter.trim().is_empty());
        let code = match &error {
            ApiError::Problem { problem, .. } => problem.code.as_str(),
            _ => "",
        };
        match code {
            "invalid_cursor" => {
                if let Some(state) = self.state.try_get_value() {
                    state.is_behind.set(true);
                }
            }
            "not_live" | "invalid_expression"
                if is_filtered && self.way.with_untracked(|way| *way == Way::Rows) =>
            {
                self.way.set(Way::Reload(error.detail()));
                self.follow(None);
            }
            _ => self.way.set(Way::Not(error)),
        }
    }

    fn event(self, state: &State, message: &Message<'_>) {
        let sheet = self.view.sheet();
        if self.way.with_untracked(|way| *way != Way::Rows) {
            state.is_much.set(true);
            return self.put_in_later(state, RELOAD);
        }
        let Some(record) = message.record else { return };
        let Ok(row) = sheet.collection.with_untracked(|collection| Row::parse(collection, record.get()))
        else {
            return;
        };
        let change = match message.event() {
            Some(EventType::Enter) => Change::Came(row),
            Some(EventType::Update) => Change::Changed(row),
            Some(EventType::Leave) => Change::Left(row.key().to_owned()),
            None => return,
        };
        let mut gathered = state.gathered.borrow_mut();
        if gathered.len() < MOST && !state.is_much.get() {
            gathered.push(change);
        } else {
            gathered.clear();
            state.is_much.set(true);
        }
        drop(gathered);
        self.put_in_later(state, GATHER);
    }

    fn put_in_later(self, state: &State, after: u64) {
        if !state.is_due.replace(true) {
            set_timeout(
                move || {
                    if let Some(state) = self.state.try_get_value() {
                        state.is_due.set(false);
                        self.put_in();
                    }
                },
                Duration::from_millis(after),
            );
        }
    }

    /// Shows what was gathered.
    fn put_in(self) {
        let Some(state) = self.state.try_get_value() else { return };
        let sheet = self.view.sheet();
        if sheet.editing.with_untracked(Option::is_some) {
            return;
        }
        if state.is_much.replace(false) {
            return sheet.source.reload();
        }
        let changes = state.gathered.take();
        if changes.is_empty() {
            return;
        }
        let left: Vec<String> = changes
            .iter()
            .filter_map(|change| match change {
                Change::Left(key) => Some(key.clone()),
                Change::Came(_) | Change::Changed(_) => None,
            })
            .collect();
        if left.iter().any(|key| sheet.selection.with_untracked(|selection| selection.names(key))) {
            sheet.selection.update(|selection| selection.forget(&left));
        }
        let moves = sheet.source.tell(changes);
        self.view.follow(&moves);
    }
}

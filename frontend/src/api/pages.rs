//! A list that comes page by page.

use std::future::Future;
use std::rc::Rc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::ApiError;

/// One page: its items, and the cursor of the next.
pub type Page<T> = (Vec<T>, Option<String>);

type Fetch<T> = dyn Fn(Option<String>) -> LocalBoxFuture<'static, Result<Page<T>, ApiError>>;

/// A list as far as it has been read. What is there stays until another beginning has come.
pub struct Pages<T: Send + Sync + 'static> {
    /// The items so far; `None` until the first page is there.
    pub items: RwSignal<Option<Vec<T>>>,
    /// Why the last page did not come.
    pub failure: RwSignal<Option<ApiError>>,
    /// Whether a page is on its way.
    pub loading: RwSignal<bool>,
    next: RwSignal<Option<String>>,
    fetch: StoredValue<Rc<Fetch<T>>, LocalStorage>,
    /// Which beginning it is: an answer for an earlier one comes too late.
    turn: StoredValue<u32>,
}

impl<T: Send + Sync + 'static> Clone for Pages<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Pages<T> {}

impl<T: Send + Sync + 'static> Pages<T> {
    /// A list that is not read yet; `fetch` gets the page at a cursor.
    pub fn new<F>(fetch: impl Fn(Option<String>) -> F + 'static) -> Self
    where
        F: Future<Output = Result<Page<T>, ApiError>> + 'static,
    {
        Self {
            items: RwSignal::new(None),
            failure: RwSignal::new(None),
            loading: RwSignal::new(false),
            next: RwSignal::new(None),
            fetch: StoredValue::new_local(Rc::new(move |cursor| fetch(cursor).boxed_local())),
            turn: StoredValue::new(0),
        }
    }

    /// Whether there is more.
    pub fn has_more(self) -> bool {
        self.next.with(Option::is_some)
    }

    /// Reads it from the beginning.
    pub fn reload(self) {
        self.turn.update_value(|turn| *turn += 1);
        self.read(None);
    }

    /// Reads the next page.
    pub fn more(self) {
        if !self.loading.get_untracked() {
            self.read(self.next.get_untracked());
        }
    }

    /// Puts an item in at its place among those that are here, in place of the one that is as it.
    pub fn put(self, item: T, order: fn(&T, &T) -> std::cmp::Ordering) {
        self.items.try_update(|items| {
            let items = items.get_or_insert_default();
            match items.binary_search_by(|own| order(own, &item)) {
                Ok(place) => items[place] = item,
                Err(place) => items.insert(place, item),
            }
        });
    }

    /// Takes out what is gone.
    pub fn take_out(self, is_gone: impl Fn(&T) -> bool) {
        self.items.try_update(|items| items.get_or_insert_default().retain(|own| !is_gone(own)));
    }

    /// Puts the first page in place of what is here, where it is another; for a list that is asked for again and again.
    pub fn refresh(self, first: Result<Vec<T>, ApiError>)
    where
        T: PartialEq,
    {
        match first {
            Ok(first) => {
                self.failure.try_set(None);
                self.items.try_maybe_update(|items| {
                    let is_new = items.as_ref() != Some(&first);
                    *items = Some(first);
                    (is_new, ())
                });
            }
            Err(error) => drop(self.failure.try_set(Some(error))),
        }
    }

    fn read(self, cursor: Option<String>) {
        let turn = self.turn.get_value();
        let is_first = cursor.is_none();
        let page = self.fetch.with_value(|fetch| fetch(cursor));
        self.loading.set(true);
        spawn_local(async move {
            let page = page.await;
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            self.loading.set(false);
            match page {
                Ok((items, next)) => {
                    self.failure.set(None);
                    self.next.set(next);
                    if is_first {
                        self.items.set(Some(items));
                    } else {
                        self.items.update(|all| all.get_or_insert_default().extend(items));
                    }
                }
                Err(error) => self.failure.set(Some(error)),
            }
        });
    }
}

//! Rows that are deleted here and not on the server yet: for as long as that can be taken back. They outlive the page that they
//! were deleted on, and a browser that goes tells the server on its way.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::sheet::Sheet;
use super::source::Source;
use crate::api::Api;
use crate::ui::toast::Toasts;

thread_local! {
    /// The lists in the page, with their collections.
    static LISTS: RefCell<Vec<(u32, String, Source)>> = RefCell::default();
    static PENDING: RefCell<Vec<Pending>> = RefCell::default();
    static NEXT: Cell<u32> = const { Cell::new(0) };
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

struct Pending {
    id: u32,
    collection: String,
    keys: Vec<String>,
}

fn fresh_id() -> u32 {
    NEXT.replace(NEXT.get() + 1)
}

fn take(id: u32) -> Option<Pending> {
    PENDING.with_borrow_mut(|pending| {
        let place = pending.iter().position(|pending| pending.id == id)?;
        Some(pending.remove(place))
    })
}

/// The keys of a collection's rows that are deleted here alone.
pub fn pending(collection: &str) -> HashSet<String> {
    PENDING.with_borrow(|pending| {
        let of_collection = pending.iter().filter(|pending| pending.collection == collection);
        of_collection.flat_map(|pending| pending.keys.iter().cloned()).collect()
    })
}

/// Tells this list what becomes of its collection's rows, for as long as the surrounding view is there.
pub fn show_in(list: Source, collection: &str) {
    let id = fresh_id();
    LISTS.with_borrow_mut(|lists| lists.push((id, collection.to_owned(), list)));
    on_cleanup(move || LISTS.with_borrow_mut(|lists| lists.retain(|(own, ..)| *own != id)));
}

/// The list of a collection may be another one by now than the one that rows were deleted from, or none.
fn lists(collection: &str) -> Vec<Source> {
    LISTS.with_borrow(|lists| {
        let of_collection = lists.iter().filter(|(_, own, _)| own == collection);
        of_collection.map(|(.., list)| *list).collect()
    })
}

fn watch(api: Api) {
    if !WATCHED.replace(true) {
        // For as long as the console is open.
        let _listener = window_event_listener(ev::pagehide, move |_| {
            for pending in PENDING.take() {
                api.delete_rows_last(&pending.collection, &pending.keys);
            }
        });
    }
}

impl Sheet {
    /// Deletes rows: here at once, and on the server when it cannot be taken back any more.
    pub fn delete(self, keys: Vec<String>, toasts: Toasts) {
        if keys.is_empty() {
            return;
        }
        watch(self.api);
        let id = fresh_id();
        let collection = self.collection.with_untracked(|collection| collection.name.clone());
        lists(&collection).iter().for_each(|list| list.hide(&keys, true));
        self.selection.update(|selection| selection.forget(&keys));
        let words =
            if keys.len() == 1 { "Row deleted".to_owned() } else { format!("{} rows deleted", keys.len()) };
        PENDING.with_borrow_mut(|pending| pending.push(Pending { id, collection, keys }));
        let show_again = |Pending { collection, keys, .. }: &Pending| {
            lists(collection).iter().for_each(|list| list.hide(keys, false));
        };
        let undo = move || {
            if let Some(pending) = take(id) {
                show_again(&pending);
            }
        };
        let otherwise = move || {
            let Some(pending) = take(id) else { return };
            spawn_local(async move {
                match self.api.delete_rows(&pending.collection, &pending.keys).await {
                    Ok(()) => {
                        self.staged
                            .try_update(|staged| pending.keys.iter().for_each(|key| staged.undo_row(key)));
                        lists(&pending.collection).iter().for_each(|list| list.reload());
                    }
                    Err(error) => {
                        show_again(&pending);
                        toasts.fail("The rows were not deleted", &error);
                    }
                }
            });
        };
        toasts.undoable(words, undo, otherwise);
    }
}

//! Rows that are deleted here and not on the server yet: for as long as that can be taken back. They outlive the page that they
//! were deleted on, and a browser that goes tells the server on its way.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::sheet::Sheet;
use crate::api::Api;
use crate::ui::toast::Toasts;

thread_local! {
    static PENDING: RefCell<Vec<Pending>> = RefCell::default();
    static NEXT: Cell<u32> = const { Cell::new(0) };
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

struct Pending {
    id: u32,
    collection: String,
    keys: Vec<String>,
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
        let id = NEXT.replace(NEXT.get() + 1);
        let collection = self.collection.with_untracked(|collection| collection.name.clone());
        self.source.hide(&keys, true);
        self.selection.update(|selection| selection.forget(&keys));
        let words =
            if keys.len() == 1 { "Row deleted".to_owned() } else { format!("{} rows deleted", keys.len()) };
        PENDING.with_borrow_mut(|pending| pending.push(Pending { id, collection, keys }));
        let undo = Callback::new(move |()| {
            if let Some(pending) = take(id) {
                self.source.hide(&pending.keys, false);
            }
        });
        let otherwise = Callback::new(move |()| {
            let Some(pending) = take(id) else { return };
            spawn_local(async move {
                match self.api.delete_rows(&pending.collection, &pending.keys).await {
                    Ok(()) => {
                        self.staged
                            .try_update(|staged| pending.keys.iter().for_each(|key| staged.undo_row(key)));
                        self.source.reload();
                    }
                    Err(error) => {
                        self.source.hide(&pending.keys, false);
                        toasts.fail("The rows were not deleted", &error);
                    }
                }
            });
        });
        toasts.undoable(words, undo, otherwise);
    }
}

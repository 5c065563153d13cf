//! Rows that are deleted here and not on the server yet: for as long as that can be taken back. They outlive the page that they
//! were deleted on, and a browser that goes tells the server on its way.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use futures_util::FutureExt;
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::sheet::Sheet;
use super::source::Source;
use crate::api::Api;
use crate::ui::toast::Toasts;
use crate::{format, leaving};

/// How many rows are deleted in one transaction.
const AT_ONCE: usize = 1000;
/// How much can be sent while the page goes, in bytes: browsers take 64 KiB for all such requests together.
const LAST_WORDS: usize = 60_000;

thread_local! {
    /// The lists in the page, with their collections.
    static LISTS: RefCell<Vec<(u32, String, Source)>> = RefCell::default();
    static PENDING: RefCell<Vec<Pending>> = RefCell::default();
    static NEXT: Cell<u32> = const { Cell::new(0) };
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

#[derive(Clone)]
struct Pending {
    id: u32,
    sheet: Sheet,
    toasts: Toasts,
    collection: String,
    keys: Vec<String>,
    /// Whether the server is being told: it cannot be taken back any more.
    sent: bool,
}

fn fresh_id() -> u32 {
    NEXT.replace(NEXT.get() + 1)
}

fn take(id: u32, may: impl Fn(&Pending) -> bool) -> Option<Pending> {
    PENDING.with_borrow_mut(|pending| {
        let place = pending.iter().position(|pending| pending.id == id && may(pending))?;
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

fn show_again(collection: &str, keys: &[String]) {
    lists(collection).iter().for_each(|list| list.hide(keys, false));
}

/// The first of these keys whose deletion can be sent in so many bytes, which are then less.
fn first_that_fit<'a>(collection: &str, keys: &'a [String], bytes: &mut usize) -> &'a [String] {
    let fit = keys.iter().take_while(|key| {
        // What an operation of a batch is written with, and the quotes between the parts of a key.
        let needed = 48 + collection.len() + key.len() + 2 * key.matches(',').count();
        let fits = needed <= *bytes;
        if fits {
            *bytes -= needed;
        }
        fits
    });
    let count = fit.count();
    &keys[..count]
}

/// Whether more is deleted here alone than could be told while the page goes.
fn is_too_much() -> bool {
    let mut bytes = LAST_WORDS;
    PENDING.with_borrow(|pending| {
        pending.iter().any(|Pending { collection, keys, .. }| {
            first_that_fit(collection, keys, &mut bytes).len() < keys.len()
        })
    })
}

fn watch(api: Api) {
    if !WATCHED.replace(true) {
        leaving::ask_always(is_too_much);
        leaving::finish_first(|| finish().boxed_local());
        // For as long as the console is open.
        let _listener = window_event_listener(ev::pagehide, move |_| {
            let mut bytes = LAST_WORDS;
            for Pending { collection, keys, .. } in PENDING.take() {
                for keys in first_that_fit(&collection, &keys, &mut bytes).chunks(AT_ONCE) {
                    api.delete_rows_last(&collection, keys);
                }
            }
        });
    }
}

/// Tells the server of all that is deleted here alone.
async fn finish() {
    let ids: Vec<u32> = PENDING.with_borrow(|pending| pending.iter().map(|pending| pending.id).collect());
    for id in ids {
        send(id).await;
    }
}

/// Tells the server of rows that are deleted here, where nobody has yet.
async fn send(id: u32) {
    let pending = PENDING.with_borrow_mut(|pending| {
        let pending = pending.iter_mut().find(|pending| pending.id == id && !pending.sent)?;
        pending.sent = true;
        Some(pending.clone())
    });
    let Some(Pending { sheet, toasts, collection, keys, .. }) = pending else { return };
    let (mut deleted, mut failure) = (0, None);
    for keys in keys.chunks(AT_ONCE) {
        match sheet.api.delete_rows(&collection, keys).await {
            Ok(()) => deleted += keys.len(),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    take(id, |_| true);
    let (deleted, kept) = keys.split_at(deleted);
    show_again(&collection, kept);
    if let Some(error) = failure {
        toasts.fail(&format!("{} could not be deleted", rows_words(kept.len())), &error);
    }
    if !deleted.is_empty() {
        sheet.staged.try_update(|staged| deleted.iter().for_each(|key| staged.undo_row(key)));
        lists(&collection).iter().for_each(|list| list.reload_without(deleted));
    }
}

/// `1 row`, `1,200 rows`.
fn rows_words(count: usize) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{} rows", format::count(count as i64)) }
}

impl Sheet {
    /// Deletes rows: here at once, and on the server when it cannot be taken back any more.
    pub fn delete(self, keys: Vec<String>, toasts: Toasts) {
        if keys.is_empty() {
            return;
        }
        watch(self.api);
        // A token that has run out is renewed now: while the page goes there is no time for that.
        spawn_local(async move { drop(self.api.me().await) });
        let id = fresh_id();
        let collection = self.collection.with_untracked(|collection| collection.name.clone());
        lists(&collection).iter().for_each(|list| list.hide(&keys, true));
        self.selection.update(|selection| selection.forget(&keys));
        let words = if keys.len() == 1 {
            "Row deleted".to_owned()
        } else {
            format!("{} deleted", rows_words(keys.len()))
        };
        let pending = Pending { id, sheet: self, toasts, collection, keys, sent: false };
        PENDING.with_borrow_mut(|all| all.push(pending));
        let undo = move || {
            if let Some(Pending { collection, keys, .. }) = take(id, |pending| !pending.sent) {
                show_again(&collection, &keys);
            }
        };
        toasts.undoable(words, undo, move || spawn_local(send(id)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_sent_last_than_the_browser_takes() {
        let keys: Vec<String> =
            (0..1000).map(|number| format!("01a206ad-1e8a-737f-9fe7-{number:012}")).collect();
        let mut bytes = LAST_WORDS;
        let fit = first_that_fit("books", &keys, &mut bytes).len();
        assert!((500..1000).contains(&fit), "{fit}");
        assert!(first_that_fit("books", &keys[fit..], &mut bytes).is_empty());
        let mut bytes = LAST_WORDS;
        assert_eq!(first_that_fit("books", &keys[..400], &mut bytes).len(), 400);
        assert!(bytes < LAST_WORDS);
    }

    #[test]
    fn rows_are_counted_in_words() {
        assert_eq!(rows_words(1), "1 row");
        assert_eq!(rows_words(2), "2 rows");
    }
}

//! Changes outlive the page that they were made on: who comes back to a collection finds them again, and a browser that is about
//! to lose them asks first.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use super::staged::Staged;
use crate::leaving;

thread_local! {
    static KEPT: RefCell<HashMap<(String, String), Staged>> = RefCell::default();
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

/// The changes that an account has made of a collection and not saved.
pub fn kept(account: &str, collection: &str) -> Staged {
    let name = (account.to_owned(), collection.to_owned());
    KEPT.with_borrow(|kept| kept.get(&name).cloned().unwrap_or_default())
}

/// Keeps them.
pub fn keep(account: &str, collection: &str, staged: &Staged) {
    let name = (account.to_owned(), collection.to_owned());
    KEPT.with_borrow_mut(|kept| {
        if staged.is_empty() {
            kept.remove(&name);
        } else {
            kept.insert(name, staged.clone());
        }
    });
    if !WATCHED.replace(true) {
        leaving::ask_always(|| KEPT.with_borrow(|kept| !kept.is_empty()));
    }
}

//! What is there to be lost when the page or the session goes: a browser that is about to lose work asks first, and what is under
//! way is finished before somebody signs out.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use leptos::ev;
use leptos::prelude::*;

use crate::api::{Api, ApiError};

type Guard = Rc<dyn Fn() -> bool>;
type Rest = Rc<dyn Fn() -> LocalBoxFuture<'static, ()>>;

thread_local! {
    static GUARDS: RefCell<Vec<(u32, Guard)>> = RefCell::default();
    static REST: RefCell<Vec<Rest>> = RefCell::default();
    static NEXT: Cell<u32> = const { Cell::new(0) };
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

/// Lets the browser ask before the page goes where `is_at_stake` says so, for as long as the console is open.
pub fn ask_always(is_at_stake: impl Fn() -> bool + 'static) -> u32 {
    let id = NEXT.replace(NEXT.get() + 1);
    GUARDS.with_borrow_mut(|guards| guards.push((id, Rc::new(is_at_stake))));
    if !WATCHED.replace(true) {
        let _listener = window_event_listener(ev::beforeunload, |event| {
            let guards = GUARDS.with_borrow(Clone::clone);
            if guards.iter().any(|(_, is_at_stake)| untrack(|| is_at_stake())) {
                event.prevent_default();
                event.set_return_value("There are changes that are not saved.");
            }
        });
    }
    id
}

/// Lets the browser ask before the page goes where `is_at_stake` says so, for as long as the surrounding view is there.
pub fn ask(is_at_stake: impl Fn() -> bool + 'static) {
    let id = ask_always(is_at_stake);
    on_cleanup(move || GUARDS.with_borrow_mut(|guards| guards.retain(|(own, _)| *own != id)));
}

/// Lets the page go unasked: whose work is at stake is not signed in any more.
pub fn ask_no_more() {
    GUARDS.take();
}

/// Does something before somebody signs out, whenever that is.
pub fn finish_first(rest: impl Fn() -> LocalBoxFuture<'static, ()> + 'static) {
    REST.with_borrow_mut(|all| all.push(Rc::new(rest)));
}

/// Finishes what is under way, and ends the session.
pub async fn sign_out(api: Api) -> Result<(), ApiError> {
    for rest in REST.with_borrow(Clone::clone) {
        rest().await;
    }
    api.sign_out().await
}

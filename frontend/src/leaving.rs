//! What is there to be lost when the view, the page or the session goes: who is about to lose work is asked first, and what is
//! under way is finished before somebody signs out.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use leptos::ev;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, Event, MouseEvent};

use crate::api::{Api, ApiError};

type Guard = Rc<dyn Fn() -> bool>;
type Keeper = Rc<dyn Fn(Onward) -> bool>;
type Rest = Rc<dyn Fn() -> LocalBoxFuture<'static, ()>>;

thread_local! {
    static GUARDS: RefCell<Vec<(u32, Guard)>> = RefCell::default();
    static KEEPERS: RefCell<Vec<(u32, Keeper, Here)>> = RefCell::default();
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

/// A way out of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Onward {
    /// A step of the browser's own, back or forth.
    Step,
    /// Another address of the console.
    To(String),
}

/// The address of the view that is kept.
type Here = Rc<dyn Fn() -> String>;

/// Asks `keeper` before another view takes this one's place, for as long as the surrounding view is there: it says whether that may be,
/// and asks whoever has work at stake where it may not. What it returns goes the way that was held up.
pub fn keep_view(
    keeper: impl Fn(Onward) -> bool + 'static,
) -> impl Fn(Onward) + Clone + Send + Sync + 'static {
    let (location, navigate) = (use_location(), use_navigate());
    let here = move || {
        let query = location.search.get_untracked();
        let sign = if query.is_empty() { "" } else { "?" };
        format!("{}{sign}{query}", location.pathname.get_untracked())
    };
    let id = NEXT.replace(NEXT.get() + 1);
    KEEPERS.with_borrow_mut(|keepers| keepers.push((id, Rc::new(keeper), Rc::new(here))));
    on_cleanup(move || KEEPERS.with_borrow_mut(|keepers| keepers.retain(|(own, ..)| *own != id)));
    move |onward| match onward {
        // Staying has put this view's address on top of the one that was meant.
        Onward::Step => drop(window().history().map(|history| history.back())),
        Onward::To(address) => navigate(&address, NavigateOptions::default()),
    }
}

/// Whether a way may be taken; who keeps the view asks where it may not.
pub fn may_go(onward: &Onward) -> bool {
    let keepers = KEEPERS.with_borrow(Clone::clone);
    keepers.iter().all(|(_, keeper, _)| keeper(onward.clone()))
}

/// Hears of every way out, for as long as the console is open. It has to begin before the router does, to hear of a step first.
pub fn follow() {
    let step = |event: Event| {
        let here = KEEPERS.with_borrow(|keepers| keepers.last().map(|(.., here)| here()));
        let Some(here) = here.filter(|_| !may_go(&Onward::Step)) else { return };
        event.stop_immediate_propagation();
        if let Ok(history) = window().history() {
            // An address of this console is never refused.
            history.push_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&here)).ok();
        }
    };
    let press = |event: Event| {
        let Some(event) = event.dyn_ref::<MouseEvent>() else { return };
        let elsewhere = event.button() != 0 || event.ctrl_key() || event.meta_key() || event.shift_key();
        let link = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok()?.closest("a[href^='/']").ok()?);
        let Some(address) = link.filter(|_| !elsewhere).and_then(|link| link.get_attribute("href")) else {
            return;
        };
        if !may_go(&Onward::To(address)) {
            event.prevent_default();
            event.stop_immediate_propagation();
        }
    };
    listen_first("popstate", step);
    listen_first("click", press);
}

fn listen_first(name: &str, hear: impl Fn(Event) + 'static) {
    let hear = Closure::<dyn Fn(Event)>::new(hear);
    let added = window().add_event_listener_with_callback_and_bool(name, hear.as_ref().unchecked_ref(), true);
    added.expect("a window can be listened to");
    hear.forget();
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

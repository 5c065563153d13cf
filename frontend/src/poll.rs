//! Asking again and again, while somebody looks.

use std::future::Future;

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// How often it is looked whether it is time, in milliseconds.
const BEAT: u32 = 500;

/// Does something every so many milliseconds while the surrounding view is there, the page is looked at, and `is_on` says so. It
/// waits for what it did before.
pub fn every<F>(milliseconds: f64, is_on: Signal<bool>, act: impl Fn() -> F + 'static)
where
    F: Future<Output = ()> + 'static,
{
    let is_there = StoredValue::new(true);
    spawn_local(async move {
        let mut last = js_sys::Date::now();
        loop {
            TimeoutFuture::new(BEAT).await;
            let Some(true) = is_there.try_get_value() else { return };
            let is_due = js_sys::Date::now() - last >= milliseconds;
            if is_due && !document().hidden() && is_on.try_get_untracked() == Some(true) {
                act().await;
                last = js_sys::Date::now();
            }
        }
    });
}

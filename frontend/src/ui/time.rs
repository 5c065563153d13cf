//! Instants, as people read them; the whole of it is in the tooltip.

use leptos::prelude::*;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{format, poll};

fn exact(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

/// How long ago it was.
#[component]
pub fn Ago(at: OffsetDateTime) -> impl IntoView {
    view! {
        <time datetime=exact(at) data-tip=format::local(at)>
            {format::ago(at, format::now())}
        </time>
    }
}

/// How far ahead it is, counted down while it shows.
#[component]
pub fn Until(at: OffsetDateTime) -> impl IntoView {
    let now = use_now();
    view! {
        <time class="numbers" datetime=exact(at) data-tip=format::local(at)>
            {move || format::until(at, now.get())}
        </time>
    }
}

/// The time that it is, each second anew while the surrounding view shows.
pub fn use_now() -> ReadSignal<OffsetDateTime> {
    let (now, set) = signal(format::now());
    poll::every(1000.0, Signal::stored(true), move || async move {
        set.try_set(format::now());
    });
    now
}

/// The time of the day; the day too where it is another one.
#[component]
pub fn Clock(at: OffsetDateTime) -> impl IntoView {
    view! {
        <time class="numbers" datetime=exact(at) data-tip=exact(at)>
            {format::clock(at)}
        </time>
    }
}

/// The day and the time.
#[component]
pub fn Instant(at: OffsetDateTime) -> impl IntoView {
    view! {
        <time class="numbers" datetime=exact(at) data-tip=exact(at)>
            {format::local(at)}
        </time>
    }
}

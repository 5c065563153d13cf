//! Instants, as people read them; the whole of it is in the tooltip.

use leptos::prelude::*;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::format;

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

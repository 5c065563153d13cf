//! How the feed of changes stands, asked for again and again.

use annex_openapi::realtime::{FeedState, RealtimeStatus, SlotState, SlotStatus};
use leptos::prelude::*;
use leptos::task::spawn_local;
use time::OffsetDateTime;

use crate::api::{ApiError, use_api};
use crate::format;
use crate::poll;
use crate::ui::time::use_now;
use crate::ui::{ErrorNotice, Icon, IconName, Notice, Prose, Tone};

/// What is known of the feed.
#[derive(Clone, Copy)]
pub struct Known {
    /// How it stands, once that is known.
    pub status: RwSignal<Option<RealtimeStatus>>,
    /// Why it is not known.
    failure: RwSignal<Option<ApiError>>,
}

impl Known {
    /// Asks now and again, while the surrounding view is there.
    pub fn start() -> Self {
        let api = use_api();
        let this = Self { status: RwSignal::new(None), failure: RwSignal::new(None) };
        let ask = move || async move {
            match api.realtime_status().await {
                Ok(now) => {
                    this.failure.try_set(None);
                    this.status.try_maybe_update(|status| {
                        let is_new = status.as_ref() != Some(&now);
                        *status = Some(now);
                        (is_new, ())
                    });
                }
                Err(error) => drop(this.failure.try_set(Some(error))),
            }
        };
        spawn_local(ask());
        poll::every(2000.0, Signal::stored(true), ask);
        this
    }
}

fn feed(state: FeedState) -> (Tone, IconName, &'static str) {
    match state {
        FeedState::Idle => (Tone::Neutral, IconName::Pause, "Idle"),
        FeedState::Starting => (Tone::Accent, IconName::Hourglass, "Starting"),
        FeedState::Reading => (Tone::Good, IconName::CircleCheck, "Reading"),
        FeedState::Failing => (Tone::Bad, IconName::CircleAlert, "Failing"),
    }
}

fn slot(state: SlotState) -> (Tone, IconName, &'static str) {
    match state {
        SlotState::Reserved => (Tone::Good, IconName::CircleCheck, "Kept"),
        SlotState::Extended => (Tone::Good, IconName::CircleCheck, "Kept, much"),
        SlotState::Unreserved => (Tone::Warn, IconName::TriangleAlert, "At risk"),
        SlotState::Lost => (Tone::Bad, IconName::CircleAlert, "Lost"),
    }
}

/// How many of them, in words.
fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {many}", format::count(number as i64)) }
}

/// A tile: what it is of, what stands large, and what is to be said of it.
fn tile(title: &'static str, value: impl IntoView + 'static, about: String) -> impl IntoView {
    view! {
        <div class="tile card">
            <dt>{title}</dt>
            <dd>{value}</dd>
            <dd class="faint small numbers">{about}</dd>
        </div>
    }
}

/// A number, or a state that has none.
fn number(words: String) -> AnyView {
    view! { <span class="tile-number numbers">{words}</span> }.into_any()
}

/// A state, with the mark that it has everywhere.
fn state((tone, icon, words): (Tone, IconName, &'static str)) -> AnyView {
    view! {
        <span class=format!("tile-number tile-state {}", tone.class())>
            <Icon name=icon />
            {words}
        </span>
    }
    .into_any()
}

fn bytes(bytes: u64) -> String {
    format::bytes(bytes as i64)
}

/// The tiles before anything is known: they have the room that they will have.
fn unknown() -> AnyView {
    let none = || number("–".to_owned());
    TITLES.map(|title| tile(title, none(), "\u{a0}".to_owned()).into_any()).into_any()
}

const TITLES: [&str; 5] = ["Feed", "Lag", "Slot", "Resume window", "Connections"];

fn tiles(status: RealtimeStatus, now: OffsetDateTime) -> AnyView {
    let [of_feed, of_lag, of_slot, of_window, of_connections] = TITLES;
    let RealtimeStatus { feed: read, slot: kept_by, window, clients } = status;
    let since = |at: OffsetDateTime| format::ago(at.min(now), now);
    let feed_about = match (read.state, read.caught_up, read.changed_at) {
        (FeedState::Idle, ..) => "nothing to follow yet".to_owned(),
        (FeedState::Reading, false, _) => "reading what was there before".to_owned(),
        (_, _, Some(at)) => format!("last change {}", since(at)),
        _ => "no change yet".to_owned(),
    };
    let slot_about = match &kept_by {
        Some(SlotStatus { retained_bytes, left_bytes: Some(left), .. }) => {
            format!("{} kept, {} left", bytes(*retained_bytes), bytes(*left))
        }
        Some(SlotStatus { retained_bytes, .. }) => format!("{} kept, no limit", bytes(*retained_bytes)),
        None => "made when it is needed".to_owned(),
    };
    let window_about = match window.changes {
        0 => format!("of {}, no change", bytes(window.max_bytes)),
        changes => format!("of {}, {}", bytes(window.max_bytes), count(changes, "change", "changes")),
    };
    let connections_about = match clients.slow_consumers {
        0 => count(clients.subscriptions, "subscription", "subscriptions"),
        slow => count(slow, "was too slow", "were too slow"),
    };
    view! {
        {tile(of_feed, state(feed(read.state)), feed_about)}
        {tile(of_lag, number(read.lag_bytes.map_or_else(|| "–".to_owned(), bytes)), "of log not read yet".to_owned())}
        {tile(of_slot, kept_by.map_or_else(|| number("–".to_owned()), |kept_by| state(slot(kept_by.state))), slot_about)}
        {tile(of_window, number(bytes(window.bytes)), window_about)}
        {tile(of_connections, number(format::count(clients.connections as i64)), connections_about)}
    }
    .into_any()
}

/// The numbers of the feed, its slot, what is kept, and who is told.
#[component]
pub fn StatusTiles(known: Known) -> impl IntoView {
    let now = use_now();
    let broken = move || {
        let error = known.status.with(|status| status.as_ref().and_then(|status| status.feed.error.clone()));
        error.map(|error| view! { <Notice tone=Tone::Bad><Prose text=error /></Notice> })
    };
    view! {
        <ErrorNotice error=known.failure />
        {broken}
        <dl class="tiles realtime-tiles">
            {move || known.status.get().map_or_else(unknown, |status| tiles(status, now.get()))}
        </dl>
    }
}

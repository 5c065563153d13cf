//! How the feed of changes stands, asked for again and again.

use annex_openapi::realtime::{FeedState, RealtimeStatus, SlotState};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{ApiError, use_api};
use crate::format;
use crate::poll;
use crate::ui::time::use_now;
use crate::ui::{Badge, ErrorNotice, IconName, Notice, Prose, Tone};

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

/// The numbers of the feed, its slot, what is kept, and who is told.
#[component]
pub fn StatusTiles(known: Known) -> impl IntoView {
    let now = use_now();
    let tile = |title: &'static str, value: AnyView, about: String| {
        view! {
            <div class="tile card">
                <dt>{title}</dt>
                <dd>{value}</dd>
                <dd class="faint small">{about}</dd>
            </div>
        }
    };
    let badge = |(tone, icon, words): (Tone, IconName, &'static str)| {
        view! {
            <Badge tone icon>
                {words}
            </Badge>
        }
        .into_any()
    };
    let number = |words: String| view! { <span class="tile-number numbers">{words}</span> }.into_any();
    let bytes = |bytes: u64| format::bytes(bytes as i64);
    let tiles = move || {
        known.status.get().map(|status| {
            let RealtimeStatus { feed: read, slot: kept_by, window, clients } = status;
            let changed = read.changed_at.map(|at| format!("last change {}", format::ago(at.min(now.get()), now.get())));
            let behind = match (read.state, read.caught_up) {
                (FeedState::Reading, false) => "reading what was there before".to_owned(),
                _ => changed.unwrap_or_else(|| "no change yet".to_owned()),
            };
            let left = kept_by.as_ref().map(|slot| match slot.left_bytes {
                Some(left) => format!("{} kept, {} left", bytes(slot.retained_bytes), bytes(left)),
                None => format!("{} kept, no limit", bytes(slot.retained_bytes)),
            });
            let since = window.since.map(|at| format!("since {}", format::ago(at.min(now.get()), now.get())));
            let slow = match clients.slow_consumers {
                0 => "none was too slow".to_owned(),
                slow => count(slow, "was too slow", "were too slow"),
            };
            view! {
                {read.error.map(|error| view! { <Notice tone=Tone::Bad><Prose text=error /></Notice> })}
                <dl class="tiles realtime-tiles">
                    {tile("Feed", badge(feed(read.state)), behind)}
                    {tile("Lag", number(read.lag_bytes.map_or_else(|| "–".to_owned(), bytes)), "of log not read yet".to_owned())}
                    {tile(
                        "Slot",
                        match &kept_by {
                            Some(kept_by) => badge(slot(kept_by.state)),
                            None => number("–".to_owned()),
                        },
                        left.unwrap_or_else(|| "none".to_owned()),
                    )}
                    {tile(
                        "Kept for who comes back",
                        number(bytes(window.bytes)),
                        format!(
                            "of {}, {}{}",
                            bytes(window.max_bytes),
                            count(window.changes, "change", "changes"),
                            since.map(|since| format!(" {since}")).unwrap_or_default(),
                        ),
                    )}
                    {tile(
                        "Connections",
                        number(format::count(clients.connections as i64)),
                        format!(
                            "{}, {}; {slow}",
                            count(clients.subscriptions, "subscription", "subscriptions"),
                            count(clients.views, "view", "views"),
                        ),
                    )}
                </dl>
            }
        })
    };
    view! {
        <ErrorNotice error=known.failure />
        {tiles}
    }
}

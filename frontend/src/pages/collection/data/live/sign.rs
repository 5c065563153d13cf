//! Says whether the rows are followed, and lets that be paused.

use leptos::prelude::*;

use super::super::grid::GridView;
use super::follow::{Live, Way};
use crate::api::realtime::Link;
use crate::format;
use crate::ui::{Button, ButtonKind, ButtonSize, IconButton, IconName};

/// What the sign says.
#[derive(Debug, Clone, PartialEq)]
enum Face {
    Live,
    Paused,
    Connecting,
    Reconnecting,
    /// Not each row is followed, and why.
    Reloading(String),
    /// Nothing is followed, and why.
    Off(String),
}

impl Face {
    fn words(&self) -> &'static str {
        match self {
            Self::Live => "Live",
            Self::Paused => "Paused",
            Self::Connecting => "Connecting",
            Self::Reconnecting => "Reconnecting",
            Self::Reloading(_) => "Reloads",
            Self::Off(_) => "Not live",
        }
    }

    fn class(&self) -> &'static str {
        match self {
            Self::Live => "live-sign is-on",
            Self::Reloading(_) => "live-sign is-slow",
            Self::Reconnecting => "live-sign is-lost",
            Self::Paused | Self::Connecting | Self::Off(_) => "live-sign",
        }
    }

    fn tip(&self) -> String {
        match self {
            Self::Live => "Changes show as they are committed, whoever makes them".to_owned(),
            Self::Paused => "The rows stay as they are until you go on".to_owned(),
            Self::Connecting => "The server is asked to tell of changes".to_owned(),
            Self::Reconnecting => {
                "The connection was lost, and is made again by itself. What changes meanwhile is told then."
                    .to_owned()
            }
            Self::Reloading(why) => format!("{why}. The rows are read anew when something changes."),
            Self::Off(why) => why.clone(),
        }
    }
}

/// Of how many rows it was told whose place the database alone knows, in words.
fn waiting_words(new: usize, moved: usize) -> Option<String> {
    let count = |count: usize| format::count(count as i64);
    match (new, moved) {
        (0, 0) => None,
        (1, 0) => Some("1 new row".to_owned()),
        (new, 0) => Some(format!("{} new rows", count(new))),
        (0, 1) => Some("1 row moved".to_owned()),
        (0, moved) => Some(format!("{} rows moved", count(moved))),
        (new, moved) => Some(format!("{} new, {} moved", count(new), count(moved))),
    }
}

/// Follows the rows, and says so.
#[component]
pub fn LiveSign(view: GridView) -> impl IntoView {
    let live = Live::start(view);
    let sheet = view.sheet();
    let was_told = StoredValue::new(false);
    let face = Memo::new(move |_| {
        let (way, link, told) = (live.way.get(), live.link.get(), live.is_told.get());
        if told {
            was_told.set_value(true);
        }
        match (live.paused.get(), way) {
            (true, _) => Face::Paused,
            (_, Way::Not(error)) => Face::Off(error.detail()),
            (_, _) if link == Link::Lost || !told && was_told.get_value() && link == Link::Connecting => {
                Face::Reconnecting
            }
            (_, _) if !told => Face::Connecting,
            (_, Way::Reload(why)) => Face::Reloading(why),
            (_, Way::Rows) => Face::Live,
        }
    });
    let waiting = Memo::new(move |_| {
        sheet.source.track();
        let total = sheet.source.total();
        waiting_words(total.new, total.moved)
    });
    let load = move |_| sheet.source.reload();
    view! {
        <div class="live-bar">
            {move || {
                waiting
                    .get()
                    .map(|words| {
                        view! {
                            <Button
                                kind=ButtonKind::Quiet
                                size=ButtonSize::Small
                                icon=IconName::ArrowUp
                                tip="They belong at places that only the database knows. Read the rows anew."
                                press=load
                            >
                                {words}
                            </Button>
                        }
                    })
            }}
            <span class=move || face.with(Face::class) role="status" data-tip=move || face.with(Face::tip)>
                <span class="live-dot" aria-hidden="true"></span>
                {move || face.with(Face::words)}
                {move || {
                    face.with(|face| matches!(face, Face::Reloading(_) | Face::Off(_)))
                        .then(|| view! { <span class="visually-hidden">": " {move || face.with(Face::tip)}</span> })
                }}
            </span>
            {move || {
                let paused = live.paused.get();
                (!face.with(|face| matches!(face, Face::Off(_))))
                    .then(|| {
                        let (name, label) = if paused {
                            (IconName::Play, "Follow the rows again")
                        } else {
                            (IconName::Pause, "Pause")
                        };
                        view! { <IconButton name label size=ButtonSize::Small press=move |_| live.paused.set(!paused) /> }
                    })
            }}
        </div>
    }
}

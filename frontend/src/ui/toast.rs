//! Short news at the edge of the page, with a way to take back what was done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use leptos::prelude::*;

use super::{Button, ButtonKind, ButtonSize, Icon, IconButton, IconName, Tone};
use crate::api::ApiError;

/// How long a toast stays, in milliseconds.
const STAY: u64 = 6000;

/// What a toast's button says and does. It outlives the view that said so.
type Action = (&'static str, Arc<dyn Fn() + Send + Sync>);

/// One piece of news.
#[derive(Clone)]
struct Toast {
    id: u32,
    tone: Tone,
    text: String,
    detail: Option<String>,
    action: Option<Action>,
}

/// The news that are shown now.
#[derive(Clone, Copy)]
pub struct Toasts {
    shown: RwSignal<Vec<Toast>>,
    next: StoredValue<u32>,
}

/// The toasts of the surrounding view.
pub fn use_toasts() -> Toasts {
    expect_context()
}

impl Toasts {
    /// No news.
    pub fn new() -> Self {
        Self { shown: RwSignal::new(Vec::new()), next: StoredValue::new(0) }
    }

    /// Says that something was done.
    pub fn say(self, text: impl Into<String>) {
        self.show(Tone::Good, text.into(), None, None);
    }

    /// Says that something was not done.
    pub fn warn(self, text: impl Into<String>) {
        self.show(Tone::Bad, text.into(), None, None);
    }

    /// Says what the server refused, and why.
    pub fn fail(self, what: &str, error: &ApiError) {
        let id = match error {
            ApiError::Problem { problem, .. } => {
                format!("{} (request {})", error.detail(), problem.request_id)
            }
            ApiError::Offline | ApiError::Unreadable(_) => error.detail(),
        };
        self.show(Tone::Bad, format!("{what}: {}", error.title()), Some(id), None);
    }

    /// Says that something was done, with a button that takes it back. Runs `otherwise` once the toast goes without it. Both may run
    /// when the view that asked for them is gone.
    pub fn undoable(
        self,
        text: impl Into<String>,
        undo: impl Fn() + Send + Sync + 'static,
        otherwise: impl FnOnce() + 'static,
    ) {
        let settled = Arc::new(AtomicBool::new(false));
        let taken_back = settled.clone();
        let take_back = move || {
            if !taken_back.swap(true, Ordering::Relaxed) {
                undo();
            }
        };
        let id = self.show(Tone::Good, text.into(), None, Some(("Undo", Arc::new(take_back))));
        set_timeout(
            move || {
                if !settled.swap(true, Ordering::Relaxed) {
                    otherwise();
                }
                self.dismiss(id);
            },
            Duration::from_millis(STAY),
        );
    }

    fn show(self, tone: Tone, text: String, detail: Option<String>, action: Option<Action>) -> u32 {
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        self.shown.update(|shown| {
            shown.push(Toast { id, tone, text, detail, action });
            // Older ones make room.
            let excess = shown.len().saturating_sub(4);
            shown.drain(..excess);
        });
        // What went wrong stays until it is closed.
        if tone != Tone::Bad {
            set_timeout(move || self.dismiss(id), Duration::from_millis(STAY));
        }
        id
    }

    fn dismiss(self, id: u32) {
        self.shown.try_update(|shown| shown.retain(|toast| toast.id != id));
    }
}

/// Where the toasts are.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <div class="toasts" role="region" aria-label="News" aria-live="polite">
            <For each=move || toasts.shown.get() key=|toast| toast.id let(toast)>
                <div class=format!("toast {}", toast.tone.class())>
                    <Icon name=if toast.tone == Tone::Bad { IconName::CircleAlert } else { IconName::CircleCheck } />
                    <div class="grow">
                        <p>{toast.text}</p>
                        {toast.detail.map(|detail| view! { <p class="faint small">{detail}</p> })}
                    </div>
                    {toast
                        .action
                        .map(|(words, act)| {
                            view! {
                                <Button
                                    kind=ButtonKind::Secondary
                                    size=ButtonSize::Small
                                    press=move |_| {
                                        act();
                                        toasts.dismiss(toast.id);
                                    }
                                >
                                    {words}
                                </Button>
                            }
                        })}
                    <IconButton
                        name=IconName::X
                        label="Close"
                        size=ButtonSize::Small
                        press=move |_| toasts.dismiss(toast.id)
                    />
                </div>
            </For>
        </div>
    }
}

//! Short news at the edge of the page, with a way to take back what was done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{Button, ButtonKind, ButtonSize, Icon, IconButton, IconName, Tone};
use crate::api::ApiError;

/// How long a toast stays, in milliseconds.
const STAY: u64 = 6000;
/// How long what was done can be taken back, in milliseconds.
const CHANGE_OF_MIND: u64 = 10_000;
/// After so many milliseconds it is asked again whether a toast that somebody is at may go.
const PAUSE: u64 = 500;

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
        when_left(CHANGE_OF_MIND, move || {
            if !settled.swap(true, Ordering::Relaxed) {
                otherwise();
            }
            self.dismiss(id);
        });
    }

    /// Takes back what was done last, where that can be taken back still.
    pub fn take_back(self) {
        let last = self.shown.with_untracked(|shown| {
            let toast = shown.iter().rev().find(|toast| toast.action.is_some())?;
            Some((toast.id, toast.action.as_ref()?.1.clone()))
        });
        let Some((id, act)) = last else { return };
        act();
        self.dismiss(id);
    }

    fn show(self, tone: Tone, text: String, detail: Option<String>, action: Option<Action>) -> u32 {
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        let can_be_taken_back = action.is_some();
        self.shown.update(|shown| {
            shown.push(Toast { id, tone, text, detail, action });
            // Older ones make room.
            let excess = shown.len().saturating_sub(4);
            shown.drain(..excess);
        });
        // What went wrong stays until it is closed, and what can be taken back for as long as it can.
        if tone != Tone::Bad && !can_be_taken_back {
            when_left(STAY, move || self.dismiss(id));
        }
        request_animation_frame(raise);
        id
    }

    fn dismiss(self, id: u32) {
        self.shown.try_update(|shown| shown.retain(|toast| toast.id != id));
    }
}

/// Does something after that time, and not while the pointer or the keyboard is at the news.
fn when_left(milliseconds: u64, act: impl FnOnce() + 'static) {
    let later = move || {
        if document().query_selector(".toasts:is(:hover, :focus-within)").is_ok_and(|at| at.is_some()) {
            when_left(PAUSE, act);
        } else {
            act();
        }
    };
    set_timeout(later, Duration::from_millis(milliseconds));
}

/// Puts the news over everything, dialogs too.
fn raise() {
    let region = document().query_selector(".toasts").ok().flatten();
    if let Some(region) = region.and_then(|region| region.dyn_into::<HtmlElement>().ok()) {
        region.hide_popover().ok();
        region.show_popover().ok();
    }
}

/// Where the toasts are.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <div class="toasts" role="region" aria-label="News" aria-live="polite" popover="manual">
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
                                    keys="mod+z"
                                    tip=words
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

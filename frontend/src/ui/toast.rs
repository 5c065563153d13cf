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

impl Toast {
    /// Whether it says the same, and nothing can be done about either.
    fn says_what(&self, other: &Self) -> bool {
        let has_action = self.action.is_some() || other.action.is_some();
        !has_action && (self.tone, &self.text, &self.detail) == (other.tone, &other.text, &other.detail)
    }
}

/// How many toasts show at once, where no more can be acted on.
const MOST: usize = 4;

/// Puts a toast beside the others: in place of one that says the same, and of the oldest of those that nothing can be done about.
fn put(shown: &mut Vec<Toast>, toast: Toast) {
    shown.retain(|other| !other.says_what(&toast));
    shown.push(toast);
    while shown.len() > MOST {
        let last = shown.len() - 1;
        let Some(oldest) = shown[..last].iter().position(|toast| toast.action.is_none()) else { return };
        shown.remove(oldest);
    }
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
            _ => error.detail(),
        };
        self.show(Tone::Bad, format!("{what}: {}", error.title()), Some(id), None);
    }

    /// Takes away what was said by [`Self::fail`] of the same: it has succeeded since.
    pub fn forget(self, what: &str) {
        self.shown.try_update(|shown| {
            shown.retain(|toast| {
                let said = toast.text.strip_prefix(what).is_some_and(|rest| rest.starts_with(": "));
                toast.tone != Tone::Bad || !said
            });
        });
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
        self.shown.update(|shown| put(shown, Toast { id, tone, text, detail, action }));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn toast(id: u32, text: &str, can_be_taken_back: bool) -> Toast {
        let action: Option<Action> = can_be_taken_back.then(|| ("Undo", Arc::new(|| {}) as Arc<_>));
        Toast { id, tone: Tone::Good, text: text.to_owned(), detail: None, action }
    }

    fn ids(shown: &[Toast]) -> Vec<u32> {
        shown.iter().map(|toast| toast.id).collect()
    }

    #[test]
    fn what_is_said_again_stands_once() {
        let mut shown = Vec::new();
        put(&mut shown, toast(0, "Saved", false));
        put(&mut shown, toast(1, "Row deleted", true));
        put(&mut shown, toast(2, "Saved", false));
        assert_eq!(ids(&shown), [1, 2]);
        put(&mut shown, toast(3, "Row deleted", true));
        assert_eq!(ids(&shown), [1, 2, 3]);
    }

    #[test]
    fn what_can_be_taken_back_makes_no_room() {
        let mut shown = Vec::new();
        for id in 0..3 {
            put(&mut shown, toast(id, "Row deleted", true));
        }
        for id in 3..6 {
            put(&mut shown, toast(id, &id.to_string(), false));
        }
        assert_eq!(ids(&shown), [0, 1, 2, 5]);
        put(&mut shown, toast(6, "Row deleted", true));
        put(&mut shown, toast(7, "Row deleted", true));
        assert_eq!(ids(&shown), [0, 1, 2, 6, 7]);
    }
}

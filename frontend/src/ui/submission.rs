//! What becomes of a form that is sent: whether it is on its way, and what the server says is wrong with which of its fields.

use std::future::Future;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Button, ButtonKind, ErrorNotice};
use crate::api::ApiError;

/// A form that is sent.
#[derive(Clone, Copy)]
pub struct Submission {
    /// Whether it is on its way.
    pub busy: RwSignal<bool>,
    /// Why it was refused.
    pub failure: RwSignal<Option<ApiError>>,
    /// The places of the request that have a field, where what is wrong with them is said.
    places: &'static [&'static str],
}

impl Submission {
    /// A form with fields for these places of the request.
    pub fn new(places: &'static [&'static str]) -> Self {
        Self { busy: RwSignal::new(false), failure: RwSignal::new(None), places }
    }

    /// Sends it.
    pub fn send(self, sent: impl Future<Output = Result<(), ApiError>> + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.failure.set(None);
        spawn_local(async move {
            if let Err(error) = sent.await {
                self.failure.try_set(Some(error));
            }
            self.busy.try_set(false);
        });
    }

    /// What is wrong with a place of the request or a part of it.
    pub fn at(self, place: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.failure.with(|failure| failure.as_ref()?.within(place)))
    }

    /// What is wrong that has no field.
    fn elsewhere(self) -> Signal<Option<ApiError>> {
        Signal::derive(move || {
            self.failure.get().filter(|error| self.places.iter().all(|place| error.within(place).is_none()))
        })
    }
}

/// The foot of a form: what is wrong with all of it, the way out, and the button that sends it.
#[component]
pub fn FormFoot(
    submission: Submission,
    open: RwSignal<bool>,
    /// What is done.
    action: &'static str,
    /// Whether it is filled in.
    #[prop(into)]
    ready: Signal<bool>,
) -> impl IntoView {
    view! {
        <ErrorNotice error=submission.elsewhere() />
        <div class="form-actions">
            <Button press=move |_| open.set(false)>"Cancel"</Button>
            <Button
                kind=ButtonKind::Primary
                submit=true
                busy=submission.busy
                disabled=Signal::derive(move || !ready.get())
            >
                {action}
            </Button>
        </div>
    }
}

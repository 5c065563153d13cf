//! Asking the server what a change would do while it is still being written.

use std::future::Future;
use std::time::Duration;

use annex_openapi::collections::Plan;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::plan::PlanView;
use crate::api::ApiError;
use crate::ui::expression::marked;
use crate::ui::{ErrorNotice, Notice, Skeleton, Tone};

/// How long after the last change the server is asked.
const PAUSE: Duration = Duration::from_millis(350);

/// What the server says of a change.
#[derive(Clone, Copy)]
pub struct Planning {
    /// What would be done, as far as is known; the last good plan stays while something is wrong.
    pub plan: RwSignal<Option<Plan>>,
    /// Why it would be refused.
    pub failure: RwSignal<Option<ApiError>>,
    /// Whether an answer is on its way.
    pub busy: RwSignal<bool>,
}

impl Planning {
    /// Asks whenever what `request` gives is another: nothing where there is nothing to ask.
    pub fn follow<R, F>(
        request: impl Fn() -> Option<R> + Send + Sync + 'static,
        ask: impl Fn(R) -> F + Copy + Send + Sync + 'static,
    ) -> Self
    where
        R: Clone + PartialEq + Send + Sync + 'static,
        F: Future<Output = Result<Plan, ApiError>> + 'static,
    {
        let this =
            Self { plan: RwSignal::new(None), failure: RwSignal::new(None), busy: RwSignal::new(false) };
        let request = Memo::new(move |_| request());
        let timer = StoredValue::new(None::<TimeoutHandle>);
        let turn = StoredValue::new(0_u32);
        let stop = move || {
            if let Some(timer) = timer.try_update_value(Option::take).flatten() {
                timer.clear();
            }
        };
        on_cleanup(stop);
        Effect::new(move || {
            let request = request.get();
            stop();
            turn.update_value(|turn| *turn = turn.wrapping_add(1));
            let Some(request) = request else {
                this.plan.set(None);
                this.failure.set(None);
                this.busy.set(false);
                return;
            };
            this.busy.set(true);
            let act = move || {
                let now = turn.get_value();
                spawn_local(async move {
                    let answer = ask(request).await;
                    // Another change has been written since, or the view is gone.
                    if turn.try_get_value() != Some(now) {
                        return;
                    }
                    this.busy.set(false);
                    match answer {
                        Ok(plan) => {
                            this.failure.set(None);
                            this.plan.set(Some(plan));
                        }
                        Err(error) => this.failure.set(Some(error)),
                    }
                });
            };
            timer.set_value(set_timeout_with_handle(act, PAUSE).ok());
        });
        this
    }

    /// What is wrong at a place of the request.
    pub fn at(self, pointer: &str) -> Option<String> {
        self.failure.with(|failure| failure.as_ref()?.at(pointer))
    }

    /// What is wrong at a place of the request, or within it.
    pub fn within(self, pointer: &str) -> Option<String> {
        self.failure.with(|failure| {
            let mut errors = failure.as_ref()?.fields().iter();
            let found = errors.find(|error| {
                error
                    .pointer
                    .strip_prefix(pointer)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            found.map(|error| error.detail.clone())
        })
    }

    /// Whether the change could be made as it is.
    pub fn is_good(self) -> bool {
        !self.busy.get() && self.failure.with(Option::is_none) && self.plan.with(Option::is_some)
    }
}

/// What the server says: the plan, or why there is none. `waiting` says what is still missing.
#[component]
pub fn PlanPreview(planning: Planning, #[prop(into)] waiting: String) -> impl IntoView {
    let is_stale = move || planning.busy.get() || planning.failure.with(Option::is_some);
    view! {
        <div class="plan-preview" aria-live="polite" aria-busy=move || planning.busy.get().to_string()>
            <ErrorNotice error=Signal::derive(move || {
                planning.failure.get().filter(|error| error.fields().is_empty())
            }) />
            {move || {
                let details: Vec<String> = planning
                    .failure
                    .with(|failure| {
                        let fields = failure.iter().flat_map(ApiError::fields);
                        fields.map(|field| field.detail.clone()).collect()
                    });
                (!details.is_empty())
                    .then(|| {
                        view! {
                            <Notice tone=Tone::Bad>
                                <p class="notice-title">"Not possible like this"</p>
                                {details.into_iter().map(|detail| view! { <p>{marked(&detail)}</p> }).collect_view()}
                            </Notice>
                        }
                    })
            }}
            {move || match planning.plan.get() {
                Some(plan) => {
                    view! {
                        <div class:is-stale=is_stale>
                            <PlanView plan />
                        </div>
                    }
                        .into_any()
                }
                None if planning.busy.get() => view! { <Skeleton lines=4 /> }.into_any(),
                None if planning.failure.with(Option::is_some) => ().into_any(),
                None => view! { <p class="faint small">{waiting.clone()}</p> }.into_any(),
            }}
        </div>
    }
}

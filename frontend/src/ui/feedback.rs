//! What is told: nothing here yet, still loading, something went wrong.

use leptos::prelude::*;

use super::{Button, Icon, IconName, Prose};
use crate::api::ApiError;

/// What a state means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Nothing in particular.
    #[default]
    Neutral,
    /// The accent: chosen, one's own.
    Accent,
    /// As it should be.
    Good,
    /// To be looked at.
    Warn,
    /// Wrong, or lost.
    Bad,
}

impl Tone {
    /// The class that colours it.
    pub fn class(self) -> &'static str {
        match self {
            Self::Neutral => "",
            Self::Accent => "accent",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    fn icon(self) -> IconName {
        match self {
            Self::Neutral | Self::Accent => IconName::Info,
            Self::Good => IconName::CircleCheck,
            Self::Warn => IconName::TriangleAlert,
            Self::Bad => IconName::CircleAlert,
        }
    }
}

/// A place with nothing in it, that says what would be there and how to get it.
#[component]
pub fn Empty(
    icon: IconName,
    #[prop(into)] title: String,
    /// What to do next: text, then buttons.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-mark">
                <Icon name=icon />
            </span>
            <h2>{title}</h2>
            {children()}
        </div>
    }
}

/// A sentence that has to be seen.
#[component]
pub fn Notice(#[prop(optional)] tone: Tone, children: Children) -> impl IntoView {
    view! {
        <div class=format!("notice {}", tone.class())>
            <Icon name=tone.icon() />
            <div class="grow">{children()}</div>
        </div>
    }
}

/// What went wrong, as the server says it: what, where, what to do, and the id to ask for it by.
#[component]
pub fn ErrorNotice(
    #[prop(into)] error: Signal<Option<ApiError>>,
    /// Does it again, where that makes sense.
    #[prop(optional, into)]
    retry: Option<Callback<()>>,
) -> impl IntoView {
    let shown = move || {
        error.get().map(|error| {
            let (hint, request_id, wait) = match &error {
                ApiError::Problem { problem, retry_after } => {
                    let id = Some(problem.request_id.clone()).filter(|id| !id.is_empty());
                    (problem.hint.clone(), id, *retry_after)
                }
                _ => (None, None, None),
            };
            let fields = error.fields().iter().map(|field| format!("{} {}", field.pointer, field.detail)).collect::<Vec<_>>();
            view! {
                <div class="notice bad" role="alert">
                    <Icon name=if error == ApiError::Offline { IconName::WifiOff } else { IconName::CircleAlert } />
                    <div class="grow">
                        <p class="notice-title">{error.title()}</p>
                        <p>
                            <Prose text=error.detail() />
                        </p>
                        {(!fields.is_empty())
                            .then(|| {
                                view! {
                                    <ul>
                                        {fields
                                            .into_iter()
                                            .map(|field| view! { <li class="small">{field}</li> })
                                            .collect_view()}
                                    </ul>
                                }
                            })}
                        {hint.map(|hint| view! { <p class="soft"><Prose text=hint /></p> })}
                        {wait.map(|seconds| view! { <p class="soft">"Try again in " {seconds} " s."</p> })}
                        {request_id
                            .map(|id| {
                                view! {
                                    <p class="notice-id">
                                        "Request " <code>{id}</code>
                                    </p>
                                }
                            })}
                    </div>
                    {retry
                        .map(|retry| {
                            view! {
                                <Button icon=IconName::RefreshCw press=move |_| retry.run(())>
                                    "Try again"
                                </Button>
                            }
                        })}
                </div>
            }
        })
    };
    view! { {shown} }
}

/// Grey bars where lines will be.
#[component]
pub fn Skeleton(#[prop(default = 3)] lines: usize) -> impl IntoView {
    view! {
        <div class="stack" role="status" aria-label="Loading">
            {(0..lines).map(|_| view! { <span class="skeleton"></span> }).collect_view()}
        </div>
    }
}

//! Signing in, and making the first admin with the one-time token of the server's start.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};

use crate::api::{ApiError, use_api};
use crate::browser;
use crate::ui::{Button, ButtonKind, ButtonSize, ErrorNotice, TextInput};

/// What both forms have: where they lie, and what they say.
#[component]
fn Welcome(
    #[prop(into)] title: &'static str,
    #[prop(into)] lead: &'static str,
    children: Children,
) -> impl IntoView {
    browser::set_title(title);
    view! {
        <main class="welcome">
            <div class="welcome-card">
                <img class="brand" src="/icon.svg" alt="Annex" />
                <h1>{title}</h1>
                <p class="lead">{lead}</p>
                {children()}
            </div>
        </main>
    }
}

/// A problem of the form as a whole: what belongs to one field is shown there.
fn general(failure: RwSignal<Option<ApiError>>) -> Signal<Option<ApiError>> {
    Signal::derive(move || failure.get().filter(|error| error.fields().is_empty()))
}

fn at(failure: RwSignal<Option<ApiError>>, pointer: &'static str) -> Signal<Option<String>> {
    Signal::derive(move || failure.with(|failure| failure.as_ref().and_then(|error| error.at(pointer))))
}

/// The way on after signing in: where one wanted to go, which is a page of this console.
fn onward(next: Option<String>) -> String {
    next.filter(|next| next.starts_with('/') && !next.starts_with("//") && !next.contains('\\'))
        .unwrap_or_else(|| "/".to_owned())
}

/// Signing in.
#[component]
pub fn SignIn() -> impl IntoView {
    let api = use_api();
    let (email, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let navigate = use_navigate();
    let query = use_query_map();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let navigate = navigate.clone();
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            match api.sign_in(email.get_untracked(), password.get_untracked()).await {
                Ok(()) => {
                    let next = onward(query.with_untracked(|query| query.get("next")));
                    navigate(&next, NavigateOptions { replace: true, ..NavigateOptions::default() });
                }
                Err(error) => failure.set(Some(error)),
            }
            busy.set(false);
        });
    };
    view! {
        <Welcome title="Sign in" lead="The console of your backend.">
            <form class="form" on:submit=submit>
                <TextInput
                    label="E-mail"
                    value=email
                    kind="email"
                    autocomplete="username"
                    required=true
                    autofocus=true
                    large=true
                    error=at(failure, "/email")
                />
                <TextInput
                    label="Password"
                    value=password
                    kind="password"
                    autocomplete="current-password"
                    required=true
                    large=true
                    error=at(failure, "/password")
                />
                <ErrorNotice error=general(failure) />
                <Button kind=ButtonKind::Primary size=ButtonSize::Large submit=true wide=true busy>
                    "Sign in"
                </Button>
            </form>
        </Welcome>
    }
}

/// Making the first admin. The token comes in the link that the server printed, behind `#`, which no server sees.
#[component]
pub fn Setup() -> impl IntoView {
    let api = use_api();
    let given =
        use_location().hash.get_untracked().trim_start_matches('#').trim_start_matches("token=").to_owned();
    let has_token = !given.is_empty();
    let token = RwSignal::new(given);
    let (email, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let navigate = use_navigate();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let navigate = navigate.clone();
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            match api.bootstrap(token.get_untracked(), email.get_untracked(), password.get_untracked()).await
            {
                Ok(()) => navigate("/", NavigateOptions { replace: true, ..NavigateOptions::default() }),
                Err(error) => failure.set(Some(error)),
            }
            busy.set(false);
        });
    };
    view! {
        <Welcome title="Welcome to Annex" lead="Make the first admin account. It may do everything, so choose a long password.">
            <form class="form" on:submit=submit>
                {(!has_token)
                    .then(|| {
                        view! {
                            <TextInput
                                label="Setup token"
                                value=token
                                mono=true
                                required=true
                                large=true
                                hint="The server prints it when it starts without an admin."
                                error=at(failure, "/token")
                            />
                        }
                    })}
                <TextInput
                    label="E-mail"
                    value=email
                    kind="email"
                    autocomplete="username"
                    required=true
                    autofocus=true
                    large=true
                    error=at(failure, "/email")
                />
                <TextInput
                    label="Password"
                    value=password
                    kind="password"
                    autocomplete="new-password"
                    required=true
                    large=true
                    hint="15 characters or more; a few words are fine."
                    error=at(failure, "/password")
                />
                <ErrorNotice error=general(failure) />
                <Button kind=ButtonKind::Primary size=ButtonSize::Large submit=true wide=true busy>
                    "Create the account"
                </Button>
            </form>
        </Welcome>
    }
}

//! Signing in, and making the first admin with the one-time token of the server's start.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use web_sys::Url;

use crate::api::{ApiError, use_api};
use crate::ui::{Button, ButtonKind, ButtonSize, ErrorNotice, TextInput};
use crate::{browser, url};

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

/// The way on after signing in: where one wanted to go, where that is a page of this console. The browser reads the address as it
/// will read it when it goes there.
fn onward(next: Option<String>) -> String {
    let within = || {
        let origin = window().location().origin().ok()?;
        let url = Url::new_with_base(&next?, &origin).ok()?;
        let path = url.pathname();
        (url.origin() == origin && is_onward(&path)).then(|| format!("{path}{}{}", url.search(), url.hash()))
    };
    within().unwrap_or_else(|| "/".to_owned())
}

/// Whether a path, in the form that browsers give it, leads on from here: not to another host, nor back to where one signs in.
fn is_onward(path: &str) -> bool {
    let plain = url::text(path);
    plain.starts_with('/')
        && !plain.contains("//")
        && !plain.contains(|sign: char| sign == '\\' || sign.is_control())
        && !matches!(plain.trim_end_matches('/'), "/sign-in" | "/setup")
}

/// Signing in.
#[component]
pub fn SignIn() -> impl IntoView {
    let api = use_api();
    let (email, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let navigate = use_navigate();
    let query = url::use_url_query();
    let go_on = move || {
        let next = onward(query.get_untracked("next"));
        navigate(&next, NavigateOptions { replace: true, ..NavigateOptions::default() });
    };
    // Whoever is signed in already has nothing to do here.
    let asks = RwSignal::new(false);
    let look = {
        let go_on = go_on.clone();
        move || {
            let go_on = go_on.clone();
            spawn_local(async move {
                match api.resume().await {
                    Ok(true) => go_on(),
                    Ok(false) => drop(asks.try_set(true)),
                    Err(error) => {
                        failure.try_set(Some(error));
                        asks.try_set(true);
                    }
                }
            });
        }
    };
    look();
    // Nor who signs in in another tab.
    api.session().when_begun_elsewhere(look);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let go_on = go_on.clone();
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            match api.sign_in(email.get_untracked(), password.get_untracked()).await {
                Ok(()) => go_on(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_on_is_a_page_of_this_console() {
        for path in ["/", "/users", "/collections/books/schema", "/sign-in-rules", "/collections/new/"] {
            assert!(is_onward(path), "{path}");
        }
    }

    #[test]
    fn nothing_leads_to_another_host_or_back_to_the_sign_in() {
        for path in [
            "",
            "users",
            "//evil.example",
            "/%2Fevil.example",
            "/x//evil.example",
            "/%09/evil.example",
            "/%0A/evil.example",
            "/%5Cevil.example",
            "/sign-in",
            "/sign-in/",
            "/sign%2Din",
            "/setup",
        ] {
            assert!(!is_onward(path), "{path}");
        }
    }
}

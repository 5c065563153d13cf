//! The account that is signed in: who it is, and its password.

use annex_openapi::auth::PasswordChange;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{ApiError, use_api};
use crate::shell::use_sign_out;
use crate::ui::toast::use_toasts;
use crate::ui::{Badge, Button, ButtonKind, Card, Dialog, ErrorNotice, IconName, TextInput, Tone};

/// Who is signed in.
#[component]
pub fn Account() -> impl IntoView {
    let api = use_api();
    let open = RwSignal::new(false);
    let user = api.session().user();
    let sign_out = use_sign_out();
    view! {
        <Card title="Account">
            {move || {
                user.get()
                    .map(|user| {
                        let initial = user.email.chars().next().map(String::from);
                        view! {
                            <div class="settings-line">
                                <span class="avatar" aria-hidden="true">{initial}</span>
                                <div class="grow">
                                    <h3 class="truncate">{user.email}</h3>
                                    <p class="row wrap">
                                        {user.display_name.map(|name| view! { <span class="faint small">{name}</span> })}
                                        {user
                                            .roles
                                            .into_iter()
                                            .map(|role| view! { <Badge tone=Tone::Accent>{role}</Badge> })
                                            .collect_view()}
                                    </p>
                                </div>
                                <div class="row wrap">
                                    <Button icon=IconName::KeyRound press=move |_| open.set(true)>
                                        "Change password"
                                    </Button>
                                    <Button icon=IconName::LogOut press=move |_| sign_out()>
                                        "Sign out"
                                    </Button>
                                </div>
                            </div>
                        }
                    })
            }}
        </Card>
        <Dialog open title="Change password">
            <ChangePassword open />
        </Dialog>
    }
}

#[component]
fn ChangePassword(open: RwSignal<bool>) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let (current, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let at = move |pointer: &'static str| {
        Signal::derive(move || failure.with(|failure| failure.as_ref().and_then(|error| error.at(pointer))))
    };
    let general = Signal::derive(move || failure.get().filter(|error| error.fields().is_empty()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let change = PasswordChange {
                current_password: current.get_untracked(),
                new_password: new.get_untracked(),
            };
            match api.change_password(&change).await {
                Ok(()) => {
                    open.set(false);
                    toasts.say("The password is changed; every other session has ended");
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <form class="form" on:submit=submit>
            <TextInput
                label="Current password"
                value=current
                kind="password"
                autocomplete="current-password"
                required=true
                autofocus=true
                error=at("/current_password")
            />
            <TextInput
                label="New password"
                value=new
                kind="password"
                autocomplete="new-password"
                required=true
                hint="15 characters or more; a few words are fine. Every other session ends."
                error=at("/new_password")
            />
            <ErrorNotice error=general />
            <div class="form-actions">
                <Button press=move |_| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary submit=true busy>
                    "Change password"
                </Button>
            </div>
        </form>
    }
}

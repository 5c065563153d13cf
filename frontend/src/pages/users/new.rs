//! Making an account for somebody.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::draft::Draft;
use super::fields::{AccountFields, PasswordField, general};
use super::list::Accounts;
use crate::api::{ApiError, use_api};
use crate::ui::toast::use_toasts;
use crate::ui::{Button, ButtonKind, Dialog, ErrorNotice};
use crate::url::use_url_query;

/// The form of a new account, in a dialog.
#[component]
pub fn NewUser(open: RwSignal<bool>, accounts: Accounts) -> impl IntoView {
    view! {
        <Dialog open title="New user">
            <Form open accounts />
        </Dialog>
    }
}

#[component]
fn Form(open: RwSignal<bool>, accounts: Accounts) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let query = use_url_query();
    let draft = Draft::empty();
    let password = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let user = draft.creation(password.get_untracked());
            match api.create_user(&user).await {
                Ok(user) => {
                    toasts.say(format!("{} has an account", user.email));
                    let id = user.id.to_string();
                    accounts.put(user);
                    query.replace(&[("new", None), ("user", Some(id))]);
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
            <AccountFields draft failure roles=Signal::derive(move || accounts.roles()) autofocus=true />
            <PasswordField
                label="Password"
                value=password
                failure
                hint="15 characters or more. Without one the account cannot sign in with a password."
            />
            <ErrorNotice error=general(failure) />
            <div class="form-actions">
                <Button press=move |_| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Primary submit=true busy>
                    "Create the account"
                </Button>
            </div>
        </form>
    }
}

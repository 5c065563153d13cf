//! One account, in a drawer: what it is, what may be changed of it, and its end.

use annex_openapi::auth::{User, UserUpdate};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use uuid::Uuid;

use super::draft::Draft;
use super::fields::{AccountFields, PasswordField, general};
use super::list::Accounts;
use crate::api::{ApiError, use_api};
use crate::shell::shortcut;
use crate::ui::toast::use_toasts;
use crate::ui::{
    Button, ButtonKind, Confirm, CopyButton, Dialog, DialogShape, ErrorNotice, IconName, Instant, LinkButton,
    Skeleton, Switch,
};
use crate::url::use_url_query;

/// The drawer of the account that the URL names.
#[component]
pub(super) fn AccountDrawer(accounts: Accounts) -> impl IntoView {
    let api = use_api();
    let query = use_url_query();
    let open = query.dialog("user");
    let id = query.memo("user");
    let user = RwSignal::new(None::<User>);
    let failure = RwSignal::new(None::<ApiError>);
    let read = Callback::new(move |id: Option<String>| {
        user.set(None);
        failure.set(None);
        let Some(id) = id else { return };
        let Ok(id) = Uuid::parse_str(&id) else {
            return failure.set(Some(ApiError::Here(
                "There is no such account",
                "The address names no id of an account.",
            )));
        };
        if let Some(known) = accounts.find(id) {
            return user.set(Some(known));
        }
        spawn_local(async move {
            match api.user(id).await {
                Ok(read) => drop(user.try_set(Some(read))),
                Err(error) => drop(failure.try_set(Some(error))),
            }
        });
    });
    Effect::new(move || read.run(id.get()));
    let title = move || {
        user.with(|user| user.as_ref().map_or_else(|| "Account".to_owned(), |user| user.email.clone()))
    };
    view! {
        <Dialog open title=Signal::derive(title) shape=DialogShape::Drawer>
            {move || match user.get() {
                Some(user) => view! { <Account user accounts open /> }.into_any(),
                None if failure.with(Option::is_some) => {
                    view! { <ErrorNotice error=failure retry=move |()| read.run(id.get_untracked()) /> }.into_any()
                }
                None => view! { <Skeleton lines=6 /> }.into_any(),
            }}
        </Dialog>
    }
}

#[component]
fn Account(user: User, accounts: Accounts, open: RwSignal<bool>) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let id = user.id;
    let draft = Draft::of(&user);
    let user = RwSignal::new(user);
    let changes = Memo::new(move |_| user.with(|user| draft.changes(user).is_some()));
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let save = move || {
        let Some(change) = user.with_untracked(|user| untrack(|| draft.changes(user))) else { return };
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            match api.change_user(id, &change).await {
                Ok(changed) => {
                    toasts.say("Saved");
                    accounts.put(changed.clone());
                    if user.try_get_untracked().is_some() {
                        draft.reset(&changed);
                        user.set(changed);
                    }
                }
                Err(error) => drop(failure.try_set(Some(error))),
            }
            busy.try_set(false);
        });
    };
    shortcut("mod+s", "Save the account", save);
    view! {
        <div class="stack account-drawer">
            <form
                class="form"
                on:submit=move |event: SubmitEvent| {
                    event.prevent_default();
                    save();
                }
            >
                <AccountFields draft failure roles=Signal::derive(move || accounts.roles()) />
                <Switch on=draft.disabled change=move |on| draft.disabled.set(on)>
                    "Disabled: the account cannot sign in, and its sessions end at once"
                </Switch>
                <ErrorNotice error=general(failure) />
                <div class="row">
                    <Button
                        kind=ButtonKind::Primary
                        submit=true
                        busy
                        disabled=Signal::derive(move || !changes.get())
                        keys="mod+s"
                        tip="Save"
                    >
                        "Save"
                    </Button>
                    <Button
                        kind=ButtonKind::Quiet
                        disabled=Signal::derive(move || !changes.get())
                        press=move |_| {
                            user.with_untracked(|user| draft.reset(user));
                            failure.set(None);
                        }
                    >
                        "Discard"
                    </Button>
                </div>
            </form>
            <NewPassword id />
            <Facts user=user.get_untracked() />
            <Removal user accounts open />
        </div>
    }
}

/// Sets another password.
#[component]
fn NewPassword(id: Uuid) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let password = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let change = UserUpdate { password: Some(password.get_untracked()), ..UserUpdate::default() };
            match api.change_user(id, &change).await {
                Ok(_) => {
                    toasts.say("The password is set; every session of the account has ended");
                    password.try_set(String::new());
                }
                Err(error) => drop(failure.try_set(Some(error))),
            }
            busy.try_set(false);
        });
    };
    view! {
        <form class="form drawer-part" on:submit=submit>
            <PasswordField
                label="New password"
                value=password
                failure
                hint="15 characters or more. It ends every session of the account."
            >
                <Button submit=true busy disabled=Signal::derive(move || password.with(String::is_empty))>
                    "Set the password"
                </Button>
            </PasswordField>
            <ErrorNotice error=general(failure) />
        </form>
    }
}

#[component]
fn Facts(user: User) -> impl IntoView {
    let id = user.id.to_string();
    view! {
        <div class="stack drawer-part">
            <dl class="definition">
                <dt>"Id"</dt>
                <dd class="row">
                    <code>{id.clone()}</code>
                    <CopyButton text=id.clone() />
                </dd>
                <dt>"Created"</dt>
                <dd>
                    <Instant at=user.created_at />
                </dd>
                <dt>"Last changed"</dt>
                <dd>
                    <Instant at=user.updated_at />
                </dd>
            </dl>
            <div class="row">
                <LinkButton href=format!("/logs?user={id}") icon=IconName::ScrollText>
                    "Requests of this account"
                </LinkButton>
            </div>
        </div>
    }
}

/// Deletes the account, after asking.
#[component]
fn Removal(user: RwSignal<User>, accounts: Accounts, open: RwSignal<bool>) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let asking = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let delete = move |()| {
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let User { id, email, .. } = user.get_untracked();
            match api.delete_user(id).await {
                Ok(()) => {
                    accounts.remove(id);
                    open.set(false);
                    toasts.say(format!("{email} is deleted"));
                }
                Err(error) => drop(failure.try_set(Some(error))),
            }
            busy.try_set(false);
        });
    };
    view! {
        <div class="stack drawer-part">
            <ErrorNotice error=failure />
            <div class="row">
                <Button kind=ButtonKind::Danger icon=IconName::Trash2 busy press=move |_| asking.set(true)>
                    "Delete the account"
                </Button>
            </div>
        </div>
        <Confirm
            open=asking
            title=Signal::derive(move || format!("Delete {}?", user.with(|user| user.email.clone())))
            action="Delete the account"
            done=delete
        >
            <p class="soft">
                "Its sessions end at once. Rows that point at it stay, or keep it from being deleted, as their relation says. This cannot be undone; an account can be disabled instead."
            </p>
        </Confirm>
    }
}

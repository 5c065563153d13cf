//! One account, in a drawer: what it is, what may be changed of it, and its end.

use annex_openapi::auth::{User, UserUpdate};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use uuid::Uuid;

use super::draft::Draft;
use super::list::Accounts;
use crate::api::{ApiError, use_api};
use crate::browser;
use crate::shell::shortcut;
use crate::ui::toast::use_toasts;
use crate::ui::{
    Button, ButtonKind, Confirm, CopyButton, Dialog, DialogShape, ErrorNotice, IconName, Instant, LinkButton,
    Skeleton, Switch, TagInput, TextInput,
};
use crate::url::use_url_query;

/// A problem of a form as a whole: what belongs to one field is shown there.
pub(super) fn general(failure: RwSignal<Option<ApiError>>) -> Signal<Option<ApiError>> {
    Signal::derive(move || failure.get().filter(|error| error.fields().is_empty()))
}

/// What is wrong with a field, also with one of its items.
fn at(failure: RwSignal<Option<ApiError>>, pointer: &'static str) -> Signal<Option<String>> {
    Signal::derive(move || {
        failure.with(|failure| {
            let fields = failure.as_ref()?.fields();
            let is_here = |own: &str| {
                own.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            fields.iter().find(|field| is_here(&field.pointer)).map(|field| field.detail.clone())
        })
    })
}

/// The fields that a new account and one that is there have in common.
#[component]
pub(super) fn AccountFields(
    draft: Draft,
    failure: RwSignal<Option<ApiError>>,
    /// The roles that are in use.
    roles: Signal<Vec<String>>,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    view! {
        <TextInput
            label="E-mail"
            value=draft.email
            kind="email"
            required=true
            autofocus=autofocus
            error=at(failure, "/email")
        />
        <TextInput label="Display name" value=draft.name placeholder="No name" error=at(failure, "/display_name") />
        <TagInput
            label="Roles"
            value=draft.roles
            suggestions=roles
            placeholder="editor"
            hint="What rules ask for, as in \"editor\" in @user.roles. An admin may do everything."
            error=at(failure, "/roles")
        />
        <Switch on=draft.verified change=move |on| draft.verified.set(on)>
            "The e-mail address is verified"
        </Switch>
    }
}

/// A new password, which can be made up.
#[component]
pub(super) fn PasswordField(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    failure: RwSignal<Option<ApiError>>,
    #[prop(into)] hint: String,
    /// What is done with it, beside it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="stack tight">
            <TextInput label value kind="password" autocomplete="new-password" hint error=at(failure, "/password") />
            <div class="row">
                {children.map(|children| children())}
                <Button
                    kind=ButtonKind::Quiet
                    icon=IconName::KeyRound
                    press=move |_| value.set(browser::random_password())
                >
                    "Generate one"
                </Button>
                {move || (!value.with(String::is_empty)).then(|| view! { <CopyButton text=value /> })}
            </div>
        </div>
    }
}

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

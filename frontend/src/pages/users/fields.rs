//! What the forms of accounts have in common.

use leptos::prelude::*;

use super::draft::Draft;
use crate::api::ApiError;
use crate::browser;
use crate::ui::{Button, ButtonKind, CopyButton, IconName, Switch, TagInput, TextInput};

/// A problem of a form as a whole: what belongs to one field is shown there.
pub(super) fn general(failure: RwSignal<Option<ApiError>>) -> Signal<Option<ApiError>> {
    Signal::derive(move || failure.get().filter(|error| error.fields().is_empty()))
}

/// What is wrong with a field, also with one of its items.
fn at(failure: RwSignal<Option<ApiError>>, pointer: &'static str) -> Signal<Option<String>> {
    Signal::derive(move || failure.with(|failure| failure.as_ref()?.within(pointer)))
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

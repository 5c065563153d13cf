//! A field of a row with what it is written with.

use annex_openapi::collections::Field;
use leptos::prelude::*;

use super::super::edit::draft::Draft;
use super::super::edit::input::ValueInput;
use super::super::edit::text::Writing;
use crate::ui::field::fresh_id;
use crate::ui::field_type::field_icon;
use crate::ui::{ButtonSize, Icon, IconButton, IconName};

/// The name of a field, what it is written with, and what is wrong with it.
#[component]
pub fn FieldRow(
    field: Field,
    /// Nothing for a field that cannot be written.
    #[prop(optional_no_strip)]
    draft: Option<Draft>,
    /// What it holds, where it cannot be written.
    #[prop(optional_no_strip)]
    shown: Option<String>,
    /// What is wrong with it.
    #[prop(into)]
    wrong: Signal<Option<String>>,
    /// Takes its change back, where it has one.
    #[prop(optional_no_strip)]
    undo: Option<(Signal<bool>, Callback<()>)>,
    /// What stands behind its name.
    #[prop(optional, into)]
    more: Option<ViewFn>,
) -> impl IntoView {
    let (id, about) = (fresh_id(), fresh_id());
    let native = field.native_type.clone();
    let needed = field.required && field.default.is_none() && !field.read_only;
    let can_be_null = draft.is_some_and(|draft| draft.can_be_null() && draft.writing != Writing::Choice);
    let name = field.name.clone();
    let control = match draft {
        Some(draft) => view! {
            <ValueInput
                draft
                id=id.clone()
                about=about.clone()
                label=name.clone()
                invalid=Signal::derive(move || wrong.with(Option::is_some))
            />
        }
        .into_any(),
        None => view! { <output class="drawer-value" id=id.clone()>{shown.unwrap_or_default()}</output> }
            .into_any(),
    };
    view! {
        <div class="drawer-field" class:changed=move || undo.is_some_and(|(changed, _)| changed.get())>
            <div class="drawer-label">
                <Icon name=field_icon(&field) />
                <label for=id>{name}</label>
                <span class="faint">{native}</span>
                {needed.then(|| view! { <span class="faint">"required"</span> })}
                <span class="grow"></span>
                {more.map(|more| more.run())}
                {undo
                    .map(|(changed, undo)| {
                        move || {
                            changed
                                .get()
                                .then(|| {
                                    view! {
                                        <IconButton
                                            name=IconName::Undo2
                                            label="Undo the change"
                                            size=ButtonSize::Small
                                            press=move |_| undo.run(())
                                        />
                                    }
                                })
                        }
                    })}
                {draft
                    .filter(|_| can_be_null)
                    .map(|draft| {
                        view! {
                            <IconButton
                                name=IconName::CircleSlash
                                label="No value (null)"
                                size=ButtonSize::Small
                                pressed=Signal::derive(move || draft.null.get())
                                press=move |_| draft.set_null()
                            />
                        }
                    })}
            </div>
            {control}
            <div id=about aria-live="polite">
                {move || {
                    wrong
                        .get()
                        .map(|why| {
                            view! {
                                <p class="field-error">
                                    <Icon name=IconName::CircleAlert />
                                    {why}
                                </p>
                            }
                        })
                }}
            </div>
        </div>
    }
}

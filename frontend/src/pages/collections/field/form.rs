//! The inputs of a field.

use annex_openapi::collections::{FieldType, OnDelete};
use leptos::prelude::*;

use super::FieldDraft;
use super::draft::{on_delete_name, takes_array};
use crate::shell::use_catalogue;
use crate::ui::field_type::type_words;
use crate::ui::{Select, Switch, TagInput, TextInput};

/// What is wrong with a member of a field, by the member's name.
pub type Wrong = Callback<&'static str, Option<String>>;

fn wrong_at(wrong: Wrong, member: &'static str) -> Signal<Option<String>> {
    Signal::derive(move || wrong.run(member))
}

/// Its name and its type.
#[component]
pub fn NameAndType(draft: FieldDraft, wrong: Wrong, #[prop(optional)] autofocus: bool) -> impl IntoView {
    let options: Vec<(String, String)> = FieldType::ALL
        .into_iter()
        .map(|type_| {
            (type_.as_str().to_owned(), format!("{} – {}", type_.as_str(), type_words(type_).to_lowercase()))
        })
        .collect();
    view! {
        <TextInput
            label="Name"
            value=draft.name
            mono=true
            autofocus
            placeholder="title"
            error=wrong_at(wrong, "name")
        />
        <Select label="Type" value=draft.type_ options=Signal::stored(options) error=wrong_at(wrong, "type") />
    }
}

/// What its type asks for, its default, and what it demands.
#[component]
pub fn FieldDetails(
    draft: FieldDraft,
    wrong: Wrong,
    /// The collection that has the field, where it is still to be made.
    #[prop(optional, into)]
    own: Signal<String>,
) -> impl IntoView {
    let type_ = Memo::new(move |_| draft.field_type());
    view! {
        {move || match type_.get() {
            FieldType::Relation => view! { <RelationInputs draft wrong own /> }.into_any(),
            FieldType::Enum => {
                view! {
                    <TagInput
                        label="Values"
                        value=draft.values
                        placeholder="draft, published"
                        hint="In order; Enter or a comma ends one."
                        error=wrong_at(wrong, "values")
                    />
                }
                    .into_any()
            }
            _ => ().into_any(),
        }}
        <Show when=move || type_.get() != FieldType::Relation>
            <TextInput
                label="Default"
                value=draft.default
                mono=true
                placeholder=default_example(type_.get_untracked())
                error=wrong_at(wrong, "default")
            />
        </Show>
        <div class="field-switches">
            <Demand on=draft.required words="Required" error=wrong_at(wrong, "required") />
            <Demand on=draft.unique words="Unique" error=wrong_at(wrong, "unique") />
            <Show when=move || takes_array(type_.get())>
                <Demand on=draft.array words="List" error=wrong_at(wrong, "array") />
            </Show>
            <Demand on=draft.hidden words="Hidden from all but admins" error=wrong_at(wrong, "hidden") />
        </div>
    }
}

#[component]
fn Demand(on: RwSignal<bool>, words: &'static str, error: Signal<Option<String>>) -> impl IntoView {
    view! {
        <div>
            <Switch on change=move |now| on.set(now)>
                {words}
            </Switch>
            {move || error.get().map(|error| view! { <p class="field-error">{error}</p> })}
        </div>
    }
}

#[component]
fn RelationInputs(draft: FieldDraft, wrong: Wrong, own: Signal<String>) -> impl IntoView {
    let catalogue = use_catalogue();
    let targets = Signal::derive(move || {
        let mut targets = vec![(String::new(), "Choose a collection".to_owned())];
        let own = own.get().trim().to_owned();
        if !own.is_empty() {
            targets.push((own.clone(), format!("{own} – this collection")));
        }
        targets.push(("users".to_owned(), "users – accounts".to_owned()));
        targets.extend(
            catalogue
                .all()
                .unwrap_or_default()
                .into_iter()
                .filter(|collection| collection.name != "users" && collection.name != own)
                .map(|collection| (collection.name.clone(), collection.name)),
        );
        // One that is made along with this field, or is gone.
        let chosen = draft.target.get();
        if !targets.iter().any(|(name, _)| *name == chosen) {
            targets.push((chosen.clone(), chosen));
        }
        targets
    });
    let on_delete = [
        (OnDelete::Restrict, "Refuse to delete that row"),
        (OnDelete::Cascade, "Delete this row too"),
        (OnDelete::SetNull, "Empty this field"),
    ]
    .map(|(on_delete, words)| (on_delete_name(on_delete).to_owned(), words.to_owned()));
    view! {
        <div class="field-pair">
            <Select label="References" value=draft.target options=targets error=wrong_at(wrong, "collection") />
            <Select
                label="When that row is deleted"
                value=draft.on_delete
                options=Signal::stored(on_delete.to_vec())
                error=wrong_at(wrong, "on_delete")
            />
        </div>
    }
}

fn default_example(type_: FieldType) -> &'static str {
    match type_ {
        FieldType::Date | FieldType::Timestamp => "@now",
        FieldType::Uuid => "@uuid",
        FieldType::Bool => "false",
        FieldType::Int | FieldType::Bigint | FieldType::Float | FieldType::Numeric => "0",
        FieldType::Json => "{}",
        _ => "None",
    }
}

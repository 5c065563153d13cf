//! A new collection: a form, and beside it what the database would be told.

mod fields;
mod indexes;

use annex_openapi::collections::{CollectionSpec, Rules};
use annex_openapi::expression::RuleKind;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;

use super::field::{FieldDraft, sketch};
use super::planning::{PlanPreview, Planning};
use super::rule::RulesDraft;
use super::rules_editor::RulesEditor;
use crate::api::{ApiError, use_api};
use crate::shell::{PageHead, shortcut, use_catalogue};
use crate::ui::expression::with_users;
use crate::ui::toast::use_toasts;
use crate::ui::{Button, ButtonKind, Card, ErrorNotice, TextInput};
use fields::Fields;
use indexes::{IndexDraft, Indexes};
pub use indexes::{index_fields, index_kinds, kind_of};

/// A collection while it is described.
#[derive(Clone, Copy)]
struct Draft {
    name: RwSignal<String>,
    fields: RwSignal<Vec<FieldDraft>>,
    indexes: RwSignal<Vec<IndexDraft>>,
    rules: RulesDraft,
}

impl Draft {
    fn spec(self) -> CollectionSpec {
        CollectionSpec {
            name: self.name.get().trim().to_owned(),
            fields: self.named_fields().into_iter().map(FieldDraft::spec).collect(),
            indexes: self
                .indexes
                .get()
                .into_iter()
                .filter(|index| index.is_given())
                .map(IndexDraft::spec)
                .collect(),
            rules: self.rules.get(),
            realtime: false,
        }
    }

    /// The fields that the server is told of: one that has no name yet is still being thought of.
    fn named_fields(self) -> Vec<FieldDraft> {
        let mut fields = self.fields.get();
        fields.retain(|field| field.name.with(|name| !name.trim().is_empty()));
        fields
    }

    /// Where a field stands in what the server is told.
    fn place_of(self, field: FieldDraft) -> Option<usize> {
        self.named_fields().iter().position(|other| other.id == field.id)
    }
}

/// New collection.
#[component]
pub fn New() -> impl IntoView {
    let api = use_api();
    let catalogue = use_catalogue();
    let toasts = use_toasts();
    let navigate = use_navigate();
    let draft = Draft {
        name: RwSignal::new(String::new()),
        fields: RwSignal::new(vec![FieldDraft::new(1)]),
        indexes: RwSignal::new(Vec::new()),
        rules: RulesDraft::new(Rules::default()),
    };
    let spec = Memo::new(move |_| draft.spec());
    let planning = Planning::follow(
        move || Some(spec.get()).filter(|spec| !spec.name.is_empty()),
        move |spec| async move { api.plan_creation(&spec).await },
    );
    let others = Memo::new(move |_| with_users(catalogue.all().unwrap_or_default()));
    let collection = Memo::new(move |_| others.with(|others| sketch(&spec.get(), others)));
    let known = Signal::derive(move || {
        let mut known = others.get();
        known.push(collection.get());
        known
    });
    let busy = RwSignal::new(false);
    let refusal = RwSignal::new(None::<ApiError>);
    let create = move || {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        refusal.set(None);
        let navigate = navigate.clone();
        let spec = draft.spec();
        spawn_local(async move {
            match api.create_collection(&spec).await {
                Ok(collection) => {
                    let name = collection.name.clone();
                    catalogue.put(&name, collection);
                    // Those that it points at have rows that point at them now.
                    catalogue.reload();
                    toasts.say(format!("{name} was created"));
                    navigate(&format!("/collections/{name}"), Default::default());
                }
                Err(error) => {
                    if !error.fields().is_empty() {
                        planning.failure.set(Some(error));
                    } else {
                        refusal.set(Some(error));
                    }
                }
            }
            busy.try_set(false);
        });
    };
    let create = Callback::new(move |()| create());
    shortcut("mod+s", "Create the collection", move || {
        if planning.is_good() {
            create.run(());
        }
    });
    let create_button = move || {
        view! {
            <Button
                kind=ButtonKind::Primary
                busy
                disabled=Signal::derive(move || !planning.is_good())
                keys="mod+s"
                tip="Create the collection"
                press=move |_| create.run(())
            >
                "Create"
            </Button>
        }
    };
    view! {
        <PageHead title="New collection" over=("Collections", "/collections") actions=create_button />
        <div class="page wide split">
            <div class="split-form stack">
                <Card>
                    <TextInput
                        label="Name"
                        value=draft.name
                        mono=true
                        large=true
                        autofocus=true
                        placeholder="posts"
                        hint="Used in URLs and as the table's name: lower case, digits and _."
                        error=Signal::derive(move || planning.at("/name"))
                    />
                </Card>
                <Card title="Fields">
                    <Fields draft planning />
                </Card>
                <Card title="Indexes">
                    <Indexes indexes=draft.indexes collection planning />
                </Card>
                <Card title="Rules">
                    <RulesEditor
                        draft=draft.rules
                        collection
                        collections=known
                        error=Callback::new(move |kind: RuleKind| planning.at(&format!("/rules/{}", kind.as_str())))
                    />
                </Card>
                <ErrorNotice error=refusal />
            </div>
            <aside class="split-side" aria-label="SQL preview">
                <h2>"SQL preview"</h2>
                <PlanPreview planning waiting="Name the collection to see its SQL here." />
            </aside>
        </div>
    }
}

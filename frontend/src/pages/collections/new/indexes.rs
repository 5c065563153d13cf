//! The indexes of a new collection.

use annex_openapi::collections::{Collection, IndexKind, IndexSpec};
use leptos::prelude::*;

use crate::pages::collections::planning::Planning;
use crate::ui::{Button, IconButton, IconName, Select, TagInput};

/// An index while it is described.
#[derive(Clone, Copy)]
pub(super) struct IndexDraft {
    id: u32,
    fields: RwSignal<Vec<String>>,
    kind: RwSignal<String>,
}

impl IndexDraft {
    fn new(id: u32) -> Self {
        Self { id, fields: RwSignal::new(Vec::new()), kind: RwSignal::new("plain".to_owned()) }
    }

    /// Whether it is over something.
    pub(super) fn is_given(&self) -> bool {
        self.fields.with(|fields| !fields.is_empty())
    }

    /// What it comes to.
    pub(super) fn spec(self) -> IndexSpec {
        IndexSpec { name: None, fields: self.fields.get(), kind: kind_of(&self.kind.get()) }
    }
}

/// The kinds, by their names, in words.
pub fn index_kinds() -> Vec<(String, String)> {
    [("plain", "Ordered"), ("unique", "Unique"), ("full_text", "Full text")]
        .map(|(name, words)| (name.to_owned(), words.to_owned()))
        .to_vec()
}

/// The kind of that name.
pub fn kind_of(name: &str) -> IndexKind {
    match name {
        "unique" => IndexKind::Unique,
        "full_text" => IndexKind::FullText,
        _ => IndexKind::Plain,
    }
}

/// What an index may be over: each field, in both directions.
pub fn index_fields(collection: &Collection) -> Vec<String> {
    let names = collection.fields.iter().filter(|field| !field.name.is_empty());
    names.flat_map(|field| [field.name.clone(), format!("-{}", field.name)]).collect()
}

#[component]
pub(super) fn Indexes(
    indexes: RwSignal<Vec<IndexDraft>>,
    #[prop(into)] collection: Signal<Collection>,
    planning: Planning,
) -> impl IntoView {
    let next = StoredValue::new(0_u32);
    let add = move |_| {
        let id = next.get_value();
        next.set_value(id + 1);
        indexes.update(|indexes| indexes.push(IndexDraft::new(id)));
    };
    let suggestions = Signal::derive(move || collection.with(index_fields));
    view! {
        <p class="small soft">
            "Relations and unique fields have one by themselves. A full-text index is what "<code>"search="</code>" uses."
        </p>
        <ul class="index-rows">
            <For each=move || indexes.get() key=|index| index.id let(index)>
                {
                    let wrong = move || {
                        let given = indexes.get().into_iter().filter(|index| index.is_given());
                        let place = given.map(|index| index.id).position(|id| id == index.id)?;
                        planning.within(&format!("/indexes/{place}"))
                    };
                    view! {
                        <li class="index-row">
                            <TagInput
                                label="Fields"
                                value=index.fields
                                placeholder="status, -created_at"
                                hint="In order; - in front for descending."
                                suggestions
                                error=Signal::derive(wrong)
                            />
                            <Select label="Kind" value=index.kind options=Signal::stored(index_kinds()) />
                            <IconButton
                                name=IconName::Trash2
                                label="Remove the index"
                                press=move |_| indexes.update(|indexes| indexes.retain(|other| other.id != index.id))
                            />
                        </li>
                    }
                }
            </For>
        </ul>
        <Button icon=IconName::Plus press=add>
            "Add an index"
        </Button>
    }
}

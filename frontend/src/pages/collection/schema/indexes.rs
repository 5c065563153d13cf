//! The indexes as they are, and what becomes of them.

use annex_openapi::collections::{Index, IndexKind, IndexSpec};
use leptos::prelude::*;

use super::Staging;
use super::stage::{Edit, Part};
use crate::pages::collection::frame::use_collection;
use crate::pages::collections::{index_fields, index_kinds, kind_of};
use crate::ui::{
    Badge, Button, ButtonKind, ButtonSize, Card, Dialog, IconButton, IconName, Select, TagInput, Tone,
};

fn kind_words(kind: Option<IndexKind>) -> &'static str {
    match kind {
        Some(IndexKind::Plain) => "ordered",
        Some(IndexKind::Unique) => "unique",
        Some(IndexKind::FullText) => "full text",
        None => "of another kind",
    }
}

#[component]
pub(super) fn IndexTable(staging: Staging, #[prop(into)] fixed: Signal<bool>) -> impl IntoView {
    let collection = use_collection();
    let open = RwSignal::new(false);
    let rows = move || {
        let dropped = staging.stage.with(|stage| stage.dropped_indexes.clone());
        collection.with(|collection| {
            let indexes = collection.indexes.iter().cloned();
            indexes
                .map(|index| {
                    let is_dropped = dropped.contains(&index.name);
                    view! { <Row staging index is_dropped fixed /> }
                })
                .collect_view()
        })
    };
    let added = move || {
        staging.stage.with(|stage| {
            let added = stage.added_indexes.iter().cloned().enumerate();
            added.map(|(place, index)| view! { <Added staging place index /> }).collect_view()
        })
    };
    let is_empty = move || {
        collection.with(|collection| collection.indexes.is_empty())
            && staging.stage.with(|stage| stage.added_indexes.is_empty())
    };
    let add = move || {
        (!fixed.get()).then(|| {
            view! {
                <Button icon=IconName::Plus press=move |_| open.set(true)>
                    "Add an index"
                </Button>
            }
        })
    };
    view! {
        <Card title="Indexes" actions=add>
            <Show
                when=move || !is_empty()
                fallback=|| view! { <p class="small faint">"None beside the key."</p> }
            >
                <div class="table-frame bare">
                    <table class="table">
                        <thead>
                            <tr>
                                <th>"Fields"</th>
                                <th>"Kind"</th>
                                <th class="only-wide">"Name"</th>
                                <th>
                                    <span class="visually-hidden">"Actions"</span>
                                </th>
                            </tr>
                        </thead>
                        <tbody>{rows} {added}</tbody>
                    </table>
                </div>
            </Show>
        </Card>
        <Dialog open title="Add an index">
            {move || view! { <AddIndex staging close=move || open.set(false) /> }}
        </Dialog>
    }
}

#[component]
fn Row(staging: Staging, index: Index, is_dropped: bool, fixed: Signal<bool>) -> impl IntoView {
    let name = StoredValue::new(index.name.clone());
    let toggle = move |_| {
        staging.stage.update(|stage| {
            if is_dropped {
                stage.forget(&Part::DroppedIndex(name.get_value()));
            } else {
                stage.dropped_indexes.push(name.get_value());
            }
        });
    };
    let label = if is_dropped { format!("Keep {}", index.name) } else { format!("Drop {}", index.name) };
    let over = if index.fields.is_empty() { "an expression".to_owned() } else { index.fields.join(", ") };
    view! {
        <tr class:gone=is_dropped>
            <td class="mono" data-tip=index.definition>
                {over}
            </td>
            <td>
                {kind_words(index.kind)} " "
                {is_dropped.then(|| view! { <Badge tone=Tone::Bad>"dropped"</Badge> })}
            </td>
            <td class="only-wide mono faint">{index.name}</td>
            <td class="end">
                {move || {
                    (!fixed.get())
                        .then(|| {
                            view! {
                                <IconButton
                                    name=if is_dropped { IconName::Undo2 } else { IconName::Trash2 }
                                    label=label.clone()
                                    size=ButtonSize::Small
                                    press=toggle
                                />
                            }
                        })
                }}
            </td>
        </tr>
    }
}

#[component]
fn Added(staging: Staging, place: usize, index: IndexSpec) -> impl IntoView {
    view! {
        <tr class="staged">
            <td class="mono">{index.fields.join(", ")}</td>
            <td>
                {kind_words(Some(index.kind))} " " <Badge tone=Tone::Good>"new"</Badge>
            </td>
            <td class="only-wide"></td>
            <td class="end">
                <IconButton
                    name=IconName::Undo2
                    label="Do not add this index"
                    size=ButtonSize::Small
                    press=move |_| staging.stage.update(|stage| stage.forget(&Part::AddedIndex(place)))
                />
            </td>
        </tr>
    }
}

#[component]
fn AddIndex(staging: Staging, close: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let collection = use_collection();
    let fields = RwSignal::new(Vec::<String>::new());
    let kind = RwSignal::new("plain".to_owned());
    // Fields by the names that they will have.
    let suggestions = Signal::derive(move || {
        let mut future = collection.get();
        staging.stage.with(|stage| {
            future.fields.retain(|field| stage.edits.get(&field.name) != Some(&Edit::Dropped));
            for field in &mut future.fields {
                if let Some(Edit::Changed { spec, .. }) = stage.edits.get(&field.name) {
                    field.name.clone_from(&spec.name);
                }
            }
            let mut known = index_fields(&future);
            known.extend(stage.added.iter().map(|spec| spec.name.clone()));
            known
        })
    });
    let keep = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let fields = fields.get_untracked();
        if !fields.is_empty() {
            let index = IndexSpec { name: None, fields, kind: kind_of(&kind.get_untracked()) };
            staging.stage.update(|stage| stage.added_indexes.push(index));
            close();
        }
    };
    view! {
        <form class="form" on:submit=keep>
            <TagInput
                label="Fields"
                value=fields
                placeholder="status, -created_at"
                hint="In order; - in front for descending."
                suggestions
            />
            <Select label="Kind" value=kind options=Signal::stored(index_kinds()) />
            <div class="form-actions">
                <Button press=move |_| close()>"Cancel"</Button>
                <Button
                    kind=ButtonKind::Primary
                    submit=true
                    disabled=Signal::derive(move || fields.with(Vec::is_empty))
                >
                    "Add"
                </Button>
            </div>
        </form>
    }
}

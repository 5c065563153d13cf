//! The tab of a collection's fields and indexes. Changes are collected, shown as what they come to, and made together.

mod edit;
mod fields;
mod indexes;
mod realtime;
mod remove;
mod review;
mod stage;

use annex_openapi::collections::{Change, CollectionKind, CollectionPatch};
use leptos::prelude::*;

use super::frame::use_collection;
use crate::api::use_api;
use crate::pages::collections::planning::Planning;
use crate::ui::{Button, Card, IconName, Notice, Tone};
use crate::url::use_url_query;
use edit::EditField;
use fields::FieldTable;
use indexes::IndexTable;
use realtime::Realtime;
use remove::Remove;
use review::Review;
use stage::{Part, Stage};

/// What is to be changed, and what the server says of it.
#[derive(Clone, Copy)]
struct Staging {
    stage: RwSignal<Stage>,
    changes: Memo<Vec<(Part, Change)>>,
    planning: Planning,
}

/// The tab of fields and indexes.
#[component]
pub fn Schema() -> impl IntoView {
    let api = use_api();
    let collection = use_collection();
    let query = use_url_query();
    let stage = RwSignal::new(Stage::default());
    let changes = Memo::new(move |_| {
        collection.with(|collection| stage.with(|stage| stage.changes(&collection.fields)))
    });
    let planning = Planning::follow(
        move || {
            let changes: Vec<Change> = changes.get().into_iter().map(|(_, change)| change).collect();
            (!changes.is_empty()).then_some(CollectionPatch { changes, rules: None, realtime: None })
        },
        move |patch| async move {
            let name = collection.with_untracked(|collection| collection.name.clone());
            api.plan_change(&name, &patch).await
        },
    );
    let staging = Staging { stage, changes, planning };
    let is_view = Memo::new(move |_| collection.with(|collection| collection.kind == CollectionKind::View));
    let has_changes = Memo::new(move |_| changes.with(|changes| !changes.is_empty()));
    let problems = move || collection.with(|collection| collection.problems.clone());
    let add = move || {
        (!is_view.get()).then(|| {
            view! {
                <Button icon=IconName::Plus press=move |_| query.push(&[("field", Some(String::new()))])>
                    "Add a field"
                </Button>
            }
        })
    };
    view! {
        <div class="page wide" class:split=move || has_changes.get()>
            <div class="stack">
                {move || {
                    problems()
                        .into_iter()
                        .map(|problem| view! { <Notice tone=Tone::Warn>{crate::ui::expression::marked(&problem)}</Notice> })
                        .collect_view()
                }}
                {move || {
                    is_view.get().then(|| view! { <Notice>"A view changes with its definition, not here."</Notice> })
                }}
                <Card title="Fields" actions=add>
                    <FieldTable staging fixed=is_view />
                </Card>
                <IndexTable staging fixed=is_view />
                <Show when=move || !is_view.get()>
                    <Realtime />
                </Show>
                <Remove staging fixed=is_view />
            </div>
            <Show when=move || has_changes.get()>
                <Review staging />
            </Show>
        </div>
        <EditField staging />
    }
}

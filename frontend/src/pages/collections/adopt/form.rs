//! How a table becomes a collection.

use annex_openapi::collections::{AdoptRequest, Collection, CollectionSpec, Rules};
use annex_openapi::expression::RuleKind;
use annex_openapi::tables::Table;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;

use crate::api::{ApiError, use_api};
use crate::pages::collections::field::sketch;
use crate::pages::collections::planning::{PlanPreview, Planning};
use crate::pages::collections::rule::RulesDraft;
use crate::pages::collections::rules_editor::RulesEditor;
use crate::shell::{shortcut, use_catalogue};
use crate::ui::expression::with_users;
use crate::ui::toast::use_toasts;
use crate::ui::{Button, ButtonKind, Card, Checkbox, ErrorNotice, IconName, TagInput, TextInput};

#[component]
pub(super) fn AdoptForm(table: Table, back: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let api = use_api();
    let catalogue = use_catalogue();
    let toasts = use_toasts();
    let navigate = use_navigate();
    let needs_key = table.primary_key.is_empty();
    let columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
    let name = RwSignal::new(table.collection.clone());
    let key = RwSignal::new(Vec::<String>::new());
    let hidden = RwSignal::new(Vec::<String>::new());
    let rules = RulesDraft::new(Rules::default());
    let path = table.table.clone();
    let request = Memo::new(move |_| AdoptRequest {
        table: path.clone(),
        name: Some(name.get().trim().to_owned()).filter(|name| !name.is_empty()),
        primary_key: Some(key.get()).filter(|key| !key.is_empty()),
        hidden: hidden.get(),
        rules: rules.get(),
        realtime: false,
    });
    let planning = Planning::follow(
        move || (!needs_key || key.with(|key| !key.is_empty())).then(|| request.get()),
        move |request| async move { api.plan_adoption(&request).await },
    );
    // What the rules are about, as the server would have it; nothing is known until it has said so once.
    let collection = Memo::new(move |before: Option<&Collection>| {
        let planned = planning.plan.with(|plan| {
            let collections = plan.as_ref().map(|plan| plan.collections.clone()).unwrap_or_default();
            let wanted = request.with(|request| request.name.clone());
            collections.into_iter().find(|collection| Some(&collection.name) == wanted.as_ref())
        });
        let unknown = || {
            let spec = CollectionSpec {
                name: name.get(),
                fields: Vec::new(),
                indexes: Vec::new(),
                rules: Rules::default(),
                realtime: false,
            };
            sketch(&spec, &[])
        };
        planned.or_else(|| before.cloned()).unwrap_or_else(unknown)
    });
    let collections = Signal::derive(move || with_users(catalogue.all().unwrap_or_default()));
    let busy = RwSignal::new(false);
    let refusal = RwSignal::new(None::<ApiError>);
    let adopt = move || {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        refusal.set(None);
        let navigate = navigate.clone();
        spawn_local(async move {
            match api.adopt(&request.get_untracked()).await {
                Ok(collection) => {
                    let name = collection.name.clone();
                    catalogue.put(&name, collection);
                    catalogue.reload();
                    toasts.say(format!("{name} was adopted"));
                    navigate(&format!("/collections/{name}"), Default::default());
                }
                Err(error) => {
                    refusal.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    let adopt = Callback::new(move |()| adopt());
    shortcut("mod+s", "Adopt the table", move || {
        if planning.is_good() {
            adopt.run(());
        }
    });
    let known = columns.clone();
    view! {
        <div class="page wide split">
            <div class="stack">
                <div class="row">
                    <Button icon=IconName::ArrowLeft press=move |_| back()>
                        "Other tables"
                    </Button>
                    <h2 class="mono truncate">{table.table.clone()}</h2>
                </div>
                <Card>
                    <div class="form">
                        <TextInput
                            label="Name"
                            value=name
                            mono=true
                            hint="Used in URLs. The table keeps its own name."
                            error=Signal::derive(move || planning.at("/name"))
                        />
                        {needs_key
                            .then(|| {
                                view! {
                                    <TagInput
                                        label="Key"
                                        value=key
                                        placeholder="Columns"
                                        hint="The columns that tell its rows apart: it has no primary key, and records are found by one."
                                        suggestions=Signal::stored(known)
                                        error=Signal::derive(move || planning.within("/primary_key"))
                                    />
                                }
                            })}
                    </div>
                </Card>
                <Card title="Hidden columns">
                    <p class="small soft">"Only admins may read, filter by or write these."</p>
                    <div class="column-checks">
                        {columns
                            .into_iter()
                            .map(|column| {
                                let (this, that) = (column.clone(), column.clone());
                                view! {
                                    <Checkbox
                                        checked=Signal::derive(move || hidden.with(|hidden| hidden.contains(&this)))
                                        change=move |on| {
                                            hidden
                                                .update(|hidden| {
                                                    hidden.retain(|other| *other != that);
                                                    if on {
                                                        hidden.push(that.clone());
                                                    }
                                                })
                                        }
                                    >
                                        <span class="mono">{column}</span>
                                    </Checkbox>
                                }
                            })
                            .collect_view()}
                    </div>
                    {move || planning.within("/hidden").map(|error| view! { <p class="field-error">{error}</p> })}
                </Card>
                <Card title="Rules">
                    <RulesEditor
                        draft=rules
                        collection
                        collections
                        error=Callback::new(move |kind: RuleKind| planning.at(&format!("/rules/{}", kind.as_str())))
                    />
                </Card>
            </div>
            <aside class="split-side" aria-label="SQL preview">
                <div class="row">
                    <h2 class="grow">"SQL preview"</h2>
                    <Button
                        kind=ButtonKind::Primary
                        busy
                        disabled=Signal::derive(move || !planning.is_good())
                        keys="mod+s"
                        tip="Adopt the table"
                        press=move |_| adopt.run(())
                    >
                        "Adopt"
                    </Button>
                </div>
                <ErrorNotice error=refusal />
                <PlanPreview planning waiting="Name the columns of its key first." />
            </aside>
        </div>
    }
}

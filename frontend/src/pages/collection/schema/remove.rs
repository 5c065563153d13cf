//! Giving a collection another name, and deleting it.

use annex_openapi::collections::{Collection, Plan};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;

use super::Staging;
use crate::api::collections::Reach;
use crate::api::{ApiError, use_api};
use crate::pages::collection::frame::use_collection;
use crate::pages::collections::plan::PlanView;
use crate::shell::use_catalogue;
use crate::ui::toast::use_toasts;
use crate::ui::{
    Button, ButtonKind, Card, Checkbox, Dialog, DialogShape, ErrorNotice, IconName, Skeleton, TextInput,
};
use crate::url::use_url_query;

/// Whether Annex made its table: one that was adopted has no fields that came by themselves.
fn is_made_here(collection: &Collection) -> bool {
    collection.fields.iter().any(|field| field.system)
}

#[component]
pub(super) fn Remove(staging: Staging, #[prop(into)] fixed: Signal<bool>) -> impl IntoView {
    let query = use_url_query();
    let renaming = RwSignal::new(false);
    let deleting = query.dialog("delete");
    view! {
        <Card title="This collection">
            <div class="row wrap">
                <Show when=move || !fixed.get()>
                    <Button icon=IconName::Pencil press=move |_| renaming.set(true)>
                        "Rename"
                    </Button>
                </Show>
                <Button icon=IconName::Trash2 press=move |_| query.push(&[("delete", Some(String::new()))])>
                    "Delete"
                </Button>
            </div>
        </Card>
        <Dialog open=renaming title="Rename the collection">
            {move || view! { <RenameForm staging close=move || renaming.set(false) /> }}
        </Dialog>
        <Dialog open=deleting title="Delete the collection" shape=DialogShape::Wide>
            {move || view! { <DeleteForm close=move || deleting.set(false) /> }}
        </Dialog>
    }
}

#[component]
fn RenameForm(staging: Staging, close: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let now = use_collection().with_untracked(|collection| collection.name.clone());
    let given = staging.stage.with_untracked(|stage| stage.name.clone());
    let name = RwSignal::new(given.unwrap_or_else(|| now.clone()));
    let keep = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let wanted = name.get_untracked().trim().to_owned();
        staging
            .stage
            .update(|stage| stage.name = Some(wanted).filter(|name| !name.is_empty() && *name != now));
        close();
    };
    view! {
        <form class="form" on:submit=keep>
            <TextInput
                label="Name"
                value=name
                mono=true
                autofocus=true
                hint="URLs and code that say the old name no longer work. Rules follow by themselves."
            />
            <div class="form-actions">
                <Button press=move |_| close()>"Cancel"</Button>
                <Button kind=ButtonKind::Primary submit=true>
                    "Keep the change"
                </Button>
            </div>
        </form>
    }
}

#[component]
fn DeleteForm(close: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let api = use_api();
    let catalogue = use_catalogue();
    let toasts = use_toasts();
    let navigate = use_navigate();
    let collection = use_collection().get_untracked();
    let name = StoredValue::new(collection.name.clone());
    let made_here = is_made_here(&collection);
    let pointing = collection.incoming.iter().any(|incoming| incoming.collection != collection.name);
    let reach = RwSignal::new(Reach::default());
    let typed = RwSignal::new(String::new());
    let plan = RwSignal::new(None::<Plan>);
    let failure = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    Effect::new(move || {
        let wanted = reach.get();
        plan.set(None);
        failure.set(None);
        spawn_local(async move {
            let answer = api.plan_deletion(&name.get_value(), wanted).await;
            if reach.try_get_untracked() == Some(wanted) {
                match answer {
                    Ok(planned) => plan.set(Some(planned)),
                    Err(error) => failure.set(Some(error)),
                }
            }
        });
    });
    let can_delete = Signal::derive(move || {
        plan.with(Option::is_some) && typed.with(|typed| typed.trim() == name.get_value())
    });
    let delete = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !can_delete.get_untracked() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        let navigate = navigate.clone();
        let reach = reach.get_untracked();
        let name = name.get_value();
        spawn_local(async move {
            match api.delete_collection(&name, reach).await {
                Ok(()) => {
                    toasts.say(format!("{name} was deleted"));
                    navigate("/collections", Default::default());
                    catalogue.reload();
                }
                Err(error) => {
                    failure.try_set(Some(error));
                    busy.try_set(false);
                }
            }
        });
    };
    view! {
        <form class="form" on:submit=delete>
            <p>
                {if made_here {
                    "The table goes, with every row in it."
                } else {
                    "The table was adopted: it stays, with its rows, and is no longer served."
                }}
            </p>
            <div class="stack tight">
                {(!made_here)
                    .then(|| {
                        view! {
                            <Checkbox
                                checked=Signal::derive(move || reach.get().drop)
                                change=move |drop| reach.update(|reach| reach.drop = drop)
                            >
                                "Drop the table too"
                            </Checkbox>
                        }
                    })}
                {pointing
                    .then(|| {
                        view! {
                            <Checkbox
                                checked=Signal::derive(move || reach.get().cascade)
                                change=move |cascade| reach.update(|reach| reach.cascade = cascade)
                            >
                                "Detach the relations of other collections: their values stay, as plain fields"
                            </Checkbox>
                        }
                    })}
            </div>
            <ErrorNotice error=failure />
            {move || match plan.get() {
                Some(plan) => view! { <PlanView plan /> }.into_any(),
                None if failure.with(Option::is_none) => view! { <Skeleton lines=2 /> }.into_any(),
                None => ().into_any(),
            }}
            <TextInput
                label=format!("Write {} to delete it", name.get_value())
                value=typed
                mono=true
                autofocus=true
            />
            <div class="form-actions">
                <Button press=move |_| close()>"Cancel"</Button>
                <Button
                    kind=ButtonKind::Danger
                    submit=true
                    busy
                    disabled=Signal::derive(move || !can_delete.get())
                >
                    "Delete"
                </Button>
            </div>
        </form>
    }
}

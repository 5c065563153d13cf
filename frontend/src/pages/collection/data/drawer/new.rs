//! A new row.

use annex_openapi::collections::Field;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::super::edit::draft::Draft;
use super::super::layout::{Preferences, ordered};
use super::super::sheet::use_sheet;
use super::field::FieldRow;
use super::work::{focus_first_field, use_work};
use crate::api::records::object;
use crate::api::{ApiError, Attempt};
use crate::ui::toast::use_toasts;
use crate::ui::tooltip::Keys;
use crate::ui::{Button, ButtonKind, ErrorNotice, Notice, Tone};

/// What a new row is made of.
#[component]
pub fn NewRow(
    /// Counts the rows that were made without closing the form.
    round: RwSignal<u32>,
) -> impl IntoView {
    let sheet = use_sheet();
    let toasts = use_toasts();
    let collection = sheet.collection.get_untracked();
    let drafts: Vec<(Field, Draft)> = ordered(&collection, &Preferences::default())
        .into_iter()
        .map(|field| &collection.fields[field])
        .filter(|field| !field.read_only && field.name != "updated_at")
        .map(|field| (field.clone(), Draft::left_out(field)))
        .collect();
    let (by_itself, own): (Vec<_>, Vec<_>) = drafts.clone().into_iter().partition(|(field, _)| field.system);
    let drafts = StoredValue::new(drafts);
    let attempt = Attempt::new();
    use_work().add(move || {
        drafts.with_value(|drafts| drafts.iter().any(|(_, draft)| !draft.left_out.get_untracked()))
    });
    focus_first_field();
    let busy = RwSignal::new(false);
    // What is wrong shows once it was tried.
    let tried = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);

    let create = move |again: bool| {
        let fields: Vec<(String, Result<String, String>)> = drafts.with_value(|drafts| {
            let given = drafts.iter().filter(|(_, draft)| !draft.left_out.get_untracked());
            given.map(|(field, draft)| (field.name.clone(), untrack(|| draft.value()))).collect()
        });
        tried.set(true);
        let Ok(values) = fields
            .into_iter()
            .map(|(name, value)| value.map(|value| (name, value)))
            .collect::<Result<Vec<_>, _>>()
        else {
            return;
        };
        let body = object(values.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let collection = sheet.collection.get_untracked();
            match sheet.api.create_row(&collection, body, attempt).await {
                Ok(_) => {
                    toasts.say("Row created");
                    sheet.source.reload();
                    if again {
                        // The form is made anew.
                        round.try_update(|round| *round += 1);
                    } else {
                        sheet.go(|address| address.new = false);
                    }
                }
                Err(error) => drop(failure.try_set(Some(error))),
            }
            busy.try_set(false);
        });
    };
    // What belongs to a field is said there.
    let general = Signal::derive(move || {
        failure.get().filter(|error| {
            drafts.with_value(|drafts| {
                error.fields().is_empty()
                    || error
                        .fields()
                        .iter()
                        .any(|at| drafts.iter().all(|(field, _)| at.pointer != pointer(&field.name)))
            })
        })
    });
    let row = move |(field, draft): (Field, Draft)| {
        let at = pointer(&field.name);
        let wrong = Signal::derive(move || {
            let own = (tried.get() && !draft.left_out.get()).then(|| draft.value().err()).flatten();
            own.or_else(|| failure.with(|failure| failure.as_ref().and_then(|error| error.at(&at))))
        });
        view! { <FieldRow field draft=Some(draft) wrong /> }
    };
    view! {
        <form
            class="drawer-form"
            on:submit=move |event| {
                event.prevent_default();
                create(false);
            }
            on:keydown=move |event| {
                if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                    event.prevent_default();
                    create(false);
                }
            }
        >
            {own.into_iter().map(row).collect_view()}
            {(!by_itself.is_empty())
                .then(|| {
                    view! {
                        <details class="drawer-more">
                            <summary>"Generated"</summary>
                            {by_itself.into_iter().map(row).collect_view()}
                        </details>
                    }
                })} {move || {
                failure
                    .with(|failure| failure.as_ref().is_some_and(ApiError::leaves_open))
                    .then(|| {
                        view! {
                            <Notice tone=Tone::Warn>
                                "It is not known whether the row was created. Create it again as it is: it will not be there twice."
                            </Notice>
                        }
                    })
            }} <ErrorNotice error=general />
            <footer class="drawer-foot">
                <span class="row faint small grow">
                    <Keys keys="mod+enter" />
                </span>
                <Button press=move |_| create(true) busy>
                    "Create and go on"
                </Button>
                <Button kind=ButtonKind::Primary submit=true busy>
                    "Create"
                </Button>
            </footer>
        </form>
    }
}

fn pointer(field: &str) -> String {
    format!("/{}", field.replace('~', "~0").replace('/', "~1"))
}

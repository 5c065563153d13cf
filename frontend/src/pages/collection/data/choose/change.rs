//! One change of a field in all rows that are chosen.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::super::edit::draft::Draft;
use super::super::edit::input::ValueInput;
use super::super::selection::Selection;
use super::super::sheet::{Sheet, use_sheet};
use super::MOST;
use crate::api::ApiError;
use crate::api::records::{RowUpdate, object};
use crate::format;
use crate::ui::field::fresh_id;
use crate::ui::toast::use_toasts;
use crate::ui::{Button, ButtonKind, Deliberate, Dialog, ErrorNotice, Notice, Select, Tone, TypeCount};

/// One change of a field in all rows that are chosen.
#[component]
pub(super) fn ChangeDialog(
    open: RwSignal<bool>,
    matching: ReadSignal<Option<u64>>,
    deliberate: Deliberate,
) -> impl IntoView {
    let sheet = use_sheet();
    let toasts = use_toasts();
    let field = RwSignal::new(String::new());
    let fields = Memo::new(move |_| {
        sheet.collection.with(|collection| {
            let may = |(place, _): &(usize, &annex_openapi::collections::Field)| sheet.may_write(*place);
            collection
                .fields
                .iter()
                .enumerate()
                .filter(may)
                .map(|(_, field)| field.name.clone())
                .collect::<Vec<_>>()
        })
    });
    Effect::new(move || {
        if open.get() {
            field.set(fields.with(|fields| fields.first().cloned()).unwrap_or_default());
        }
    });
    let draft = Memo::new_with_compare(
        move |_| {
            let field = field.get();
            sheet
                .collection
                .with(|collection| collection.field(&field).map(|field| Draft::new(field, "null")))
        },
        |_, _| true,
    );
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let wrong = RwSignal::new(None::<String>);
    let apply = move || {
        let Some(draft) = draft.get_untracked() else { return };
        let value = match untrack(|| draft.value()) {
            Ok(value) => value,
            Err(why) => return wrong.set(Some(why)),
        };
        let name = field.get_untracked();
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            match sheet.change_chosen(&name, &value).await {
                Ok(count) => {
                    toasts.say(format!("{} rows changed", format::count(count as i64)));
                    open.try_set(false);
                    sheet.source.reload();
                }
                Err(error) => drop(failure.try_set(Some(error))),
            }
            busy.try_set(false);
        });
    };
    let title = move || match sheet.selection.with(|selection| (selection.is_all(), selection.count())) {
        (true, _) => match matching.get() {
            Some(count) => format!("Change {} rows", format::count(count as i64)),
            None => "Change all that match".to_owned(),
        },
        (false, 1) => "Change 1 row".to_owned(),
        (false, count) => format!("Change {count} rows"),
    };
    let options = Signal::derive(move || fields.get().into_iter().map(|name| (name.clone(), name)).collect());
    view! {
        <Dialog
            open
            title=Signal::derive(title)
            foot=move || {
                view! {
                    <Button press=move |_| open.set(false)>"Cancel"</Button>
                    <Button
                        kind=ButtonKind::Primary
                        busy
                        disabled=Signal::derive(move || {
                            sheet.selection.with(Selection::is_all) && !deliberate.is_meant()
                        })
                        press=move |_| apply()
                    >
                        "Change them"
                    </Button>
                }
            }
        >
            <div class="form">
                <Select label="Field" value=field options />
                {move || {
                    draft
                        .get()
                        .map(|draft| {
                            let (id, about) = (fresh_id(), fresh_id());
                            view! {
                                <div class="field">
                                    <label class="field-label" for=id.clone()>
                                        "New value"
                                    </label>
                                    <ValueInput
                                        draft
                                        id
                                        about=about.clone()
                                        label="New value"
                                        invalid=Signal::derive(move || wrong.with(Option::is_some))
                                    />
                                    <div id=about aria-live="polite">
                                        {move || wrong.get().map(|why| view! { <p class="field-error">{why}</p> })}
                                    </div>
                                </div>
                            }
                        })
                }}
                <Notice tone=Tone::Warn>
                    {move || {
                        if sheet.selection.with(Selection::is_all) {
                            "All rows that match the filter are changed at once, whatever they hold by then. This cannot be undone."
                        } else {
                            "The selected rows are changed at once, whatever they hold by then. This cannot be undone."
                        }
                    }}
                </Notice>
                {move || sheet.selection.with(Selection::is_all).then(|| view! { <TypeCount deliberate /> })}
                <ErrorNotice error=failure />
            </div>
        </Dialog>
    }
}

impl Sheet {
    /// Gives a field the same value in all rows that are chosen; says in how many.
    async fn change_chosen(self, field: &str, value: &str) -> Result<u64, ApiError> {
        let collection = self.collection.get_untracked();
        let selection = self.selection.get_untracked();
        if selection.is_all() {
            let body = object([(field, value)]);
            return self.api.update_matching(&collection.name, &self.source.listing(), body, false).await;
        }
        let keys = selection.keys();
        let update = |key| RowUpdate { key, fields: vec![(field, value)], etag: None };
        let updates: Vec<RowUpdate<'_>> = keys.iter().map(|key| update(key.as_str())).collect();
        for updates in updates.chunks(MOST) {
            self.api.update_rows(&collection, updates, self.saving.attempt).await?;
        }
        Ok(keys.len() as u64)
    }
}

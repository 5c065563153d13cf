//! Choosing rows, and what is done with those that are chosen.

use std::ops::Range;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::edit::draft::Draft;
use super::edit::input::ValueInput;
use super::selection::Selection;
use super::sheet::{Sheet, use_sheet};
use crate::api::ApiError;
use crate::api::records::{RowUpdate, object};
use crate::format;
use crate::ui::field::fresh_id;
use crate::ui::toast::{Toasts, use_toasts};
use crate::ui::{
    Button, ButtonKind, ButtonSize, Confirm, Deliberate, Dialog, ErrorNotice, IconButton, IconName, Notice,
    Select, Tone, TypeCount,
};

/// How many rows can be chosen one by one: what one transaction takes.
const MOST: usize = 1000;

impl Sheet {
    /// Chooses the row at a place, or no more.
    pub fn toggle_row(self, place: usize) {
        if let Some(key) = self.source.with_row(place, |row| row.key().to_owned()) {
            self.selection.update(|selection| selection.toggle(place, &key));
        }
    }

    /// Chooses the rows from the one that was chosen last up to a place.
    pub fn choose_to(self, place: usize, toasts: Toasts) {
        let range = self.selection.with_untracked(|selection| selection.range_to(place));
        self.choose(range, toasts);
    }

    fn choose(self, places: Range<usize>, toasts: Toasts) {
        let too_many = move || {
            toasts.warn(format!(
                "At most {} rows can be selected one by one: filter, and select all that match",
                format::count(MOST as i64)
            ));
        };
        if places.len() > MOST {
            return too_many();
        }
        spawn_local(async move {
            match self.source.keys(places).await {
                Ok(keys) => {
                    if self.selection.try_update(|selection| selection.add(keys, MOST)) == Some(false) {
                        too_many();
                    }
                }
                Err(error) => toasts.fail("The rows could not be selected", &error),
            }
        });
    }
}

/// What is done with many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Edit,
    Delete,
}

/// The bar that says how many rows are chosen, and what can be done with them.
#[component]
pub fn ChosenBar() -> impl IntoView {
    let sheet = use_sheet();
    let toasts = use_toasts();
    let editing = RwSignal::new(false);
    let deleting = RwSignal::new(false);
    let matching = RwSignal::new(None::<u64>);
    let deliberate = Deliberate::new(matching);
    let is_empty = Memo::new(move |_| sheet.selection.with(Selection::is_empty));
    let clear = move || sheet.selection.set(Selection::default());
    let words = move || {
        sheet.selection.with(|selection| {
            if selection.is_all() {
                "All that match selected".to_owned()
            } else {
                format!("{} selected", selection.count())
            }
        })
    };
    // What all that match are is counted before anything is done with them.
    let begin = move |deed: Deed| {
        let open = match deed {
            Deed::Edit => editing,
            Deed::Delete => deleting,
        };
        if !sheet.selection.with_untracked(Selection::is_all) {
            match deed {
                Deed::Edit => open.set(true),
                Deed::Delete => {
                    let keys = sheet.selection.with_untracked(Selection::keys);
                    sheet.delete(keys, toasts);
                }
            }
            return;
        }
        matching.set(None);
        deliberate.begin();
        open.set(true);
        spawn_local(async move {
            let name = sheet.collection.with_untracked(|collection| collection.name.clone());
            match sheet.api.delete_matching(&name, &sheet.source.listing(), true).await {
                Ok(count) => drop(matching.try_set(Some(count))),
                Err(error) => {
                    open.try_set(false);
                    toasts.fail("The rows could not be counted", &error);
                }
            }
        });
    };
    let delete_all = move |()| {
        spawn_local(async move {
            let name = sheet.collection.with_untracked(|collection| collection.name.clone());
            match sheet.api.delete_matching(&name, &sheet.source.listing(), false).await {
                Ok(count) => {
                    toasts.say(format!("{} rows deleted", format::count(count as i64)));
                    clear();
                    sheet.source.reload();
                }
                Err(error) => toasts.fail("Nothing was deleted", &error),
            }
        });
    };
    let counted = move || match matching.get() {
        Some(1) => "1 row".to_owned(),
        Some(count) => format!("{} rows", format::count(count as i64)),
        None => "rows (being counted)".to_owned(),
    };
    view! {
        {move || {
            (!is_empty.get())
                .then(|| {
                    view! {
                        <div class="chosen-bar" role="region" aria-label="Selected rows">
                            <span class="changes-count numbers" role="status">
                                {words}
                            </span>
                            {move || {
                                (!sheet.selection.with(Selection::is_all))
                                    .then(|| {
                                        view! {
                                            <Button
                                                kind=ButtonKind::Quiet
                                                size=ButtonSize::Small
                                                keys="mod+a"
                                                tip="Select every matching row, also those not in view"
                                                press=move |_| sheet.selection.set(Selection::all())
                                            >
                                                "Select all that match"
                                            </Button>
                                        }
                                    })
                            }}
                            {sheet
                                .is_writable()
                                .then(|| {
                                    view! {
                                        <Button
                                            kind=ButtonKind::Secondary
                                            size=ButtonSize::Small
                                            icon=IconName::Pencil
                                            press=move |_| begin(Deed::Edit)
                                        >
                                            "Change"
                                        </Button>
                                        <Button
                                            kind=ButtonKind::Secondary
                                            size=ButtonSize::Small
                                            icon=IconName::Trash2
                                            press=move |_| begin(Deed::Delete)
                                        >
                                            "Delete"
                                        </Button>
                                    }
                                })}
                            <IconButton
                                name=IconName::X
                                label="Clear the selection"
                                keys="escape"
                                size=ButtonSize::Small
                                press=move |_| clear()
                            />
                        </div>
                    }
                })
        }}
        <Confirm
            open=deleting
            title=Signal::derive(move || format!("Delete {}?", counted()))
            action="Delete them"
            ready=Signal::derive(move || deliberate.is_meant())
            done=delete_all
        >
            <p>
                {move || {
                    let listing = sheet.address.with(|address| address.listing.clone());
                    if listing.filter.is_empty() && listing.search.is_empty() {
                        "No filter is set: these are all rows of the collection.".to_owned()
                    } else {
                        "These are all rows that match the filter, including those not in view.".to_owned()
                    }
                }}
            </p>
            <p>"They are deleted at once, and this cannot be undone."</p>
            <TypeCount deliberate />
        </Confirm>
        <ChangeDialog open=editing matching=matching.read_only() deliberate />
    }
}

/// One change of a field in all rows that are chosen.
#[component]
fn ChangeDialog(
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

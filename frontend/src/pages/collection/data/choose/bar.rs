//! The bar that says how many rows are chosen, and what can be done with them.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::super::selection::Selection;
use super::super::sheet::use_sheet;
use super::change::ChangeDialog;
use crate::format;
use crate::ui::toast::use_toasts;
use crate::ui::{Button, ButtonKind, ButtonSize, Confirm, Deliberate, IconButton, IconName, TypeCount};

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

//! The data tab: a collection's rows, to be looked through, found, changed, taken in and out.

mod address;
mod choose;
mod columns;
mod deleted;
mod drawer;
mod edit;
mod empty;
mod extent;
mod field;
mod filter;
#[cfg(test)]
mod fixture;
mod grid;
mod labels;
mod layout;
mod live;
mod order;
mod related;
mod scroll;
mod selection;
mod sheet;
mod source;
mod status;
mod toolbar;
mod transfer;
mod value;
mod views;
mod window;

use leptos::prelude::*;

use crate::part::later;
use crate::ui::ErrorNotice;
use crate::url::use_url_query;
use choose::ChosenBar;
use drawer::Drawer;
use edit::cell::CellEditor;
use edit::{ChangesBar, ConflictDialog, ReviewDialog};
use empty::NoRows;
use filter::ChipsBar;
use grid::{Grid, GridView};
use sheet::Sheet;
use status::Status;
use toolbar::Toolbar;
use transfer::{ExportDialog, ImportDialog};

/// The data tab.
#[component]
pub fn Data() -> impl IntoView {
    let sheet = Sheet::new();
    provide_context(sheet);
    let view = GridView::new(sheet);
    let (import, export) = (use_url_query().dialog("import"), use_url_query().dialog("export"));
    // What is wrong with the filter is said where it is written.
    let failure =
        Signal::derive(move || sheet.source.failure().get().filter(|error| error.at("?filter").is_none()));
    view! {
        <div class="data" class:is-stopped=move || sheet.source.failure().with(Option::is_some)>
            <Toolbar import export />
            <ChipsBar />
            <ErrorNotice error=failure retry=move |()| sheet.source.reload() />
            <Grid view />
            <Status view />
            {later!(
                data_changes,
                |view: GridView, import: RwSignal<bool>, export: RwSignal<bool>| view! {
                    <NoRows import />
                    <ChosenBar />
                    <ChangesBar />
                    <CellEditor view />
                    <Drawer />
                    <ImportDialog open=import />
                    <ExportDialog open=export />
                    <ReviewDialog />
                    <ConflictDialog />
                }
            )}
        </div>
    }
}

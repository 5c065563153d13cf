//! The bar above the grid.

use leptos::prelude::*;

use super::columns::ColumnsMenu;
use super::filter::{Chips, FilterBar, SearchBar};
use super::sheet::use_sheet;
use crate::shell::shortcut;
use crate::ui::{Button, ButtonKind, IconButton, IconName};

/// The bar above the grid.
#[component]
pub fn Toolbar() -> impl IntoView {
    let sheet = use_sheet();
    shortcut("n", "New row", move || {
        if sheet.is_writable() {
            sheet.go(|address| address.record = Some(String::new()));
        }
    });
    view! {
        <div class="data-bar">
            <FilterBar />
            <SearchBar />
            <ColumnsMenu />
            {move || {
                sheet
                    .is_writable()
                    .then(|| {
                        view! {
                            <Button
                                kind=ButtonKind::Primary
                                icon=IconName::Plus
                                keys="n"
                                tip="New row"
                                press=move |_| sheet.go(|address| address.record = Some(String::new()))
                            >
                                "New"
                            </Button>
                        }
                    })
            }}
            <IconButton name=IconName::RefreshCw label="Read again" press=move |_| sheet.source.reload() />
        </div>
        <Chips />
    }
}

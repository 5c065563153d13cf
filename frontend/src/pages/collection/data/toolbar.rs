//! The bar above the grid.

use leptos::prelude::*;

use super::columns::ColumnsMenu;
use super::filter::{Chips, FilterBar, SearchBar};
use super::sheet::use_sheet;
use crate::ui::{IconButton, IconName};

/// The bar above the grid.
#[component]
pub fn Toolbar() -> impl IntoView {
    let sheet = use_sheet();
    view! {
        <div class="data-bar">
            <FilterBar />
            <SearchBar />
            <ColumnsMenu />
            <IconButton name=IconName::RefreshCw label="Read again" press=move |_| sheet.source.reload() />
        </div>
        <Chips />
    }
}

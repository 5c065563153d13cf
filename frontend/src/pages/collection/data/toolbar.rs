//! The bar above the grid.

use leptos::prelude::*;

use super::columns::ColumnsMenu;
use super::filter::{FilterBar, SearchBar};
use super::sheet::use_sheet;
use super::views::ViewsMenu;
use crate::part::later;
use crate::shell::shortcut;
use crate::ui::{Button, ButtonKind, Icon, IconName, Menu, MenuItem};

/// The bar above the grid.
#[component]
pub fn Toolbar(import: RwSignal<bool>, export: RwSignal<bool>) -> impl IntoView {
    view! {
        <div class="data-bar">
            <FilterBar />
            <div class="data-tools">
                <SearchBar />
                {later!(
                    data_tools,
                    |import: RwSignal<bool>, export: RwSignal<bool>| view! { <Tools import export /> }
                )}
            </div>
        </div>
    }
}

/// What is done with the list as a whole: nothing of it is needed to read it.
#[component]
fn Tools(import: RwSignal<bool>, export: RwSignal<bool>) -> impl IntoView {
    let sheet = use_sheet();
    let new_row = move || {
        if sheet.is_writable() {
            sheet.go(|address| address.new = true);
        }
    };
    shortcut("n", "New row", new_row);
    view! {
                <ViewsMenu />
                <ColumnsMenu />
                <Menu
                    label="More"
                    end=true
                    button=Box::new(|| view! { <Icon name=IconName::Ellipsis /> }.into_any())
                >
                    {sheet
                        .is_writable()
                        .then(|| {
                            view! {
                                <MenuItem icon=IconName::Upload press=move |_| import.set(true)>
                                    "Import"
                                </MenuItem>
                            }
                        })}
                    <MenuItem icon=IconName::Download press=move |_| export.set(true)>
                        "Export"
                    </MenuItem>
                    <MenuItem icon=IconName::RefreshCw press=move |_| sheet.source.reload()>
                        "Reload"
                    </MenuItem>
                </Menu>
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
                                    press=move |_| new_row()
                                >
                                    "New"
                                </Button>
                            }
                        })
                }}
    }
}

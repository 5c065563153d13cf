//! The menu of a column, and what it does to columns.

use leptos::prelude::*;

use super::super::sheet::{Place, Sheet};
use super::view::GridView;
use crate::ui::{IconName, MenuItem, Spot};

/// The column whose menu is open, and beside what.
#[derive(Clone, Copy)]
pub struct HeadMenu {
    /// The column.
    pub column: RwSignal<usize>,
    /// Beside what the menu lies.
    pub at: RwSignal<Option<Spot>>,
}

/// Puts a column at another place among those that show.
pub fn move_column(sheet: Sheet, from: usize, to: usize) {
    let last = sheet.layout.with_untracked(|layout| layout.columns.len().saturating_sub(1));
    let to = to.min(last);
    if from == to {
        return;
    }
    sheet.arrange(|shown| {
        let column = shown.remove(from);
        shown.insert(to, column);
    });
    if sheet.active.get_untracked().row.is_none() {
        sheet.active.set(Place { row: None, column: to });
    }
}

/// Makes a column wider or narrower.
pub fn resize(sheet: Sheet, column: usize, by: f64) {
    let column = sheet.layout.with_untracked(|layout| {
        layout.columns.get(column).map(|column| (column.name.clone(), column.width))
    });
    if let Some((name, width)) = column {
        sheet.widen(&name, width + by);
    }
}

/// Makes a column as wide as what shows of it needs.
pub fn fit(view: GridView, column: usize) {
    if let Some((name, width)) = view.needed_width(column) {
        view.sheet().widen(&name, width);
    }
}

/// The menu of a column.
#[component]
pub fn HeadMenuItems(view: GridView, column: usize) -> impl IntoView {
    let sheet = view.sheet();
    let Some(name) =
        sheet.layout.with_untracked(|layout| layout.columns.get(column).map(|column| column.name.clone()))
    else {
        return ().into_any();
    };
    let sorted = sheet.address.with_untracked(|address| address.sorted(&name));
    let others = sheet
        .address
        .with_untracked(|address| address.listing.sort.iter().any(|key| key.trim_start_matches('-') != name));
    let last = sheet.layout.with_untracked(|layout| layout.columns.len()) - 1;
    let sortable = sheet
        .collection
        .with_untracked(|collection| collection.field(&name).is_some_and(super::super::field::has_order));
    let name = StoredValue::new(name);
    let sort = move |descending: Option<bool>, beside: bool| {
        let name = name.get_value();
        let key = descending.map(|descending| if descending { format!("-{name}") } else { name.clone() });
        sheet.go(|address| address.set_sort(&name, key, beside));
    };
    view! {
        {sortable
            .then(|| {
                view! {
                    <MenuItem icon=IconName::ArrowUp press=move |_| sort(Some(false), false)>
                        "Sort ascending"
                    </MenuItem>
                    <MenuItem icon=IconName::ArrowDown press=move |_| sort(Some(true), false)>
                        "Sort descending"
                    </MenuItem>
                    {(others && sorted.is_none())
                        .then(|| {
                            view! {
                                <MenuItem icon=IconName::ArrowUpDown press=move |_| sort(Some(false), true)>
                                    "Then sort by this"
                                </MenuItem>
                            }
                        })}
                    {sorted
                        .map(|_| {
                            view! {
                                <MenuItem icon=IconName::X press=move |_| sort(None, true)>
                                    "Stop sorting by this"
                                </MenuItem>
                            }
                        })}
                    <hr class="menu-line" />
                }
            })}
        <MenuItem
            icon=IconName::ArrowLeft
            disabled=column == 0
            press=move |_| move_column(sheet, column, column.saturating_sub(1))
        >
            "Move left"
        </MenuItem>
        <MenuItem
            icon=IconName::ArrowRight
            disabled=column == last
            press=move |_| move_column(sheet, column, column + 1)
        >
            "Move right"
        </MenuItem>
        <MenuItem icon=IconName::MoveHorizontal press=move |_| fit(view, column)>
            "Fit to content"
        </MenuItem>
        <MenuItem
            icon=IconName::EyeOff
            disabled=last == 0
            press=move |_| name.with_value(|name| sheet.arrange(|shown| shown.retain(|column| column != name)))
        >
            "Hide"
        </MenuItem>
    }
    .into_any()
}

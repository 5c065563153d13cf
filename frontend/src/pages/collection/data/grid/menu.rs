//! The menu of a cell.

use leptos::prelude::*;

use super::super::edit::cell::begin;
use super::super::field::is_comparable;
use super::super::related::related_row;
use super::super::sheet::Place;
use super::super::value::is_null;
use super::view::GridView;
use crate::ui::toast::use_toasts;
use crate::ui::{IconName, MenuItem};

/// What can be done with a cell and its row.
#[component]
pub fn CellMenu(view: GridView, place: Place) -> impl IntoView {
    let sheet = view.sheet();
    let toasts = use_toasts();
    let Some(cell) = sheet.cell(place) else { return ().into_any() };
    let field = sheet.collection.with_untracked(|collection| collection.fields[cell.field].clone());
    let may_write = sheet.may_write(cell.field);
    let key = StoredValue::new(cell.key);
    let related = related_row(&field, &cell.value);
    view! {
        {may_write
            .then(|| {
                view! {
                    <MenuItem icon=IconName::Pencil keys="enter" press=move |_| begin(view, None)>
                        "Change"
                    </MenuItem>
                    <MenuItem
                        icon=IconName::CircleSlash
                        keys="delete"
                        disabled=field.required || is_null(&cell.value)
                        press=move |_| sheet.clear(place)
                    >
                        "Set to null"
                    </MenuItem>
                }
            })}
        <MenuItem icon=IconName::Copy keys="mod+c" press=move |_| sheet.copy(place, toasts)>
            "Copy"
        </MenuItem>
        {(is_comparable(&field) || is_null(&cell.old))
            .then(|| {
                view! {
                    <hr class="menu-line" />
                    <MenuItem icon=IconName::Filter press=move |_| sheet.filter_by(place, false)>
                        "Filter by this value"
                    </MenuItem>
                    <MenuItem icon=IconName::FilterX press=move |_| sheet.filter_by(place, true)>
                        "Leave out this value"
                    </MenuItem>
                }
            })}
        <hr class="menu-line" />
        <MenuItem icon=IconName::Maximize2 keys="mod+enter" press=move |_| sheet.open(place)>
            "Open the record"
        </MenuItem>
        {related
            .map(|(words, href)| {
                view! {
                    <a class="menu-item" role="menuitem" tabindex="-1" href=href>
                        <crate::ui::Icon name=IconName::ArrowUpRight />
                        {words}
                    </a>
                }
            })}
        {sheet
            .is_writable()
            .then(|| {
                view! {
                    <MenuItem
                        icon=IconName::Trash2
                        danger=true
                        keys="mod+backspace"
                        press=move |_| sheet.delete(vec![key.get_value()], toasts)
                    >
                        "Delete the row"
                    </MenuItem>
                }
            })}
    }
    .into_any()
}

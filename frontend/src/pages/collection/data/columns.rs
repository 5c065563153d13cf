//! The menu of columns: which show.

use leptos::prelude::*;

use super::field::type_icon;
use super::layout::{Layout, Preferences, ordered};
use super::sheet::{Sheet, use_sheet};
use crate::ui::{Icon, IconName, Menu, MenuCheck, MenuItem};

/// The menu of columns.
#[component]
pub fn ColumnsMenu() -> impl IntoView {
    let sheet = use_sheet();
    let label = move || {
        let all = sheet.collection.with(|collection| collection.fields.len());
        match all - sheet.layout.with(|layout| layout.columns.len()) {
            0 => "Columns".to_owned(),
            hidden => format!("Columns, {hidden} hidden"),
        }
    };
    view! {
        <Menu
            label="Columns"
            class="button quiet"
            end=true
            button=Box::new(move || {
                view! {
                    <Icon name=IconName::Columns3 />
                    <span class="only-wide">{label}</span>
                }
                    .into_any()
            })
        >
            {fields(sheet)
                .into_iter()
                .map(|(name, icon)| {
                    let field = StoredValue::new(name.clone());
                    let checked = move || sheet.layout.with(|layout| field.with_value(|name| layout.place(name).is_some()));
                    view! {
                        <MenuCheck checked=Signal::derive(checked) change=move |on| show(sheet, &field.get_value(), on) icon label=name />
                    }
                })
                .collect_view()} <hr class="menu-line" />
            <MenuItem icon=IconName::Undo2 press=move |_| reset(sheet)>
                "Reset columns"
            </MenuItem>
        </Menu>
    }
}

/// All fields, those that show first, as they do.
fn fields(sheet: Sheet) -> Vec<(String, IconName)> {
    let collection = sheet.collection.get_untracked();
    let mut names = sheet.layout.with_untracked(Layout::names);
    for field in ordered(&collection, &sheet.preferences().get_untracked()) {
        if !names.contains(&collection.fields[field].name) {
            names.push(collection.fields[field].name.clone());
        }
    }
    names.into_iter().filter_map(|name| Some((name.clone(), type_icon(collection.field(&name)?)))).collect()
}

/// Shows a column at the end, or no more. The last one stays.
fn show(sheet: Sheet, name: &str, on: bool) {
    sheet.arrange(|shown| match on {
        true => shown.push(name.to_owned()),
        false if shown.len() > 1 => shown.retain(|column| column != name),
        false => {}
    });
}

fn reset(sheet: Sheet) {
    sheet.prefer(|preferences| *preferences = Preferences::default());
    sheet.go(|address| address.columns = None);
}

//! The header of the grid.

use annex_openapi::collections::{Field, FieldType};
use leptos::prelude::*;
use web_sys::MouseEvent;

use super::super::layout::Column;
use super::super::sheet::use_sheet;
use crate::ui::{Icon, IconName};

/// The header: a cell for each column. It moves sideways with the rows.
#[component]
pub fn Head(#[prop(into)] width: Signal<String>) -> impl IntoView {
    let sheet = use_sheet();
    let cells = move || {
        let mut columns = sheet.layout.with(|layout| layout.columns.clone()).into_iter().enumerate();
        let first = columns.next();
        view! {
            <div class="grid-pin" role="presentation">
                <div class="grid-gutter" role="columnheader" aria-colindex="1" aria-label="Selected"></div>
                {first.map(|(index, column)| view! { <HeadCell index column /> })}
            </div>
            <div class="grid-rest" role="presentation">
                {columns.map(|(index, column)| view! { <HeadCell index column /> }).collect_view()}
            </div>
        }
    };
    view! {
        <div class="grid-head" role="rowgroup" style:width=width>
            <div class="grid-row" role="row" aria-rowindex="1">
                {cells}
            </div>
        </div>
    }
}

#[component]
fn HeadCell(index: usize, column: Column) -> impl IntoView {
    let sheet = use_sheet();
    let name = StoredValue::new(column.name.clone());
    let icon = sheet.collection.with_untracked(|collection| type_icon(&collection.fields[column.field]));
    let sorted =
        Memo::new(move |_| sheet.address.with(|address| name.with_value(|name| address.sorted(name))));
    let press = move |event: MouseEvent| {
        sheet.go(false, |address| name.with_value(|name| address.toggle_sort(name, event.shift_key())));
    };
    view! {
        <div
            class=format!("head-cell {}", column.look.class())
            role="columnheader"
            aria-colindex=index + 2
            aria-sort=move || match sorted.get() {
                None => "none",
                Some((_, false)) => "ascending",
                Some((_, true)) => "descending",
            }
            tabindex=move || if sheet.active.get() == (super::Place { row: None, column: index }) { "0" } else { "-1" }
            style:width=format!("{}px", column.width)
            style:left=(index > 0).then(|| format!("{}px", column.left))
            on:click=press
        >
            <Icon name=icon />
            <span class="truncate">{column.name}</span>
            {move || {
                sorted
                    .get()
                    .map(|(_, descending)| {
                        view! { <Icon name=if descending { IconName::ArrowDown } else { IconName::ArrowUp } /> }
                    })
            }}
        </div>
    }
}

/// The picture of a field's type.
pub fn type_icon(field: &Field) -> IconName {
    if field.array {
        return IconName::List;
    }
    match field.type_ {
        FieldType::Text => IconName::Text,
        FieldType::Email => IconName::AtSign,
        FieldType::Url | FieldType::Relation => IconName::Link,
        FieldType::Bool => IconName::ToggleLeft,
        FieldType::Int | FieldType::Bigint | FieldType::Float | FieldType::Numeric => IconName::Hash,
        FieldType::Date => IconName::Calendar,
        FieldType::Timestamp => IconName::CalendarClock,
        FieldType::Uuid => IconName::Fingerprint,
        FieldType::Json => IconName::Braces,
        FieldType::Enum => IconName::ListTree,
        FieldType::File => IconName::File,
        FieldType::Files => IconName::Files,
    }
}

//! Which column of a file goes into which field.

use leptos::prelude::*;

use super::super::sheet::use_sheet;
use super::file::Source;
use super::mapping::targets;

/// The value of a column that goes into no field.
const NOWHERE: &str = "";

/// The columns of the file with their first values, and the field that each goes into.
#[component]
pub(super) fn MappingTable(read: Source, mapping: RwSignal<Vec<Option<String>>>) -> impl IntoView {
    let sheet = use_sheet();
    let fields = StoredValue::new(sheet.collection.with_untracked(targets));
    let column = move |(index, name): (usize, String)| {
        let samples: Vec<String> = read
            .rows
            .iter()
            .filter_map(|row| row.get(index))
            .filter(|cell| !cell.is_empty())
            .take(3)
            .cloned()
            .collect();
        let label = format!("Field for {name}");
        let now = move || mapping.with(|mapping| mapping.get(index).cloned().flatten().unwrap_or_default());
        view! {
            <tr>
                <td>
                    <code>{name}</code>
                </td>
                <td class="faint truncate import-samples">{samples.join(" · ")}</td>
                <td>
                    <select
                        class="input small"
                        aria-label=label
                        prop:value=now
                        on:change:target=move |event| {
                            let field = Some(event.target().value()).filter(|field| field != NOWHERE);
                            mapping.update(|mapping| {
                                // A field takes one column.
                                for other in mapping.iter_mut().filter(|other| field.is_some() && **other == field) {
                                    *other = None;
                                }
                                mapping[index] = field;
                            });
                        }
                    >
                        <option value=NOWHERE>"Leave out"</option>
                        {fields
                            .get_value()
                            .into_iter()
                            .map(|field| {
                                let (value, this) = (field.clone(), field.clone());
                                view! {
                                    <option value=value selected=move || now() == this>
                                        {field}
                                    </option>
                                }
                            })
                            .collect_view()}
                    </select>
                </td>
            </tr>
        }
    };
    view! {
        <div class="table-frame import-mapping">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Column in the file"</th>
                        <th scope="col">"Examples"</th>
                        <th scope="col">"Field"</th>
                    </tr>
                </thead>
                <tbody>{read.columns.clone().into_iter().enumerate().map(column).collect_view()}</tbody>
            </table>
        </div>
    }
}

//! The tables that are no collections, and why one may not become one.

use annex_openapi::tables::{Table, TableKind};
use leptos::prelude::*;

use crate::format;
use crate::ui::expression::quoted;
use crate::ui::{Badge, Icon, IconName, Tone};
use crate::url::UrlQuery;

fn kind_words(kind: TableKind) -> Option<&'static str> {
    match kind {
        TableKind::Table => None,
        TableKind::PartitionedTable => Some("partitioned"),
        TableKind::View => Some("view"),
        TableKind::MaterializedView => Some("materialized view"),
        TableKind::ForeignTable => Some("foreign table"),
    }
}

/// Whether what is in the way can be mended with another name or a key.
pub(super) fn is_mendable(table: &Table) -> bool {
    table.adoptable
        || table.refusal.as_ref().is_some_and(|refusal| {
            let places = refusal.errors.iter().map(|error| error.pointer.as_str());
            let mut count = 0;
            let all =
                places.inspect(|_| count += 1).all(|pointer| pointer == "/name" || pointer == "/primary_key");
            all && count > 0
        })
}

#[component]
pub(super) fn Tables(all: Vec<Table>, query: UrlQuery) -> impl IntoView {
    view! {
        <div class="page">
            <p class="adopt-lead soft">
                "Choose a table. It stays as it is, and other programs go on using it."
            </p>
            <div class="table-frame">
                <table class="table">
                    <thead>
                        <tr>
                            <th>"Table"</th>
                            <th class="end only-wide">"Rows"</th>
                            <th class="end only-wide">"Size"</th>
                            <th class="end only-wide">"Columns"</th>
                            <th>"Can be adopted"</th>
                        </tr>
                    </thead>
                    <tbody>{all.into_iter().map(|table| view! { <Row table query /> }).collect_view()}</tbody>
                </table>
            </div>
        </div>
    }
}

#[component]
fn Row(table: Table, query: UrlQuery) -> impl IntoView {
    let open = is_mendable(&table);
    let name = table.table.clone();
    let link = move || query.link(&[("table", Some(name.clone()))]);
    let state = match (&table.refusal, open) {
        (None, _) => view! { <Badge tone=Tone::Good icon=IconName::Check>"yes"</Badge> }.into_any(),
        (Some(refusal), true) => view! {
            <Badge tone=Tone::Warn>{if table.primary_key.is_empty() { "needs a key" } else { "needs another name" }}</Badge>
            <span class="schema-note">{quoted(&refusal.detail)}</span>
        }
        .into_any(),
        (Some(refusal), false) => view! {
            <Badge tone=Tone::Bad>"no"</Badge>
            <span class="schema-note">{quoted(&refusal.detail)}</span>
            {refusal.hint.as_ref().map(|hint| view! { <span class="schema-note">{quoted(hint)}</span> })}
        }
        .into_any(),
    };
    let rows = table.estimated_rows.map_or_else(|| "–".to_owned(), format::about);
    let bytes = table.size_bytes.map_or_else(|| "–".to_owned(), format::bytes);
    view! {
        <tr class:link=open>
            <td>
                <span class="collection-name">
                    <Icon name=if table.kind == TableKind::Table { IconName::Table2 } else { IconName::Eye } />
                    {if open {
                        view! {
                            <a class="row-link" href=link>
                                {table.table.clone()}
                            </a>
                        }
                            .into_any()
                    } else {
                        view! { <span class="soft">{table.table.clone()}</span> }.into_any()
                    }}
                    {kind_words(table.kind).map(|words| view! { <Badge>{words}</Badge> })}
                </span>
            </td>
            <td class="end numbers only-wide">{rows}</td>
            <td class="end numbers only-wide">{bytes}</td>
            <td class="end numbers only-wide">{table.columns.len()}</td>
            <td>{state}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use annex_openapi::problem::FieldError;
    use annex_openapi::tables::TableRefusal;

    use super::*;

    fn table(pointers: &[&str]) -> Table {
        let errors: Vec<FieldError> =
            pointers.iter().map(|pointer| FieldError::new(*pointer, "required", "")).collect();
        Table {
            table: "public.events".to_owned(),
            schema: "public".to_owned(),
            name: "events".to_owned(),
            kind: TableKind::Table,
            estimated_rows: None,
            size_bytes: None,
            columns: Vec::new(),
            primary_key: Vec::new(),
            collection: "events".to_owned(),
            adoptable: false,
            refusal: Some(TableRefusal {
                code: "conflict".to_owned(),
                detail: String::new(),
                errors,
                hint: None,
            }),
        }
    }

    #[test]
    fn a_name_or_a_key_mends_but_not_the_table_itself() {
        assert!(is_mendable(&table(&["/primary_key"])));
        assert!(is_mendable(&table(&["/name", "/primary_key"])));
        assert!(!is_mendable(&table(&["/primary_key", "/table"])));
        assert!(!is_mendable(&table(&[])));
        assert!(is_mendable(&Table { adoptable: true, refusal: None, ..table(&[]) }));
    }
}

//! A grid without rows: why there are none, and what to do about it.

use leptos::prelude::*;

use super::sheet::use_sheet;
use super::source::Total;
use crate::ui::{Button, ButtonKind, CodeBlock, Empty, IconName};

/// What shows in place of rows where there are none.
#[component]
pub fn NoRows(import: RwSignal<bool>) -> impl IntoView {
    let sheet = use_sheet();
    let is_empty = Memo::new(move |_| {
        sheet.source.track();
        let Total { rows, exact, known, new, .. } = sheet.source.total();
        known && exact && rows + new == 0
    });
    let is_filtered = Memo::new(move |_| {
        sheet.address.with(|address| !address.listing.filter.is_empty() || !address.listing.search.is_empty())
    });
    let curl = move || {
        let name = sheet.collection.with(|collection| collection.name.clone());
        let origin = sheet.api.known_origin();
        format!(
            "curl {origin}/v1/records/{name} \\\n  -H \"Authorization: Bearer $TOKEN\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{{}}'"
        )
    };
    move || {
        is_empty.get().then(|| {
            if is_filtered.get() {
                view! {
                    <div class="data-empty">
                        <Empty icon=IconName::Filter title="No row matches">
                            <p>"The filter and the search leave none of the rows."</p>
                            <Button press=move |_| {
                                sheet.go(|address| {
                                    address.listing.filter.clear();
                                    address.listing.search.clear();
                                });
                            }>"Show all rows"</Button>
                        </Empty>
                    </div>
                }
                .into_any()
            } else {
                view! {
                    <div class="data-empty">
                        <Empty icon=IconName::Table2 title="No rows yet">
                            <p>"Add the first one here, take some in from a file, or send one from a program:"</p>
                            {sheet
                                .is_writable()
                                .then(|| {
                                    view! {
                                        <div class="row">
                                            <Button
                                                kind=ButtonKind::Primary
                                                icon=IconName::Plus
                                                press=move |_| sheet.go(|address| address.new = true)
                                            >
                                                "New row"
                                            </Button>
                                            <Button icon=IconName::Upload press=move |_| import.set(true)>
                                                "Import"
                                            </Button>
                                        </div>
                                    }
                                })}
                            <CodeBlock text=Signal::derive(curl) label="A request that makes a row" />
                        </Empty>
                    </div>
                }
                .into_any()
            }
        })
    }
}

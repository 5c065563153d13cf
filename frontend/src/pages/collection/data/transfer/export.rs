//! Taking rows out into a file: those that the filter leaves, in the order and with the columns that show.

use annex_openapi::transfer::{ExportRequest, TransferFormat};
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::AbortController;

use super::super::layout::Layout;
use super::super::sheet::use_sheet;
use crate::api::ApiError;
use crate::browser;
use crate::format;
use crate::ui::toast::use_toasts;
use crate::ui::{Button, ButtonKind, Checkbox, Dialog, ErrorNotice, Notice, Segmented};

/// Asks how rows are written into a file, and writes them.
#[component]
pub fn ExportDialog(open: RwSignal<bool>) -> impl IntoView {
    let sheet = use_sheet();
    let toasts = use_toasts();
    let kind = RwSignal::new(TransferFormat::Csv);
    let all_fields = RwSignal::new(false);
    let escape = RwSignal::new(false);
    // How many bytes have come, while they do.
    let bytes = RwSignal::new(None::<f64>);
    let failure = RwSignal::new(None::<ApiError>);
    let abort = StoredValue::new_local(None::<AbortController>);
    let stop = move || {
        if let Some(abort) = abort.try_update_value(Option::take).flatten() {
            abort.abort();
        }
    };
    Effect::new(move || {
        if !open.get() {
            stop();
            failure.set(None);
        }
    });
    on_cleanup(stop);
    let start = move |_| {
        let listing = sheet.source.listing();
        let request = ExportRequest {
            format: kind.get_untracked(),
            filter: Some(listing.filter).filter(|filter| !filter.trim().is_empty()),
            sort: listing.sort,
            fields: (!all_fields.get_untracked()).then(|| sheet.layout.with_untracked(Layout::names)),
            escape_formulas: escape.get_untracked() && kind.get_untracked() == TransferFormat::Csv,
        };
        let name = sheet.collection.with_untracked(|collection| collection.name.clone());
        let controller = AbortController::new().ok();
        abort.set_value(controller.clone());
        failure.set(None);
        bytes.set(Some(0.0));
        spawn_local(async move {
            let signal = controller.as_ref().map(AbortController::signal);
            let progress = move |now| {
                bytes.try_set(Some(now));
            };
            let written = sheet.api.export(&name, &request, signal.as_ref(), progress).await;
            bytes.try_set(None);
            if signal.is_some_and(|signal| signal.aborted()) {
                return;
            }
            match written {
                Ok(file) => {
                    let ending = if request.format == TransferFormat::Csv { "csv" } else { "ndjson" };
                    browser::download(&file, &format!("{name}.{ending}"));
                    toasts.say(format!("Exported {}", format::bytes(file.size() as i64)));
                    open.try_set(false);
                }
                Err(error) => drop(failure.try_set(Some(error))),
            }
        });
    };
    let words = move || {
        let listing = sheet.address.with(|address| address.listing.clone());
        if listing.filter.is_empty() {
            "All rows are exported.".to_owned()
        } else {
            format!("The rows where {} are written.", listing.filter)
        }
    };
    let is_searching = move || sheet.address.with(|address| !address.listing.search.is_empty());
    view! {
        <Dialog
            open
            title="Export"
            foot=move || {
                view! {
                    <Button press=move |_| {
                        if bytes.with_untracked(Option::is_some) { stop() } else { open.set(false) }
                    }>"Cancel"</Button>
                    <Button
                        kind=ButtonKind::Primary
                        busy=Signal::derive(move || bytes.with(Option::is_some))
                        press=start
                    >
                        "Export"
                    </Button>
                }
            }
        >
            <div class="form">
                <Segmented
                    label="Format"
                    value=kind
                    change=move |to| kind.set(to)
                    options=vec![(TransferFormat::Csv, "CSV"), (TransferFormat::Ndjson, "NDJSON")]
                />
                <p class="soft small">{words}</p>
                {move || {
                    is_searching().then(|| view! { <Notice>"An export does not search: it has the rows that the filter leaves."</Notice> })
                }}
                <Checkbox checked=all_fields change=move |on| all_fields.set(on)>
                    "All fields, including hidden columns"
                </Checkbox>
                {move || {
                    (kind.get() == TransferFormat::Csv)
                        .then(|| {
                            view! {
                                <Checkbox checked=escape change=move |on| escape.set(on)>
                                    "Safe for spreadsheets: a ' in front of what looks like a formula"
                                </Checkbox>
                            }
                        })
                }}
                <p class="small numbers" role="status">
                    {move || bytes.get().map(|bytes| format!("{} so far", format::bytes(bytes as i64)))}
                </p>
                <ErrorNotice error=failure />
            </div>
        </Dialog>
    }
}

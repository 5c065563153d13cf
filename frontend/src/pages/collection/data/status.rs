//! The line below the grid: where one is, and of how many rows.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::grid::GridView;
use super::live::LiveSign;
use super::sheet::use_sheet;
use super::source::Total;
use crate::format;
use crate::part::later;
use crate::ui::toast::use_toasts;
use crate::ui::{Button, ButtonKind, ButtonSize};

/// The line below the grid.
#[component]
pub fn Status(view: GridView) -> impl IntoView {
    let sheet = use_sheet();
    let toasts = use_toasts();
    let counting = RwSignal::new(false);
    let total = move || {
        sheet.source.track();
        sheet.source.total()
    };
    let is_live = Memo::new(move |_| sheet.collection.with(|collection| collection.realtime));
    let shown = view.shown();
    let count = move |_| {
        counting.set(true);
        spawn_local(async move {
            if let Err(error) = sheet.source.count().await {
                toasts.fail("The rows could not be counted", &error);
            }
            counting.try_set(false);
        });
    };
    let words = move || {
        let ((from, to), Total { rows, exact, known, new, .. }) = (shown.get(), total());
        match (known, rows + new) {
            (false, _) => String::new(),
            (true, 0) => "No rows".to_owned(),
            (true, 1) if exact => "1 row".to_owned(),
            (true, rows) => {
                let about = if exact { "" } else { "about " };
                format!(
                    "{}–{} of {about}{} rows",
                    format::count(from as i64 + 1),
                    format::count(to as i64),
                    format::count(rows as i64)
                )
            }
        }
    };
    view! {
        <div class="data-status">
            <span class="numbers" role="status">
                {words}
            </span>
            {move || {
                let Total { rows, exact, known, .. } = total();
                (known && !exact && rows > 0)
                    .then(|| {
                        view! {
                            <Button
                                kind=ButtonKind::Quiet
                                size=ButtonSize::Small
                                tip="The number of rows is the planner's estimate. Counting reads them all."
                                busy=counting
                                press=count
                            >
                                "Count"
                            </Button>
                        }
                    })
            }}
            <span class="grow"></span>
            {move || {
                is_live
                    .get()
                    .then(|| later!(data_live, |view: GridView| view! { <LiveSign view /> }))
            }}
            {move || (!is_live.get() && sheet.is_writable()).then(|| view! { <Off /> })}
        </div>
    }
}

/// Said where nothing is told of the collection's rows.
#[component]
fn Off() -> impl IntoView {
    let sheet = use_sheet();
    let href = move || sheet.collection.with(|collection| format!("/collections/{}/schema", collection.name));
    view! {
        <a class="live-sign" href=href data-tip="Rows show as they were read. Turn realtime on to see changes as they are committed.">
            <span class="live-dot" aria-hidden="true"></span>
            "Not live"
        </a>
    }
}

//! What an import did or would do, and what is wrong with which lines.

use annex_openapi::problem::FieldError;
use annex_openapi::transfer::ImportReport;
use leptos::prelude::*;

use crate::format;
use crate::ui::{Notice, Tone};

/// How many faults show.
const SHOWN: usize = 200;

/// What an import did or would do.
#[component]
pub fn Report(report: ImportReport) -> impl IntoView {
    let count = |number: u64| format::count(number as i64);
    let would = if report.dry_run { "would be" } else { "were" };
    let mut parts = vec![format!("{} {would} new", count(report.inserted))];
    if report.updated > 0 {
        parts.push(format!("{} {would} changed", count(report.updated)));
    }
    if report.skipped > 0 {
        parts.push(format!("{} {would} left out", count(report.skipped)));
    }
    let words = format!("Of {} rows {}.", count(report.rows), parts.join(", "));
    let tone = if report.errors.is_empty() { Tone::Good } else { Tone::Warn };
    view! {
        <Notice tone>{words}</Notice>
        <Faults errors=report.errors truncated=report.errors_truncated />
    }
}

/// What is wrong with which lines.
#[component]
pub fn Faults(errors: Vec<FieldError>, #[prop(optional)] truncated: bool) -> impl IntoView {
    let more = truncated || errors.len() > SHOWN;
    (!errors.is_empty()).then(|| {
        view! {
            <div class="table-frame import-faults" tabindex="0" role="region" aria-label="What is wrong">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col" class="end">
                                "Line"
                            </th>
                            <th scope="col">"Field"</th>
                            <th scope="col">"What is wrong"</th>
                        </tr>
                    </thead>
                    <tbody>
                        {errors
                            .into_iter()
                            .take(SHOWN)
                            .map(|error| {
                                view! {
                                    <tr>
                                        <td class="end numbers">
                                            {error.line.map(|line| format::count(line as i64))}
                                        </td>
                                        <td>
                                            <code>{error.pointer.trim_start_matches('/').to_owned()}</code>
                                        </td>
                                        <td>{error.detail}</td>
                                    </tr>
                                }
                            })
                            .collect_view()}
                    </tbody>
                </table>
            </div>
            {more.then(|| view! { <p class="faint small">"There are more."</p> })}
        }
    })
}

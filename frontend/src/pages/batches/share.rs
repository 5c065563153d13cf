//! How far a batch has come: how its jobs ended, as parts of a bar.

use annex_openapi::jobs::batches::JobBatch;
use leptos::prelude::*;

use crate::format;
use crate::pages::jobs::state::Face;
use crate::ui::{IconName, Tone};

/// How a batch is doing.
pub fn face(batch: &JobBatch) -> Face {
    let looks = |words, icon, tone| Face { words, icon, tone };
    match (batch.finished_at, batch.failed, batch.cancelled) {
        (None, 0, _) => looks("Running", IconName::CirclePlay, Tone::Accent),
        (None, ..) => looks("Running, with failures", IconName::CirclePlay, Tone::Warn),
        (Some(_), 0, 0) => looks("Succeeded", IconName::CircleCheck, Tone::Good),
        (Some(_), 0, _) => looks("Cancelled in part", IconName::CircleSlash, Tone::Neutral),
        (Some(_), ..) => looks("Ended with failures", IconName::CircleAlert, Tone::Bad),
    }
}

/// The bar, with its numbers in words for who does not see it.
#[component]
pub fn Share(batch: JobBatch) -> impl IntoView {
    let parts = [
        ("good", "succeeded", batch.succeeded),
        ("bad", "failed", batch.failed),
        ("stopped", "cancelled", batch.cancelled),
        ("waits", "to go", batch.pending),
    ];
    let words = parts
        .iter()
        .filter(|(_, _, number)| *number > 0)
        .map(|(_, words, number)| format!("{} {words}", format::count(i64::from(*number))))
        .collect::<Vec<_>>()
        .join(", ");
    view! {
        <div class="strip thin" role="img" aria-label=words.clone() data-tip=words>
            {parts
                .into_iter()
                .filter(|(_, _, number)| *number > 0)
                .map(|(class, _, number)| view! { <span class=format!("strip-part {class}") style:flex-grow=number.to_string()></span> })
                .collect_view()}
        </div>
    }
}

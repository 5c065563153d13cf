//! Parts of a request, as they are known by sight.

use leptos::prelude::*;

use super::{Badge, Tone};

/// What a status means.
pub fn status_tone(status: u16) -> Tone {
    match status {
        ..300 => Tone::Good,
        300..400 => Tone::Neutral,
        400..500 => Tone::Warn,
        500.. => Tone::Bad,
    }
}

/// The status of an answer.
#[component]
pub fn StatusBadge(status: u16) -> impl IntoView {
    view! { <Badge tone=status_tone(status)>{status}</Badge> }
}

/// The method of a request.
#[component]
pub fn Method(#[prop(into)] method: String) -> impl IntoView {
    let class = match method.as_str() {
        "GET" | "HEAD" | "OPTIONS" => "method reads",
        "DELETE" => "method deletes",
        _ => "method writes",
    };
    view! { <span class=class>{method}</span> }
}

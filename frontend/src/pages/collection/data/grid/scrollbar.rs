//! The scrollbar: a picture of where the view is, to take hold of.

use leptos::prelude::*;
use web_sys::PointerEvent;

use super::view::GridView;
use crate::format;

/// The scrollbar at the right of the rows.
#[component]
pub fn Scrollbar(view: GridView) -> impl IntoView {
    let parts = view.parts();
    // Where on the thumb it is held.
    let held = RwSignal::new(None::<f64>);
    let length = move || {
        parts
            .track
            .get_untracked()
            .map_or(0.0, |track: web_sys::HtmlDivElement| f64::from(track.client_height()))
    };
    let place = move |event: &PointerEvent| {
        let track = parts.track.get_untracked()?;
        Some(f64::from(event.client_y()) - track.get_bounding_client_rect().top())
    };
    let down = move |event: PointerEvent| {
        let Some(at) = place(&event).filter(|_| event.button() == 0) else { return };
        event.prevent_default();
        if let Some(track) = parts.track.get_untracked() {
            track.set_pointer_capture(event.pointer_id()).ok();
        }
        let Some((start, thumb)) = view.scroll().thumb(length()) else { return };
        // Beside the thumb, its middle comes to the pointer.
        let hold = if (start..start + thumb).contains(&at) { at - start } else { thumb / 2.0 };
        held.set(Some(hold));
        view.drag_to(length(), at - hold);
    };
    let moved = move |event: PointerEvent| {
        if let (Some(hold), Some(at)) = (held.get_untracked(), place(&event)) {
            view.drag_to(length(), at - hold);
        }
    };
    let shown = view.shown();
    view! {
        <div
            class="grid-track"
            class:held=move || held.get().is_some()
            aria-hidden="true"
            hidden
            node_ref=parts.track
            on:pointerdown=down
            on:pointermove=moved
            on:pointerup=move |_| held.set(None)
            on:pointercancel=move |_| held.set(None)
        >
            <div class="grid-thumb" node_ref=parts.thumb>
                <span class="grid-bubble numbers">
                    {move || held.get().map(|_| format::count(shown.get().0 as i64 + 1))}
                </span>
            </div>
        </div>
    }
}

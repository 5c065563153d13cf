//! What a job's worker wrote, as it writes it.

use annex_openapi::jobs::{JobLogLine, LogLevel};
use leptos::html;
use leptos::prelude::*;

use super::follow::Followed;
use crate::ui::{Card, Clock};

/// The log. It goes along with the newest line while that is in view.
#[component]
pub fn Log(followed: Followed) -> impl IntoView {
    let log = followed.log;
    let place = NodeRef::<html::Div>::new();
    let is_at_end = StoredValue::new(true);
    Effect::new(move || {
        log.with(Vec::len);
        if is_at_end.get_value() {
            request_animation_frame(move || {
                if let Some(place) = place.try_get_untracked().flatten() {
                    place.set_scroll_top(place.scroll_height());
                }
            });
        }
    });
    let is_empty = Memo::new(move |_| log.with(Vec::is_empty));
    view! {
        <Card
            title="Log"
            actions=move || {
                followed
                    .is_told
                    .get()
                    .then(|| {
                        view! {
                            <span class="row faint small told">
                                <span class="live-dot" aria-hidden="true"></span>
                                "Live"
                            </span>
                        }
                    })
            }
        >
            {move || {
                if is_empty.get() {
                    let words = match followed.job.with(|job| job.as_ref().is_some_and(|job| job.state.is_final())) {
                        true => "Its worker wrote nothing.",
                        false => "What its worker writes shows here at once: lines with a level, sent along with the progress.",
                    };
                    view! { <p class="soft small">{words}</p> }.into_any()
                } else {
                    view! {
                        <div
                            class="job-log"
                            node_ref=place
                            tabindex="0"
                            role="log"
                            aria-label="Log"
                            on:scroll:target=move |event| {
                                let place = event.target();
                                let rest = place.scroll_height() - place.scroll_top() - place.client_height();
                                is_at_end.set_value(rest < 8);
                            }
                        >
                            <For each=move || log.get() key=|line| line.id let(line)>
                                {row(line)}
                            </For>
                        </div>
                    }
                        .into_any()
                }
            }}
        </Card>
    }
}

fn row(line: JobLogLine) -> impl IntoView {
    let class = match line.level {
        LogLevel::Debug => "faint",
        LogLevel::Info => "",
        LogLevel::Warn => "warn",
        LogLevel::Error => "bad",
    };
    view! {
        <div class=format!("log-line {class}")>
            <span class="faint log-time">
                <Clock at=line.at />
            </span>
            <span class="log-level">{line.level.as_str()}</span>
            <span class="log-message">{line.message}</span>
        </div>
    }
}

//! The counts over the time that the page was open.

use std::sync::Arc;

use annex_openapi::jobs::queues::QueueCounts;
use leptos::prelude::*;

use super::history::Sample;
use super::lately::Lately;
use crate::format;
use crate::ui::{Chart, ChartData, Line, Shape};

/// The least time that a chart shows, in seconds.
const LEAST: f64 = 300.0;

/// A whole number.
pub fn whole(number: f64) -> String {
    format::count(number.round() as i64)
}

type Column = fn(&QueueCounts) -> i64;

/// What waits and runs, and what became of it, of one queue or of all.
#[component]
pub fn Charts(samples: RwSignal<Vec<Sample>>, queue: Memo<Option<String>>) -> impl IntoView {
    let hovered = RwSignal::new(None);
    let chart = move |title: &'static str, lines: Vec<Line>, columns: Vec<Column>| {
        let data = Memo::new(move |_| {
            queue.with(|queue| {
                samples.with(|samples| {
                    let end = samples.last().map_or(0.0, |sample| sample.at);
                    let begin = samples.first().map_or(0.0, |sample| sample.at).min(end - LEAST);
                    let values = |column: &Column| {
                        samples.iter().map(|sample| sample.value(queue.as_deref(), *column)).collect()
                    };
                    Arc::new(ChartData {
                        span: (begin, end),
                        times: samples.iter().map(|sample| sample.at).collect(),
                        columns: columns.iter().map(values).collect(),
                    })
                })
            })
        });
        view! {
            <section class="card">
                <Chart title lines data format=whole whole=true hovered />
            </section>
        }
    };
    let line = |label, hue, shape| Line { label, hue, shape };
    view! {
        <div class="queue-charts">
            {chart(
                "Waiting",
                vec![line("ready", "hue-1", Shape::Area), line("at limit", "hue-3", Shape::Line), line("scheduled", "hue-2", Shape::Line)],
                vec![|counts| counts.ready, |counts| counts.parked, |counts| counts.scheduled],
            )}
            {chart("Running", vec![line("running", "hue-5", Shape::Area)], vec![|counts| counts.running])}
            <Lately queue />
        </div>
    }
}

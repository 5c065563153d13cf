//! The charts.

use std::sync::Arc;

use leptos::prelude::*;

use super::series::{Point, Range};
use crate::format;
use crate::ui::{Chart, ChartData, Line, Shape};

/// Requests in each second.
pub fn rate(number: f64) -> String {
    let digits = match number {
        ..1.0 => format!("{number:.2}"),
        ..100.0 => format!("{number:.1}"),
        _ => return format!("{} /s", format::count(number.round() as i64)),
    };
    format!("{} /s", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// A whole number.
pub fn whole(number: f64) -> String {
    format::count(number.round() as i64)
}

/// What is on disk.
pub fn size(number: f64) -> String {
    format::bytes(number as i64)
}

fn time(number: f64) -> String {
    if number == 0.0 { "0 ms".to_owned() } else { format::milliseconds(number) }
}

type Column = fn(&Point) -> f64;

/// All of them; the pointer on one shows the same time in each.
#[component]
pub fn Charts(points: Memo<Arc<Vec<Point>>>, range: Memo<Range>) -> impl IntoView {
    let hovered = RwSignal::new(None);
    let line = |label, hue, shape| Line { label, hue, shape };
    let chart =
        move |title: &str, format: fn(f64) -> String, whole: bool, lines: Vec<Line>, columns: Vec<Column>| {
            let data = Memo::new(move |_| {
                points.with(|points| {
                    let at = |point: Option<&Point>| point.map_or(0.0, |point| point.at as f64);
                    let end = at(points.last()) + range.get().step() as f64;
                    let times = points.iter().map(|point| point.at as f64).collect();
                    let columns = columns.iter().map(|column| points.iter().map(column).collect()).collect();
                    Arc::new(ChartData { span: (at(points.first()), end), times, columns })
                })
            });
            view! {
                <section class="card">
                    <Chart title lines data format whole hovered />
                </section>
            }
        };
    view! {
        <div class="charts">
            {chart(
                "Requests",
                rate,
                false,
                vec![line("per second", "hue-1", Shape::Area)],
                vec![|point| point.rate],
            )}
            {chart(
                "Latency",
                time,
                false,
                vec![
                    line("p99", "hue-3", Shape::Line),
                    line("p95", "hue-2", Shape::Line),
                    line("p50", "hue-1", Shape::Line),
                ],
                vec![|point| point.p99, |point| point.p95, |point| point.p50],
            )}
            {chart(
                "Errors",
                whole,
                true,
                // The longer bars are all errors: what stands out of the others are the client's.
                vec![line("4xx and 5xx", "hue-3", Shape::Bars), line("5xx", "bad-solid", Shape::Bars)],
                vec![|point| point.client_errors + point.server_errors, |point| point.server_errors],
            )}
            {chart(
                "Connections of the database",
                whole,
                true,
                vec![line("in use", "hue-2", Shape::Area)],
                vec![|point| point.connections],
            )}
            {chart(
                "Size of the database",
                size,
                false,
                vec![line("on disk", "hue-5", Shape::Area)],
                vec![|point| point.bytes],
            )}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_with_the_digits_that_count() {
        assert_eq!(rate(0.0), "0 /s");
        assert_eq!(rate(0.15), "0.15 /s");
        assert_eq!(rate(0.2), "0.2 /s");
        assert_eq!(rate(12.34), "12.3 /s");
        assert_eq!(rate(4200.4), "4,200 /s");
    }
}

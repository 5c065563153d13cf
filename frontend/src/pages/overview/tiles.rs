//! The numbers that one looks at first.

use std::sync::Arc;

use leptos::prelude::*;

use super::charts::{rate, size, whole};
use super::series::Point;
use crate::format;
use crate::ui::Sparkline;

/// The most points of a sparkline.
const POINTS: usize = 60;

/// The last value that is known.
fn last(points: &[Point], value: fn(&Point) -> f64) -> Option<f64> {
    points.iter().rev().map(value).find(|value| !value.is_nan())
}

/// A share in words.
fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".to_owned(),
        percent @ ..0.1 => format!("{percent:.2} %"),
        percent => format!("{percent:.1} %"),
    }
}

/// The share of the answers of all points that were errors.
fn error_share(points: &[Point]) -> Option<f64> {
    let (mut errors, mut requests) = (0.0, 0.0);
    for point in points.iter().filter(|point| !point.requests.is_nan()) {
        errors += point.client_errors + point.server_errors;
        requests += point.requests;
    }
    (requests > 0.0).then_some(errors / requests)
}

/// A row of numbers, each with the way that it took.
#[component]
pub fn Tiles(
    points: Memo<Arc<Vec<Point>>>,
    /// How many connections the database allows.
    most_connections: Signal<Option<i64>>,
) -> impl IntoView {
    let tile = move |title: &'static str,
                     about: &'static str,
                     hue: &'static str,
                     column: fn(&Point) -> f64,
                     value: fn(&[Point]) -> Option<String>| {
        let line = move || {
            points.with(|points| {
                points.iter().skip(points.len().saturating_sub(POINTS)).map(column).collect::<Vec<_>>()
            })
        };
        let note = move || match most_connections.get() {
            Some(most) if title == "Connections" => format!("of {} allowed", format::count(most)),
            _ => about.to_owned(),
        };
        view! {
            <div class="tile card">
                <dt>{title}</dt>
                <dd>
                    <span class="tile-number numbers">
                        {move || points.with(|points| value(points)).unwrap_or_else(|| "–".to_owned())}
                    </span>
                    <span class="faint small">{note}</span>
                </dd>
                <Sparkline values=Signal::derive(line) hue />
            </div>
        }
    };
    view! {
        <dl class="tiles">
            {tile("Requests", "now", "hue-1", |point| point.rate, |points| last(points, |point| point.rate).map(rate))}
            {tile(
                "Latency, p95",
                "",
                "hue-2",
                |point| point.p95,
                |points| last(points, |point| point.p95).map(format::milliseconds),
            )}
            {tile(
                "Errors",
                "of all answers",
                "hue-3",
                |point| point.client_errors + point.server_errors,
                |points| error_share(points).map(percent),
            )}
            {tile("Connections", "in use", "hue-2", |point| point.connections, |points| last(points, |point| point.connections).map(whole))}
            {tile("Database", "on disk", "hue-5", |point| point.bytes, |points| last(points, |point| point.bytes).map(size))}
        </dl>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_with_the_digits_that_count() {
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.0004), "0.04 %");
        assert_eq!(percent(0.0312), "3.1 %");
    }
}

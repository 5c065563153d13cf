//! What became of jobs in the last hour, as charts.

use std::sync::Arc;

use annex_openapi::jobs::stats::{JobDurations, JobMinute};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::charts::whole;
use crate::api::use_api;
use crate::ui::{Chart, ChartData, Line, Shape};
use crate::{format, poll};

/// How many minutes are shown.
const MINUTES: usize = 60;

fn lasting(milliseconds: f64) -> String {
    if milliseconds == 0.0 { "0 ms".to_owned() } else { format::lasting(milliseconds / 1000.0) }
}

fn at(minute: &JobMinute) -> f64 {
    minute.at.unix_timestamp() as f64
}

/// Puts newer minutes in place of the same ones, or behind them.
fn keep(minutes: &mut Vec<JobMinute>, newer: Vec<JobMinute>) {
    if let Some(first) = newer.first() {
        minutes.retain(|minute| minute.at < first.at);
        minutes.extend(newer);
        let many = minutes.len().saturating_sub(MINUTES);
        minutes.drain(..many);
    }
}

/// How many minutes are to be asked for, so that none is left out.
fn missing(minutes: &[JobMinute], now: f64) -> usize {
    let passed = minutes.last().map_or(f64::MAX, |last| (now - at(last)) / 60.0);
    (passed.max(0.0) as usize).saturating_add(2).min(MINUTES)
}

type Column = fn(&JobMinute) -> f64;

/// The charts of one queue or of all.
#[component]
pub fn Lately(queue: Memo<Option<String>>) -> impl IntoView {
    let api = use_api();
    let minutes = RwSignal::new(Vec::new());
    let read = move || async move {
        let of = queue.get_untracked();
        let count = minutes.with_untracked(|minutes| missing(minutes, js_sys::Date::now() / 1000.0));
        // The counts above say what is wrong, where something is.
        if let Ok(newer) = api.job_minutes(of.clone(), count).await
            && queue.try_get_untracked() == Some(of)
        {
            minutes.try_update(|minutes| keep(minutes, newer));
        }
    };
    Effect::new(move || {
        queue.with(|_| ());
        minutes.set(Vec::new());
        spawn_local(read());
    });
    poll::every(10_000.0, Signal::stored(true), read);
    let hovered = RwSignal::new(None);
    let chart = move |title: &'static str,
                      format: fn(f64) -> String,
                      is_whole: bool,
                      lines: Vec<Line>,
                      columns: Vec<Column>| {
        let data = Memo::new(move |_| {
            minutes.with(|minutes| {
                let span =
                    (minutes.first().map_or(0.0, at), minutes.last().map_or(0.0, |last| at(last) + 60.0));
                let times = minutes.iter().map(at).collect();
                let columns = columns.iter().map(|column| minutes.iter().map(column).collect()).collect();
                Arc::new(ChartData { span, times, columns })
            })
        });
        view! {
            <section class="card">
                <Chart title lines data format whole=is_whole hovered />
            </section>
        }
    };
    let line = |label, hue, shape| Line { label, hue, shape };
    let percentiles = || {
        vec![
            line("p99", "hue-3", Shape::Line),
            line("p95", "hue-2", Shape::Line),
            line("p50", "hue-1", Shape::Line),
        ]
    };
    let waited: [Column; 3] = [
        |minute| of(minute.wait, |wait| wait.p99),
        |minute| of(minute.wait, |wait| wait.p95),
        |minute| of(minute.wait, |wait| wait.p50),
    ];
    let ran: [Column; 3] = [
        |minute| of(minute.run, |run| run.p99),
        |minute| of(minute.run, |run| run.p95),
        |minute| of(minute.run, |run| run.p50),
    ];
    view! {
        {chart(
            "Ended in a minute",
            whole,
            true,
            // The longer bars are all of them: what stands out of the others did not fail.
            vec![line("all", "hue-1", Shape::Bars), line("failed", "bad-solid", Shape::Bars)],
            vec![
                |minute| (minute.succeeded + minute.failed + minute.cancelled) as f64,
                |minute| minute.failed as f64,
            ],
        )}
        {chart("Failed in a minute", whole, true, vec![line("failed", "bad-solid", Shape::Bars)], vec![|minute| minute.failed as f64])}
        {chart("Waited until they began", lasting, false, percentiles(), waited.to_vec())}
        {chart("Ran", lasting, false, percentiles(), ran.to_vec())}
    }
}

/// A duration; none is none on the chart.
fn of(durations: Option<JobDurations>, which: fn(JobDurations) -> f64) -> f64 {
    durations.map_or(f64::NAN, which)
}

#[cfg(test)]
mod tests {
    use time::{Duration, OffsetDateTime};

    use super::*;

    fn minute(number: i64, succeeded: i64) -> JobMinute {
        JobMinute {
            at: OffsetDateTime::UNIX_EPOCH + Duration::minutes(number),
            succeeded,
            failed: 0,
            cancelled: 0,
            estimated: false,
            wait: None,
            run: None,
        }
    }

    #[test]
    fn newer_minutes_take_the_place_of_the_same_ones() {
        let mut minutes: Vec<_> = (0..60).map(|number| minute(number, 1)).collect();
        keep(&mut minutes, vec![minute(59, 5), minute(60, 2)]);
        assert_eq!((minutes.len(), minutes[0].at), (60, minute(1, 0).at));
        assert_eq!([minutes[57].succeeded, minutes[58].succeeded, minutes[59].succeeded], [1, 5, 2]);
        keep(&mut minutes, Vec::new());
        assert_eq!(minutes.len(), 60);
    }

    #[test]
    fn as_many_minutes_are_asked_for_as_are_missing() {
        assert_eq!(missing(&[], 1e9), 60);
        assert_eq!(missing(&[minute(10, 1)], 630.0), 2);
        assert_eq!(missing(&[minute(10, 1)], 670.0), 3);
        assert_eq!(missing(&[minute(10, 1)], 1e9), 60);
        assert_eq!(missing(&[minute(10, 1)], 0.0), 2);
    }
}

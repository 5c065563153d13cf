//! Lines and bars over time. uPlot draws them, and is loaded when the first one shows; who does not see them has the same numbers
//! as a table.

use std::sync::Arc;

use js_sys::{Array, Float64Array, Function, Object, Promise, Reflect};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::format;

/// The most rows of the table.
const ROWS: usize = 12;

#[wasm_bindgen]
extern "C" {
    type Parts;
    #[wasm_bindgen(thread_local_v2, js_name = annexParts)]
    static PARTS: Parts;
    #[wasm_bindgen(method)]
    fn chart(this: &Parts) -> Promise;

    type Module;
    #[wasm_bindgen(method)]
    fn draw(this: &Module, parent: &web_sys::Element, options: &Object) -> Plot;

    type Plot;
    #[wasm_bindgen(method)]
    fn update(this: &Plot, from: f64, to: f64, times: &Float64Array, columns: &Array);
    #[wasm_bindgen(method)]
    fn destroy(this: &Plot);
}

/// How a column of numbers is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// As a line.
    Line,
    /// As a line with its ground.
    Area,
    /// As bars, the later ones before the earlier.
    Bars,
}

/// A column of numbers.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// What it is called.
    pub label: &'static str,
    /// Its colour, as the tokens name it.
    pub hue: &'static str,
    /// How it is drawn.
    pub shape: Shape,
}

/// What is drawn: columns of numbers at some times, in seconds since 1970.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChartData {
    /// From when and until when.
    pub span: (f64, f64),
    /// The times, in order.
    pub times: Vec<f64>,
    /// The columns; NaN is no value.
    pub columns: Vec<Vec<f64>>,
}

/// What JavaScript calls: for a number in words, and for the place under the pointer.
type Callbacks = (Closure<dyn Fn(f64) -> String>, Closure<dyn Fn(i32)>);

/// A plot in the page, with what must live as long as it does.
struct Live {
    plot: Plot,
    _kept: Callbacks,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.plot.destroy();
    }
}

/// A chart with its name, its legend, which tells the numbers under the pointer or the last ones, and its table.
#[component]
pub fn Chart(
    #[prop(into)] title: String,
    lines: Vec<Line>,
    #[prop(into)] data: Signal<Arc<ChartData>>,
    /// A number in words, with its unit.
    format: fn(f64) -> String,
    /// Whether there are whole numbers alone.
    #[prop(optional)]
    whole: bool,
    /// The place under the pointer, in this and its neighbours.
    hovered: RwSignal<Option<usize>>,
) -> impl IntoView {
    let host = NodeRef::<html::Div>::new();
    let live = StoredValue::new_local(None::<Live>);
    let ready = RwSignal::new(false);
    let drawn = lines.clone();
    Effect::new(move || {
        let Some(host) = host.get() else { return };
        let lines = drawn.clone();
        spawn_local(async move {
            let Ok(module) = JsFuture::from(PARTS.with(Parts::chart)).await else {
                leptos::logging::warn!("charts cannot be drawn: the table is there");
                return;
            };
            // The view may be gone by now.
            if ready.try_get_untracked() == Some(false) {
                live.set_value(Some(start(&module.unchecked_into(), &host, &lines, format, whole, hovered)));
                ready.set(true);
            }
        });
    });
    Effect::new(move || {
        let data = data.get();
        if ready.get() {
            live.with_value(|live| {
                if let Some(live) = live {
                    let columns: Array =
                        data.columns.iter().map(|column| Float64Array::from(&column[..])).collect();
                    let times = Float64Array::from(&data.times[..]);
                    live.plot.update(data.span.0, data.span.1, &times, &columns);
                }
            });
        }
    });
    let legend = lines
        .iter()
        .enumerate()
        .map(|(column, line)| {
            let value = move || {
                data.with(|data| {
                    let values = data.columns.get(column)?;
                    let value = match hovered.get() {
                        Some(place) => values.get(place).copied(),
                        None => values.iter().rev().copied().find(|value| !value.is_nan()),
                    };
                    value.filter(|value| !value.is_nan()).map(format)
                })
                .unwrap_or_else(|| "–".to_owned())
            };
            view! {
                <span class="legend-entry">
                    <span class=format!("legend-mark {}", line.hue)></span>
                    <span class="soft">{line.label}</span>
                    <span class="numbers">{value}</span>
                </span>
            }
        })
        .collect_view();
    let at = move || {
        let place = hovered.get()?;
        data.with(|data| data.times.get(place).map(|seconds| format::clock_of(*seconds)))
    };
    let caption = title.clone();
    view! {
        <figure class="chart">
            <figcaption class="chart-head">
                <h2>{title}</h2>
                <span class="faint small numbers" aria-hidden="true">
                    {at}
                </span>
                <span class="legend" aria-hidden="true">
                    {legend}
                </span>
            </figcaption>
            <div class="chart-plot" node_ref=host aria-hidden="true"></div>
            <table class="visually-hidden">
                <caption>{caption}</caption>
                <thead>
                    <tr>
                        <th scope="col">"Time"</th>
                        {lines.iter().map(|line| view! { <th scope="col">{line.label}</th> }).collect_view()}
                    </tr>
                </thead>
                <tbody>{move || data.with(|data| rows(data, format))}</tbody>
            </table>
        </figure>
    }
}

/// Some rows of the table, spread over all of it, the last one among them.
fn rows(data: &ChartData, format: fn(f64) -> String) -> AnyView {
    let step = data.times.len().div_ceil(ROWS).max(1);
    let places = (0..data.times.len()).rev().step_by(step).collect::<Vec<_>>();
    places
        .into_iter()
        .map(|place| {
            let values = data.columns.iter().map(|column| column.get(place).copied().filter(|value| !value.is_nan()));
            view! {
                <tr>
                    <th scope="row">{format::clock_of(data.times[place])}</th>
                    {values.map(|value| view! { <td>{value.map_or_else(|| "none".to_owned(), format)}</td> }).collect_view()}
                </tr>
            }
        })
        .collect_view()
        .into_any()
}

fn start(
    module: &Module,
    host: &web_sys::HtmlDivElement,
    lines: &[Line],
    format: fn(f64) -> String,
    whole: bool,
    hovered: RwSignal<Option<usize>>,
) -> Live {
    let format = Closure::<dyn Fn(f64) -> String>::new(format);
    let hover = Closure::<dyn Fn(i32)>::new(move |place: i32| {
        let place = usize::try_from(place).ok();
        if hovered.try_get_untracked().is_some_and(|now| now != place) {
            hovered.set(place);
        }
    });
    let columns: Array = lines
        .iter()
        .map(|line| {
            let options = Object::new();
            set(&options, "hue", line.hue);
            let shape = match line.shape {
                Shape::Line => "line",
                Shape::Area => "area",
                Shape::Bars => "bars",
            };
            set(&options, "shape", shape);
            options
        })
        .collect();
    let options = Object::new();
    set(&options, "lines", columns);
    set(&options, "format", format.as_ref().unchecked_ref::<Function>());
    set(&options, "hover", hover.as_ref().unchecked_ref::<Function>());
    set(&options, "whole", whole);
    set(&options, "sync", "charts");
    Live { plot: module.draw(host, &options), _kept: (format, hover) }
}

fn set(options: &Object, name: &str, value: impl Into<JsValue>) {
    // Setting a member of a plain object cannot fail.
    Reflect::set(options, &name.into(), &value.into()).ok();
}

/// A line without anything else, for a number beside it.
#[component]
pub fn Sparkline(#[prop(into)] values: Signal<Vec<f64>>, hue: &'static str) -> impl IntoView {
    view! {
        <svg class=format!("sparkline {hue}") viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
            <path d=move || values.with(|values| path(values)) vector-effect="non-scaling-stroke"></path>
        </svg>
    }
}

/// The path of a line through the values, in a box of 100 by 24; gaps are left out.
fn path(values: &[f64]) -> String {
    use std::fmt::Write;

    let greatest = values.iter().copied().filter(|value| !value.is_nan()).fold(0.0, f64::max);
    let greatest = if greatest > 0.0 { greatest } else { 1.0 };
    let step = 100.0 / (values.len().max(2) - 1) as f64;
    let mut path = String::new();
    let mut goes_on = false;
    for (place, value) in values.iter().enumerate() {
        if value.is_nan() {
            goes_on = false;
            continue;
        }
        let (x, y) = (place as f64 * step, 23.0 - value / greatest * 22.0);
        // A value by itself is a dot.
        let dot = if goes_on { "" } else { "h0" };
        write!(path, "{}{x:.1} {y:.1}{dot}", if goes_on { 'L' } else { 'M' }).expect("text takes all");
        goes_on = true;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_sparkline_fills_its_box_and_leaves_gaps() {
        assert_eq!(path(&[]), "");
        assert_eq!(path(&[0.0, 0.0]), "M0.0 23.0h0L100.0 23.0");
        assert_eq!(path(&[0.0, 5.0, 10.0]), "M0.0 23.0h0L50.0 12.0L100.0 1.0");
        assert_eq!(path(&[10.0, f64::NAN, 10.0]), "M0.0 1.0h0M100.0 1.0h0");
    }
}

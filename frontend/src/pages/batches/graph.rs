//! The steps of a workflow, drawn: what is needed to the left of what needs it.

use std::collections::HashMap;

use annex_openapi::jobs::JobState;
use annex_openapi::jobs::batches::JobBatchStep;
use leptos::prelude::*;
use leptos_router::components::A;
use uuid::Uuid;

use crate::pages::jobs::state::Face;
use crate::ui::Icon;
use crate::ui::diagram::{Diagram, DiagramCard, Edge, Sheet, layered};

/// The size of a card, in pixels.
const SIZE: (f64, f64) = (200.0, 62.0);
/// Between two layers, and between two cards of one.
const GAP: (f64, f64) = (72.0, 20.0);

/// The least scale at which one can read it.
const LEAST: f64 = 0.7;
/// How many places lines may pass between cards, before they pass behind them.
const MOST: usize = 400;

/// A step, wherever it stands.
#[derive(Debug, Clone, PartialEq)]
struct Card {
    job_id: Uuid,
    step: String,
    kind: String,
    at: (f64, f64),
}

#[derive(Debug, Clone, PartialEq)]
struct Layout {
    cards: Vec<Card>,
    edges: Vec<Edge>,
    size: (f64, f64),
}

fn layout(steps: &[JobBatchStep]) -> Layout {
    let places: HashMap<&str, usize> =
        steps.iter().enumerate().map(|(at, step)| (step.step.as_str(), at)).collect();
    let needs: Vec<Vec<usize>> = steps
        .iter()
        .map(|step| step.needs.iter().filter_map(|name| places.get(name.as_str()).copied()).collect())
        .collect();
    let (all, ways) = passing(&needs, &layered(&needs));
    let layers = layered(&all);
    // A line that passes a layer needs no more than the gap.
    let height_at = |item: &usize| if *item < steps.len() { SIZE.1 } else { 0.0 };
    let height_of =
        |layer: &Vec<usize>| layer.iter().map(|item| height_at(item) + GAP.1).sum::<f64>() - GAP.1;
    let height = layers.iter().map(height_of).fold(0.0, f64::max);
    let mut at = vec![(0.0, 0.0); all.len()];
    for (column, layer) in layers.iter().enumerate() {
        let mut y = (height - height_of(layer)) / 2.0;
        for item in layer {
            at[*item] = (column as f64 * (SIZE.0 + GAP.0), y);
            y += height_at(item) + GAP.1;
        }
    }
    let edges = ways.iter().map(|way| edge(way, steps, &at)).collect();
    let cards = layers
        .concat()
        .into_iter()
        .filter(|place| *place < steps.len())
        .map(|place| {
            let JobBatchStep { job_id, step, kind, .. } = steps[place].clone();
            Card { job_id, step, kind, at: at[place] }
        })
        .collect();
    let width = (layers.len() as f64 * (SIZE.0 + GAP.0) - GAP.0).max(0.0);
    Layout { cards, edges, size: (width, height) }
}

/// What needs what, with a place between cards for each line and each layer that it passes; and the ways of the lines from place to
/// place.
fn passing(needs: &[Vec<usize>], layers: &[Vec<usize>]) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
    let mut ranks = vec![0_usize; needs.len()];
    for (rank, layer) in layers.iter().enumerate() {
        layer.iter().for_each(|step| ranks[*step] = rank);
    }
    let mut all = needs.to_vec();
    let mut ways = Vec::new();
    for to in 0..needs.len() {
        for (place, from) in needs[to].iter().enumerate() {
            let passed = ranks[to].saturating_sub(ranks[*from] + 1);
            let mut way = vec![*from];
            if all.len() + passed <= needs.len() + MOST {
                for _ in 0..passed {
                    let before = *way.last().expect("a way begins somewhere");
                    way.push(all.len());
                    all.push(vec![before]);
                }
                all[to][place] = *way.last().expect("a way begins somewhere");
            }
            way.push(to);
            ways.push(way);
        }
    }
    (all, ways)
}

/// The line along a way.
fn edge(way: &[usize], steps: &[JobBatchStep], at: &[(f64, f64)]) -> Edge {
    let is_step = |place: usize| place < steps.len();
    let middle = |place: usize| at[place].1 + if is_step(place) { SIZE.1 / 2.0 } else { 0.0 };
    let mut path = String::new();
    for pair in way.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let (x1, y1, x2, y2) = (at[from].0 + SIZE.0, middle(from), at[to].0, middle(to));
        let bend = ((x2 - x1) / 2.0).max(GAP.0 / 2.0);
        if is_step(from) {
            path.push_str(&format!("M{x1} {y1}"));
        } else {
            path.push_str(&format!("L{x1} {y1}"));
        }
        path.push_str(&format!("C{} {y1} {} {y2} {x2} {y2}", x1 + bend, x2 - bend));
    }
    let name = |place: Option<&usize>| place.map(|place| steps[*place].step.clone()).unwrap_or_default();
    Edge { from: name(way.first()), to: name(way.last()), path }
}

/// The graph. Where the steps lie stays while their states change.
#[component]
pub fn Graph(steps: Memo<Vec<JobBatchStep>>) -> impl IntoView {
    let layout = Memo::new(move |_| steps.with(|steps| layout(steps)));
    let states = Memo::new(move |_| {
        steps.with(|steps| {
            steps.iter().map(|step| (step.job_id, step.state)).collect::<HashMap<Uuid, JobState>>()
        })
    });
    move || {
        let Layout { cards, edges, size } = layout.get();
        let sheet = Sheet::new();
        let cards = cards.into_iter().map(move |card| {
            let face = Memo::new(move |_| {
                let state = states.with(|states| states.get(&card.job_id).copied());
                Face::of_state(state.unwrap_or(JobState::Scheduled))
            });
            view! {
                <DiagramCard sheet name=card.step.clone() at=card.at size=SIZE>
                    <A href=format!("/jobs/{}", card.job_id) attr:class="step-card" attr:draggable="false">
                        <span class=move || format!("moment-mark {}", face.get().tone.class())>
                            {move || view! { <Icon name=face.get().icon /> }}
                        </span>
                        <span class="grow">
                            <span class="truncate step-name">{card.step}</span>
                            <span class="truncate faint small">{move || face.get().words} " · " {card.kind}</span>
                        </span>
                    </A>
                </DiagramCard>
            }
        });
        let cards = cards.collect_view();
        view! {
            <Diagram label="Steps and what they need" sheet size edges least=LEAST>
                {cards}
            </Diagram>
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str, needs: &[&str]) -> JobBatchStep {
        JobBatchStep {
            job_id: Uuid::nil(),
            step: name.to_owned(),
            kind: "a".to_owned(),
            state: JobState::Ready,
            needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        }
    }

    #[test]
    fn a_step_lies_to_the_right_of_what_it_needs() {
        let drawn =
            layout(&[step("c", &["a", "b"]), step("a", &[]), step("b", &["a"]), step("alone", &["gone"])]);
        let x = |name: &str| drawn.cards.iter().find(|card| card.step == name).map(|card| card.at.0);
        assert!(x("a") < x("b") && x("b") < x("c"));
        assert_eq!((drawn.cards.len(), drawn.edges.len()), (4, 3));
        let long = drawn.edges.iter().find(|edge| edge.from == "a" && edge.to == "c");
        assert!(long.is_some_and(|edge| edge.path.contains('L')), "it passes beside b");
        assert_eq!(layout(&[]).size, (0.0, 0.0));
    }
}

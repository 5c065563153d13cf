//! Which steps of a batch need which: every name is known, none stands for two, and none needs itself by way of others.

use std::collections::HashMap;

use annex_openapi::jobs::batches::BatchJob;
use uuid::Uuid;

use crate::jobs::input::Faults;
use crate::jobs::store::batches::Step;
use crate::problem::{Code, Problem, Result};

/// What a job needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Another that comes with it.
    New(usize),
    /// One that is there; whether it has succeeded.
    There(Uuid, bool),
}

/// What each job needs, by its index.
#[derive(Debug)]
pub struct Graph<'a> {
    jobs: &'a [BatchJob],
    needs: Vec<Vec<Need>>,
}

impl<'a> Graph<'a> {
    /// The graph of jobs that come to the steps that are there.
    ///
    /// # Errors
    /// `validation_failed` with each place that is wrong; `job_state_conflict` where a step that is needed ended without success.
    pub fn of(jobs: &'a [BatchJob], there: &'a [Step]) -> Result<Self> {
        let mut faults = Faults::default();
        let there: HashMap<&str, &Step> = there.iter().map(|step| (step.step.as_str(), step)).collect();
        let mut named: HashMap<&str, usize> = HashMap::new();
        for (index, job) in jobs.iter().enumerate() {
            let Some(step) = job.step.as_deref() else { continue };
            if there.contains_key(step) || named.insert(step, index).is_some() {
                faults.add(
                    format!("/jobs/{index}/step"),
                    "not_unique",
                    format!("there is another step `{step}`"),
                );
            }
        }
        let mut needs = vec![Vec::new(); jobs.len()];
        for (index, job) in jobs.iter().enumerate() {
            for (place, need) in job.needs.iter().flatten().enumerate() {
                let pointer = format!("/jobs/{index}/needs/{place}");
                let found = match (named.get(need.as_str()), there.get(need.as_str())) {
                    (Some(needed), _) => Need::New(*needed),
                    (None, Some(step)) => match step.outcome.as_deref() {
                        None => Need::There(step.id, false),
                        Some("succeeded") => Need::There(step.id, true),
                        Some(_) => {
                            let detail = format!("The step `{need}` has ended without success");
                            return Err(Problem::new(Code::JobStateConflict, detail)
                                .with_hint("Retry that step first"));
                        }
                    },
                    (None, None) => {
                        faults.add(pointer, "unknown", format!("there is no step `{need}`"));
                        continue;
                    }
                };
                if needs[index].contains(&found) {
                    faults.add(pointer, "not_unique", format!("`{need}` is there twice"));
                } else {
                    needs[index].push(found);
                }
            }
        }
        for index in in_circles(&needs) {
            faults.add(format!("/jobs/{index}/needs"), "cycle", "the step needs itself, by way of others");
        }
        faults.check()?;
        Ok(Self { jobs, needs })
    }

    /// How many that a job needs have not succeeded yet.
    pub fn open(&self, index: usize) -> usize {
        self.needs[index].iter().filter(|need| !matches!(need, Need::There(_, true))).count()
    }

    /// Which job is needed by which, given the ids of those that came.
    pub fn pairs(&self, ids: &[Uuid]) -> Vec<(Uuid, Uuid)> {
        debug_assert_eq!(ids.len(), self.jobs.len(), "every job has an id");
        let needing = ids.iter().zip(&self.needs);
        let pairs = needing.flat_map(|(id, needs)| {
            needs.iter().map(|need| match need {
                Need::New(index) => (ids[*index], *id),
                Need::There(needed, _) => (*needed, *id),
            })
        });
        pairs.collect()
    }
}

/// The jobs that never come to their turn: those on circles, and those that need one of them.
fn in_circles(needs: &[Vec<Need>]) -> Vec<usize> {
    let mut needing = vec![Vec::new(); needs.len()];
    let mut open = vec![0_usize; needs.len()];
    for (index, needs) in needs.iter().enumerate() {
        for need in needs {
            if let Need::New(needed) = need {
                needing[*needed].push(index);
                open[index] += 1;
            }
        }
    }
    let mut free: Vec<usize> = (0..needs.len()).filter(|index| open[*index] == 0).collect();
    while let Some(index) = free.pop() {
        for needing in &needing[index] {
            open[*needing] -= 1;
            if open[*needing] == 0 {
                free.push(*needing);
            }
        }
    }
    (0..needs.len()).filter(|index| open[*index] > 0).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn jobs(steps: Value) -> Vec<BatchJob> {
        let entries = steps.as_array().unwrap().iter();
        entries
            .map(|entry| {
                serde_json::from_value(json!({"job": {"kind": "a"}, "step": entry[0], "needs": entry[1]}))
                    .unwrap()
            })
            .collect()
    }

    fn wrong(steps: Value) -> Vec<(String, String)> {
        let errors = Graph::of(&jobs(steps), &[]).unwrap_err().errors;
        errors.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn what_cannot_be_done_is_pointed_at() {
        for (steps, expected) in [
            (
                json!([["a", ["b"]], ["b", ["c"]], ["c", ["a"]], ["d", []]]),
                vec![("/jobs/0/needs", "cycle"), ("/jobs/1/needs", "cycle"), ("/jobs/2/needs", "cycle")],
            ),
            (json!([["a", ["a"]]]), vec![("/jobs/0/needs", "cycle")]),
            (json!([["a", []], ["a", []]]), vec![("/jobs/1/step", "not_unique")]),
            (
                json!([["a", []], ["b", ["a", "x", "a"]]]),
                vec![("/jobs/1/needs/1", "unknown"), ("/jobs/1/needs/2", "not_unique")],
            ),
        ] {
            let expected: Vec<(String, String)> =
                expected.into_iter().map(|(pointer, code)| (pointer.to_owned(), code.to_owned())).collect();
            assert_eq!(wrong(steps.clone()), expected, "{steps}");
        }
    }

    #[test]
    fn steps_that_are_there_may_be_needed() {
        let ids = [Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3), Uuid::from_u128(4)];
        let there = |outcome: Option<&str>| {
            [
                Step { id: ids[0], step: "done".to_owned(), outcome: Some("succeeded".to_owned()) },
                Step { id: ids[1], step: "under_way".to_owned(), outcome: outcome.map(str::to_owned) },
            ]
        };
        let sent = jobs(json!([["a", ["done", "under_way"]], [null, ["a"]]]));
        let known = there(None);
        let graph = Graph::of(&sent, &known).unwrap();
        assert_eq!((graph.open(0), graph.open(1)), (1, 1));
        let pairs = graph.pairs(&ids[2..]);
        assert_eq!(pairs, [(ids[0], ids[2]), (ids[1], ids[2]), (ids[2], ids[3])]);
        let failed = there(Some("lost"));
        assert_eq!(Graph::of(&sent, &failed).unwrap_err().code, Code::JobStateConflict);
    }
}

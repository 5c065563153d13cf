//! What was counted while the page was open.

use annex_openapi::jobs::queues::{Queue, QueueCounts};

/// How many counts are kept: a quarter of an hour of them.
const MOST: usize = 450;

/// What was counted at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When, in seconds since 1970.
    pub at: f64,
    counts: Vec<(String, QueueCounts)>,
}

impl Sample {
    /// Takes it from the queues as they are.
    pub fn of(queues: &[Queue], at: f64) -> Self {
        Self { at, counts: queues.iter().map(|queue| (queue.name.clone(), queue.counts)).collect() }
    }

    /// A number of a queue, or of all of them together.
    pub fn value(&self, queue: Option<&str>, number: fn(&QueueCounts) -> i64) -> f64 {
        let of = self.counts.iter().filter(|(name, _)| queue.is_none_or(|only| only == name));
        of.map(|(_, counts)| number(counts)).sum::<i64>() as f64
    }
}

/// Keeps a count beside the others.
pub fn keep(samples: &mut Vec<Sample>, sample: Sample) {
    samples.push(sample);
    let many = samples.len().saturating_sub(MOST);
    samples.drain(..many);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_a_queue_or_of_all() {
        let counts = |ready| QueueCounts { ready, ..QueueCounts::default() };
        let sample =
            Sample { at: 1.0, counts: vec![("a".to_owned(), counts(2)), ("b".to_owned(), counts(3))] };
        let value = |queue| sample.value(queue, |counts| counts.ready);
        assert_eq!((value(None), value(Some("b")), value(Some("c"))), (5.0, 3.0, 0.0));
        let mut samples = Vec::new();
        (0..500).for_each(|_| keep(&mut samples, sample.clone()));
        assert_eq!(samples.len(), MOST);
    }
}

//! Spans of time, counted by their length: a bucket for every 3 to 6 percent, so that quantiles of any two counts
//! added up are as exact as those of each.

use std::time::Duration;

/// Buckets to each doubling.
const STEPS: u32 = 16;

/// The longest span that is told apart, in microseconds: 134 s.
const LONGEST: u32 = (1 << 27) - 1;

/// How many buckets there are.
pub const BUCKETS: usize = place(LONGEST) + 1;

/// The bucket of a span of so many microseconds.
const fn place(micros: u32) -> usize {
    if micros < STEPS {
        return micros as usize;
    }
    let doublings = micros.ilog2() - STEPS.ilog2();
    ((doublings + 1) * STEPS + (micros >> doublings) % STEPS) as usize
}

/// The middle of a bucket, in microseconds.
fn middle(place: usize) -> f64 {
    let place = place as u32;
    if place < STEPS {
        return f64::from(place);
    }
    let doublings = place / STEPS - 1;
    let least = (STEPS + place % STEPS) << doublings;
    f64::from(least) + f64::from((1 << doublings) - 1) / 2.0
}

/// The bucket of a span.
pub fn bucket(span: Duration) -> usize {
    place(u32::try_from(span.as_micros()).unwrap_or(LONGEST).min(LONGEST))
}

/// How many spans were in each bucket.
#[derive(Debug, Clone)]
pub struct Histogram(Box<[u32; BUCKETS]>);

impl Default for Histogram {
    fn default() -> Self {
        Self(Box::new([0; BUCKETS]))
    }
}

impl Histogram {
    /// Adds so many to a bucket.
    pub fn add(&mut self, bucket: usize, count: u32) {
        self.0[bucket] = self.0[bucket].saturating_add(count);
    }

    /// Adds another one.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in other.0.iter().enumerate() {
            self.add(bucket, *count);
        }
    }

    /// The span, in milliseconds, that this share of all did not exceed; nothing where there are none.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let all: u64 = self.0.iter().map(|&count| u64::from(count)).sum();
        let rank = ((all as f64 * share).ceil() as u64).max(1);
        let mut below = 0;
        let place = self.0.iter().position(|&count| {
            below += u64::from(count);
            below >= rank
        })?;
        Some(middle(place) / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(micros: &[u32]) -> Histogram {
        let mut histogram = Histogram::default();
        for &micros in micros {
            histogram.add(bucket(Duration::from_micros(micros.into())), 1);
        }
        histogram
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(Histogram::default().quantile(0.5), None);
        assert_eq!(bucket(Duration::from_secs(3600)), BUCKETS - 1, "what is too long is as long as can be");
    }

    proptest! {
        #[test]
        fn quantiles_are_nearly_those_of_the_spans_themselves(
            mut spans in prop::collection::vec(0..LONGEST, 1..200), share in 0.01..1.0_f64,
        ) {
            let (left, right) = spans.split_at(spans.len() / 2);
            let mut merged = of(left);
            merged.merge(&of(right));
            spans.sort_unstable();
            let exact = f64::from(spans[(spans.len() as f64 * share).ceil() as usize - 1]) / 1000.0;
            let found = merged.quantile(share).expect("there are spans");
            prop_assert!((found - exact).abs() <= exact * 0.0321 + 0.0005, "{found} for {exact}");
        }

        #[test]
        fn longer_spans_are_never_in_earlier_buckets(left in 0..LONGEST, right in 0..LONGEST) {
            prop_assert!(left > right || place(left) <= place(right));
        }
    }
}

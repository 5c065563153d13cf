//! What was counted, bucket by bucket: the last hour in spans of 10 seconds, the last day in minutes.

use std::collections::VecDeque;

use annex_openapi::stats::{Latency, Resolution, StatsBucket};
use time::{Duration, OffsetDateTime};

use crate::telemetry::Counts;

/// What is measured and not counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gauges {
    /// What the database takes on disk.
    pub database_bytes: Option<i64>,
    /// Connections of the database in use.
    pub connections: Option<i64>,
    /// Requests under way.
    pub in_flight: u64,
}

/// The buckets of both resolutions.
#[derive(Debug)]
pub struct Buckets {
    tens: VecDeque<StatsBucket>,
    minutes: VecDeque<StatsBucket>,
    /// When the bucket began that is filled now.
    open: OffsetDateTime,
    /// What was counted in the minute so far.
    minute: Counts,
}

const STEP: Duration = span(Resolution::TenSeconds);

const fn span(resolution: Resolution) -> Duration {
    Duration::seconds(resolution.seconds() as i64)
}

/// The beginning of the bucket that a moment is in: the same on every server.
fn begin(at: OffsetDateTime, resolution: Resolution) -> OffsetDateTime {
    let seconds = at.unix_timestamp();
    let begin = seconds - seconds.rem_euclid(i64::from(resolution.seconds()));
    OffsetDateTime::from_unix_timestamp(begin).unwrap_or(at)
}

impl Buckets {
    /// None yet.
    pub fn new(now: OffsetDateTime) -> Self {
        let open = begin(now, Resolution::TenSeconds);
        Self { tens: VecDeque::new(), minutes: VecDeque::new(), open, minute: Counts::default() }
    }

    /// Whether a bucket has ended.
    pub fn has_ended(&self, now: OffsetDateTime) -> bool {
        now >= self.open + STEP || now < self.open
    }

    /// Ends the buckets that have ended by now; what was counted since the last time belongs to the first of them.
    pub fn end(&mut self, now: OffsetDateTime, mut counts: Counts, gauges: Gauges) {
        let longest = span(Resolution::Minute) * Resolution::Minute.buckets() as i32;
        // The clock was put back, or nobody came for a day.
        if now < self.open || now - self.open > longest {
            self.open = begin(now, Resolution::TenSeconds) - STEP;
            self.tens.retain(|bucket| bucket.at < self.open);
            self.minutes.retain(|bucket| bucket.at < begin(self.open, Resolution::Minute));
        }
        while now >= self.open + STEP {
            push(&mut self.tens, Resolution::TenSeconds, self.open, &counts, gauges);
            self.minute.merge(&std::mem::take(&mut counts));
            let minute = begin(self.open, Resolution::Minute);
            self.open += STEP;
            if begin(self.open, Resolution::Minute) != minute {
                let counts = std::mem::take(&mut self.minute);
                push(&mut self.minutes, Resolution::Minute, minute, &counts, gauges);
            }
        }
    }

    /// The buckets that began after that moment, the oldest first.
    pub fn after(&self, since: Option<OffsetDateTime>, resolution: Resolution) -> Vec<StatsBucket> {
        let all = match resolution {
            Resolution::TenSeconds => &self.tens,
            Resolution::Minute => &self.minutes,
        };
        all.iter().filter(|bucket| since.is_none_or(|since| bucket.at > since)).cloned().collect()
    }
}

fn push(
    buckets: &mut VecDeque<StatsBucket>,
    resolution: Resolution,
    at: OffsetDateTime,
    counts: &Counts,
    gauges: Gauges,
) {
    if buckets.len() == resolution.buckets() {
        buckets.pop_front();
    }
    let quantile = |share| counts.latency.quantile(share);
    let latency = match (quantile(0.5), quantile(0.95), quantile(0.99)) {
        (Some(p50), Some(p95), Some(p99)) => Some(Latency { p50, p95, p99 }),
        _ => None,
    };
    buckets.push_back(StatsBucket {
        at,
        requests: counts.requests,
        client_errors: counts.client_errors,
        server_errors: counts.server_errors,
        latency,
        in_flight: gauges.in_flight,
        unlogged: counts.unlogged,
        database_bytes: gauges.database_bytes,
        connections: gauges.connections,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Just after the beginning of a minute.
    const START: OffsetDateTime = time::macros::datetime!(2026-01-31 12:00:03 UTC);

    fn requests(requests: u64) -> Counts {
        Counts { requests, ..Counts::default() }
    }

    fn seen(buckets: &Buckets, resolution: Resolution) -> Vec<(i64, u64)> {
        let buckets = buckets.after(None, resolution);
        buckets.iter().map(|bucket| ((bucket.at - START).whole_seconds(), bucket.requests)).collect()
    }

    #[test]
    fn buckets_end_with_the_clock_and_make_up_minutes() {
        let mut buckets = Buckets::new(START);
        assert!(!buckets.has_ended(START + Duration::seconds(6)));
        for step in 1..=6 {
            let now = START + Duration::seconds(10 * step - 3);
            assert!(buckets.has_ended(now));
            buckets.end(now, requests(step as u64), Gauges::default());
        }
        let tens = [(-3, 1), (7, 2), (17, 3), (27, 4), (37, 5), (47, 6)];
        assert_eq!(seen(&buckets, Resolution::TenSeconds), tens);
        assert_eq!(seen(&buckets, Resolution::Minute), [(-3, 21)]);
        let after = buckets.after(Some(START + Duration::seconds(27)), Resolution::TenSeconds);
        assert_eq!(after.len(), 2, "only what is newer");
    }

    #[test]
    fn a_while_without_anybody_leaves_empty_buckets() {
        let mut buckets = Buckets::new(START);
        buckets.end(START + Duration::seconds(30), requests(7), Gauges::default());
        assert_eq!(seen(&buckets, Resolution::TenSeconds), [(-3, 7), (7, 0), (17, 0)]);
    }

    #[test]
    fn no_more_is_kept_than_an_hour_and_a_day() {
        let mut buckets = Buckets::new(START);
        for _ in 0..2 {
            let now = buckets.open + Duration::hours(20);
            buckets.end(now, requests(1), Gauges::default());
        }
        assert_eq!(buckets.tens.len(), 360);
        assert_eq!(buckets.minutes.len(), 1440);
        let now = buckets.open + Duration::days(400);
        buckets.end(now, requests(1), Gauges::default());
        assert_eq!(buckets.tens.back().unwrap().at, begin(now, Resolution::TenSeconds) - STEP);
    }

    #[test]
    fn a_clock_that_is_put_back_takes_nothing_with_it_but_what_has_not_been() {
        let mut buckets = Buckets::new(START);
        buckets.end(START + Duration::minutes(5), requests(1), Gauges::default());
        let now = START + Duration::minutes(2);
        assert!(buckets.has_ended(now));
        buckets.end(now, requests(9), Gauges::default());
        let last = buckets.tens.back().unwrap();
        assert_eq!((last.requests, last.at), (9, begin(now, Resolution::TenSeconds) - STEP));
        let times: Vec<OffsetDateTime> = buckets.tens.iter().map(|bucket| bucket.at).collect();
        assert!(times.is_sorted(), "{times:?}");
    }
}

//! From the buckets that the server counts in to the points that are shown.

use std::fmt;

use annex_openapi::stats::{Resolution, StatsBucket};

/// How far the charts go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Range {
    /// 15 minutes.
    QuarterHour,
    /// An hour.
    #[default]
    Hour,
    /// A day.
    Day,
}

impl Range {
    /// All of them, with what they are called.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::QuarterHour, "15 min"), (Self::Hour, "1 hour"), (Self::Day, "24 hours")];

    /// Its name in the URL.
    pub fn name(self) -> &'static str {
        match self {
            Self::QuarterHour => "15m",
            Self::Hour => "1h",
            Self::Day => "24h",
        }
    }

    /// The range of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().map(|(range, _)| range).find(|range| range.name() == name)
    }

    /// How fine the buckets are that it needs.
    pub fn resolution(self) -> Resolution {
        match self {
            Self::QuarterHour | Self::Hour => Resolution::TenSeconds,
            Self::Day => Resolution::Minute,
        }
    }

    /// How long it is, in seconds.
    pub fn seconds(self) -> i64 {
        match self {
            Self::QuarterHour => 15 * 60,
            Self::Hour => 60 * 60,
            Self::Day => 24 * 60 * 60,
        }
    }

    /// How long a point of it is, in seconds: a day of minutes is more than a chart has pixels.
    pub fn step(self) -> i64 {
        match self {
            Self::QuarterHour => 10,
            Self::Hour => 20,
            Self::Day => 300,
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What happened in a while; what is not known is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When it began, in seconds since 1970.
    pub at: i64,
    /// Requests in each second.
    pub rate: f64,
    /// How long answers took, in milliseconds: half no longer.
    pub p50: f64,
    /// 95 % no longer; of several buckets the worst one's.
    pub p95: f64,
    /// 99 % no longer; of several buckets the worst one's.
    pub p99: f64,
    /// Answers from 400 to 499.
    pub client_errors: f64,
    /// Answers of 500 and above.
    pub server_errors: f64,
    /// All answers.
    pub requests: f64,
    /// What the database takes on disk.
    pub bytes: f64,
    /// Connections in use.
    pub connections: f64,
}

impl Point {
    fn unknown(at: i64) -> Self {
        let nan = f64::NAN;
        Self {
            at,
            rate: nan,
            p50: nan,
            p95: nan,
            p99: nan,
            client_errors: nan,
            server_errors: nan,
            requests: nan,
            bytes: nan,
            connections: nan,
        }
    }

    fn of(at: i64, buckets: &[&StatsBucket], resolution: Resolution) -> Self {
        let Some(last) = buckets.last() else { return Self::unknown(at) };
        let sum =
            |count: fn(&StatsBucket) -> u64| buckets.iter().map(|bucket| count(bucket)).sum::<u64>() as f64;
        let requests = sum(|bucket| bucket.requests);
        let latencies = || {
            buckets
                .iter()
                .filter_map(|bucket| bucket.latency.map(|latency| (latency, bucket.requests as f64)))
        };
        let worst = |value: fn(&annex_openapi::stats::Latency) -> f64| {
            latencies().map(|(latency, _)| value(&latency)).fold(f64::NAN, f64::max)
        };
        let weight: f64 = latencies().map(|(_, weight)| weight).sum();
        Self {
            at,
            rate: requests / (buckets.len() as f64 * f64::from(resolution.seconds())),
            p50: latencies().map(|(latency, weight)| latency.p50 * weight).sum::<f64>() / weight,
            p95: worst(|latency| latency.p95),
            p99: worst(|latency| latency.p99),
            client_errors: sum(|bucket| bucket.client_errors),
            server_errors: sum(|bucket| bucket.server_errors),
            requests,
            bytes: last.database_bytes.map_or(f64::NAN, |bytes| bytes as f64),
            connections: last.connections.map_or(f64::NAN, |connections| connections as f64),
        }
    }
}

/// The points of a range that ends with the newest bucket, or now where there is none. Every point has its place, also
/// where nothing was counted.
pub fn points(buckets: &[StatsBucket], range: Range, now: i64) -> Vec<Point> {
    let length = i64::from(range.resolution().seconds());
    let end = buckets.last().map_or(now, |last| last.at.unix_timestamp() + length);
    let step = range.step();
    let first = (end - range.seconds()).div_euclid(step) * step;
    let mut rest = buckets.iter().skip_while(|bucket| bucket.at.unix_timestamp() < first).peekable();
    let mut points = Vec::new();
    let mut at = first;
    while at < end {
        let mut own = Vec::new();
        while let Some(bucket) = rest.next_if(|bucket| bucket.at.unix_timestamp() < at + step) {
            own.push(bucket);
        }
        points.push(Point::of(at, &own, range.resolution()));
        at += step;
    }
    points
}

/// The buckets that are known, after newer ones: those that are too old for their resolution go.
pub fn extend(known: &mut Vec<StatsBucket>, newer: Vec<StatsBucket>, resolution: Resolution) {
    let last = known.last().map(|bucket| bucket.at);
    known.extend(newer.into_iter().filter(|bucket| last.is_none_or(|last| bucket.at > last)));
    let excess = known.len().saturating_sub(resolution.buckets());
    known.drain(..excess);
}

#[cfg(test)]
mod tests {
    use annex_openapi::stats::Latency;
    use time::OffsetDateTime;

    use super::*;

    fn bucket(at: i64, requests: u64, p99: f64) -> StatsBucket {
        StatsBucket {
            at: OffsetDateTime::from_unix_timestamp(at).expect("a time"),
            requests,
            client_errors: 1,
            server_errors: 0,
            latency: (requests > 0).then_some(Latency { p50: p99 / 10.0, p95: p99 / 2.0, p99 }),
            in_flight: 0,
            unlogged: 0,
            database_bytes: Some(at),
            connections: Some(3),
        }
    }

    #[test]
    fn a_range_has_a_name_in_the_url() {
        for (range, _) in Range::ALL {
            assert_eq!(Range::named(range.name()), Some(range));
        }
        assert_eq!(Range::named("1 h"), None);
    }

    #[test]
    fn every_point_has_its_place() {
        let buckets: Vec<_> = (0..6).map(|n| bucket(100_000 + n * 10, 20, 8.0)).collect();
        let points = points(&buckets, Range::QuarterHour, 0);
        assert_eq!(points.len(), 90);
        assert!(points.windows(2).all(|pair| pair[1].at - pair[0].at == 10));
        assert_eq!(points[89].at, 100_050);
        assert_eq!((points[89].rate, points[89].p50, points[89].p99), (2.0, 0.8, 8.0));
        assert!(points[83].rate.is_nan() && !points[84].rate.is_nan());
    }

    #[test]
    fn minutes_become_points_of_five() {
        let minutes: Vec<_> = (0..8).map(|n| bucket(600_000 + n * 60, 60 * (n as u64), n as f64)).collect();
        let points = points(&minutes, Range::Day, 0);
        let last = &points[points.len() - 2..];
        assert_eq!(last[0].at, 600_000);
        assert_eq!(
            (last[0].requests, last[0].rate, last[0].p99, last[0].client_errors),
            (600.0, 2.0, 4.0, 5.0)
        );
        // Of the last point three minutes have passed: the rate is theirs.
        assert_eq!((last[1].requests, last[1].rate, last[1].bytes), (1080.0, 6.0, 600_420.0));
        // (1*60 + 4*120 + 9*180 + 16*240) / 600 / 10: by requests.
        assert!((last[0].p50 - 0.3).abs() < 1e-9);
    }

    #[test]
    fn silence_is_no_latency() {
        let points = points(&[bucket(100_000, 0, 0.0)], Range::QuarterHour, 0);
        let last = points.last().expect("there is one");
        assert_eq!(last.rate, 0.0);
        assert!(last.p50.is_nan() && last.p95.is_nan() && last.p99.is_nan());
    }

    #[test]
    fn newer_buckets_push_the_oldest_out() {
        let mut known: Vec<_> = (0..360).map(|n| bucket(n * 10, 1, 1.0)).collect();
        extend(&mut known, vec![bucket(3590, 9, 1.0), bucket(3600, 1, 1.0)], Resolution::TenSeconds);
        assert_eq!(known.len(), 360);
        assert_eq!((known[0].at.unix_timestamp(), known[359].at.unix_timestamp()), (10, 3600));
        assert_eq!(known[358].requests, 1);
    }
}

//! Counters and histograms for Prometheus.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

/// The server's metrics.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    duration: HistogramVec,
    under_way: IntGauge,
    connections: IntGauge,
    /// Panics that were caught.
    pub panics: prometheus::IntCounter,
    background_panics: IntCounterVec,
}

impl Metrics {
    /// New ones, all at 0.
    ///
    /// # Panics
    /// Never: the names are valid and each is registered once.
    pub fn new() -> Self {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new("annex_http_requests_total", "Requests answered, by route, method and status"),
            &["route", "method", "status"],
        )
        .expect("the name is valid");
        let buckets =
            vec![0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
        let duration = HistogramVec::new(
            HistogramOpts::new("annex_http_request_duration_seconds", "Time to the head of the answer")
                .buckets(buckets),
            &["route", "method"],
        )
        .expect("the name is valid");
        let under_way =
            IntGauge::new("annex_http_requests_under_way", "Requests under way").expect("the name is valid");
        let connections =
            IntGauge::new("annex_http_connections", "Connections that are open").expect("the name is valid");
        let panics =
            prometheus::IntCounter::new("annex_panics_total", "Panics caught").expect("the name is valid");
        let background_panics = IntCounterVec::new(
            Opts::new("annex_background_panics_total", "Panics of work in the background, which began again"),
            &["work"],
        )
        .expect("the name is valid");
        let all: [Box<dyn Collector>; 6] = [
            Box::new(requests.clone()),
            Box::new(duration.clone()),
            Box::new(under_way.clone()),
            Box::new(connections.clone()),
            Box::new(panics.clone()),
            Box::new(background_panics.clone()),
        ];
        for collector in all {
            registry.register(collector).expect("each is registered once");
        }
        Self { registry, requests, duration, under_way, connections, panics, background_panics }
    }

    /// Counts a request as under way until the guard goes, as it does too where nobody waits for the answer any more.
    pub fn begin(&self) -> Counted {
        Counted::new(&self.under_way)
    }

    /// Counts a connection as open until the guard goes.
    pub fn connected(&self) -> Counted {
        Counted::new(&self.connections)
    }

    /// Counts an answer. `route` is the route's pattern, never the path itself.
    pub fn answered(&self, route: &str, method: &str, status: u16, after: Duration) {
        let mut digits = itoa::Buffer::new();
        self.requests.with_label_values(&[route, method, digits.format(status)]).inc();
        self.duration.with_label_values(&[route, method]).observe(after.as_secs_f64());
    }

    /// Counts a panic of work in the background.
    pub fn panicked_in_background(&self, work: &str) {
        self.background_panics.with_label_values(&[work]).inc();
    }

    /// How many requests are under way.
    pub fn under_way(&self) -> u64 {
        self.under_way.get().max(0) as u64
    }

    /// Adds a metric of a feature.
    ///
    /// # Panics
    /// A metric of that name is there.
    pub fn register(&self, collector: Box<dyn Collector>) {
        self.registry.register(collector).expect("each metric is registered once");
    }

    /// All of them in Prometheus's text format.
    pub fn text(&self) -> String {
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }
}

/// What is counted for as long as it is there.
#[derive(Debug)]
pub struct Counted(IntGauge);

impl Counted {
    fn new(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_that_is_given_up_is_no_longer_under_way() {
        let metrics = Metrics::new();
        let request = async {
            let _under_way = metrics.begin();
            std::future::pending::<()>().await;
        };
        tokio::time::timeout(Duration::from_millis(1), request).await.unwrap_err();
        assert!(metrics.text().contains("annex_http_requests_under_way 0"), "{}", metrics.text());
    }
}

//! How busy the server is: counted by each worker thread for itself, gathered every 10 seconds, kept for a day.

mod buckets;
pub mod get;
mod sample;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annex_openapi::stats::{CollectionSize, Resolution, StatsBucket};
use time::OffsetDateTime;

use buckets::{Buckets, Gauges};
pub use sample::sample;

use crate::telemetry::{CounterReader, Counters, Counts};

/// How busy the server has been.
#[derive(Debug)]
pub struct Stats {
    gathered: Mutex<Gathered>,
    /// How large the collections were, and when.
    sizes: tokio::sync::Mutex<Option<(OffsetDateTime, Vec<CollectionSize>)>>,
}

#[derive(Debug)]
struct Gathered {
    workers: Vec<CounterReader>,
    buckets: Buckets,
    gauges: Gauges,
}

impl Stats {
    /// Nothing counted yet.
    pub fn new(now: OffsetDateTime) -> Self {
        let gathered =
            Gathered { workers: Vec::new(), buckets: Buckets::new(now), gauges: Gauges::default() };
        Self { gathered: Mutex::new(gathered), sizes: tokio::sync::Mutex::default() }
    }

    /// The counters of one more worker thread.
    pub fn worker(&self) -> Arc<Counters> {
        let counters = Arc::new(Counters::default());
        self.gathered().workers.push(CounterReader::new(Arc::clone(&counters)));
        counters
    }

    /// Takes in what was measured.
    fn measured(&self, gauges: Gauges) {
        self.gathered().gauges = gauges;
    }

    /// Ends the buckets that have ended.
    fn gather(&self, now: OffsetDateTime) {
        let gathered = &mut *self.gathered();
        if gathered.buckets.has_ended(now) {
            let mut counts = Counts::default();
            gathered.workers.iter_mut().for_each(|worker| worker.read(&mut counts));
            gathered.buckets.end(now, counts, gathered.gauges);
        }
    }

    /// The buckets that have ended by now and began after that moment.
    fn buckets(
        &self,
        since: Option<OffsetDateTime>,
        resolution: Resolution,
        now: OffsetDateTime,
    ) -> Vec<StatsBucket> {
        self.gather(now);
        self.gathered().buckets.after(since, resolution)
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

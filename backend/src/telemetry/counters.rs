//! What a worker thread counts. Nobody else writes there, so that counting waits for nobody.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::histogram::{BUCKETS, Histogram, bucket};

/// The counters of one worker thread; they only grow.
#[derive(Debug)]
pub struct Counters {
    requests: AtomicU64,
    client_errors: AtomicU64,
    server_errors: AtomicU64,
    unlogged: AtomicU64,
    latency: Box<[AtomicU32; BUCKETS]>,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            requests: AtomicU64::new(0),
            client_errors: AtomicU64::new(0),
            server_errors: AtomicU64::new(0),
            unlogged: AtomicU64::new(0),
            latency: Box::new([const { AtomicU32::new(0) }; BUCKETS]),
        }
    }
}

impl Counters {
    /// Counts an answer.
    pub fn answered(&self, status: u16, after: Duration) {
        increase(&self.requests);
        match status {
            400..=499 => increase(&self.client_errors),
            500.. => increase(&self.server_errors),
            _ => {}
        }
        let latency = &self.latency[bucket(after)];
        latency.store(latency.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Counts a request that the log leaves out.
    pub fn unlogged(&self) {
        increase(&self.unlogged);
    }
}

/// A plain addition: there is only one writer.
fn increase(counter: &AtomicU64) {
    counter.store(counter.load(Relaxed).wrapping_add(1), Relaxed);
}

/// What was counted in a while.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Answers.
    pub requests: u64,
    /// Answers from 400 to 499.
    pub client_errors: u64,
    /// Answers from 500 on.
    pub server_errors: u64,
    /// Requests that the log leaves out.
    pub unlogged: u64,
    /// How long the answers took.
    pub latency: Histogram,
}

impl Counts {
    /// Adds what was counted in another while.
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.client_errors += other.client_errors;
        self.server_errors += other.server_errors;
        self.unlogged += other.unlogged;
        self.latency.merge(&other.latency);
    }
}

/// The counters of a worker as they were when they were last read.
#[derive(Debug)]
pub struct CounterReader {
    counters: std::sync::Arc<Counters>,
    requests: u64,
    client_errors: u64,
    server_errors: u64,
    unlogged: u64,
    latency: Box<[u32; BUCKETS]>,
}

impl CounterReader {
    /// A reader of counters that are all at 0.
    pub fn new(counters: std::sync::Arc<Counters>) -> Self {
        let latency = Box::new([0; BUCKETS]);
        Self { counters, requests: 0, client_errors: 0, server_errors: 0, unlogged: 0, latency }
    }

    /// Adds what was counted since the last time.
    pub fn read(&mut self, into: &mut Counts) {
        let counters = &self.counters;
        for (counter, last, sum) in [
            (&counters.requests, &mut self.requests, &mut into.requests),
            (&counters.client_errors, &mut self.client_errors, &mut into.client_errors),
            (&counters.server_errors, &mut self.server_errors, &mut into.server_errors),
            (&counters.unlogged, &mut self.unlogged, &mut into.unlogged),
        ] {
            let now = counter.load(Relaxed);
            *sum += now.wrapping_sub(*last);
            *last = now;
        }
        for (bucket, (counter, last)) in counters.latency.iter().zip(self.latency.iter_mut()).enumerate() {
            let now = counter.load(Relaxed);
            into.latency.add(bucket, now.wrapping_sub(*last));
            *last = now;
        }
    }
}

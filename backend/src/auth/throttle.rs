//! How often somebody may try to sign in.
//!
//! Tries are counted for an address and an account together, so that who only knows an e-mail address cannot lock
//! its owner out; for an address (an IPv6 network of 64 bits counts as one); and over all. A try that succeeds is
//! given back: what runs out is the room for failures.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use moka::sync::Cache;
use time::OffsetDateTime;

use super::email::Email;
use crate::extract::network;
use crate::problem::{Problem, RateLimit, Result};

/// How many tries there are, and in how many seconds as many come back.
#[derive(Debug)]
struct Limit {
    name: &'static str,
    quota: u32,
    window: u32,
}

static PER_ACCOUNT: Limit = Limit { name: "account", quota: 10, window: 60 };
static PER_ADDRESS: Limit = Limit { name: "address", quota: 600, window: 60 };
static OVERALL: Limit = Limit { name: "overall", quota: 3000, window: 30 };

/// How many addresses and accounts are remembered at the most.
const REMEMBERED: u64 = 200_000;

/// Tries that are left, and when that was so.
#[derive(Debug)]
struct Bucket {
    left: f64,
    at: OffsetDateTime,
}

impl Bucket {
    fn full(limit: &Limit, now: OffsetDateTime) -> Self {
        Self { left: f64::from(limit.quota), at: now }
    }

    /// Takes a try out; otherwise in how many seconds there is one.
    fn take(&mut self, limit: &Limit, now: OffsetDateTime) -> Result<(), f64> {
        let rate = f64::from(limit.quota) / f64::from(limit.window);
        let passed = (now - self.at).as_seconds_f64().max(0.0);
        self.left = (self.left + passed * rate).min(f64::from(limit.quota));
        self.at = now;
        if self.left < 1.0 {
            return Err((1.0 - self.left) / rate);
        }
        self.left -= 1.0;
        Ok(())
    }

    fn give_back(&mut self, limit: &Limit) {
        self.left = (self.left + 1.0).min(f64::from(limit.quota));
    }
}

type Shared = Arc<Mutex<Bucket>>;

/// What has been tried of late.
#[derive(Debug)]
pub struct Throttle {
    buckets: Cache<u64, Shared>,
    overall: Shared,
    keys: RandomState,
}

/// A try under way.
#[derive(Debug)]
#[must_use = "a try that succeeded is given back"]
pub struct Try(Vec<(&'static Limit, Shared)>);

impl Try {
    /// Gives the try back.
    pub fn succeeded(self) {
        for (limit, bucket) in &self.0 {
            lock(bucket).give_back(limit);
        }
    }
}

impl Throttle {
    /// Nothing tried yet.
    pub fn new(now: OffsetDateTime) -> Self {
        let longest = Duration::from_secs(u64::from(PER_ACCOUNT.window.max(PER_ADDRESS.window)));
        Self {
            buckets: Cache::builder().max_capacity(REMEMBERED).time_to_idle(longest).build(),
            overall: Arc::new(Mutex::new(Bucket::full(&OVERALL, now))),
            keys: RandomState::new(),
        }
    }

    /// A try of somebody at that address; with the account of that e-mail address, where a password could be guessed.
    ///
    /// # Errors
    /// `too_many_requests`
    pub fn attempt(&self, address: IpAddr, account: Option<&Email>, now: OffsetDateTime) -> Result<Try> {
        let address = network(address);
        let bucket =
            |key: u64, limit| self.buckets.get_with(key, || Arc::new(Mutex::new(Bucket::full(limit, now))));
        let account = account.map(|account| (address, account.folded()));
        let asked = [
            account.map(|account| (&PER_ACCOUNT, bucket(self.keys.hash_one(account), &PER_ACCOUNT))),
            Some((&PER_ADDRESS, bucket(self.keys.hash_one(address), &PER_ADDRESS))),
            Some((&OVERALL, Arc::clone(&self.overall))),
        ];
        let mut taken = Try(Vec::with_capacity(asked.len()));
        for (limit, bucket) in asked.into_iter().flatten() {
            let took = lock(&bucket).take(limit, now);
            if let Err(seconds) = took {
                // What the wider limits would have lost is not lost: the try does not take place.
                taken.succeeded();
                let Limit { name, quota, window } = *limit;
                let limit = RateLimit { name, quota, window: Some(window) };
                return Err(Problem::too_many(limit, seconds.ceil().max(1.0) as u32));
            }
            taken.0.push((limit, bucket));
        }
        Ok(taken)
    }
}

fn lock(bucket: &Shared) -> std::sync::MutexGuard<'_, Bucket> {
    bucket.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    #[test]
    fn failures_run_out_for_an_address_and_an_account_together_and_come_back() {
        let start = OffsetDateTime::UNIX_EPOCH;
        let throttle = Throttle::new(start);
        let attacker = address("192.0.2.1");
        for _ in 0..10 {
            let _failed = throttle.attempt(attacker, Some(&email("ada@example.com")), start).unwrap();
        }
        let problem = throttle.attempt(attacker, Some(&email("Ada@example.com")), start).unwrap_err();
        assert_eq!(problem.code, Code::TooManyRequests);
        assert_eq!(problem.retry_after, Some(6));
        let _owner =
            throttle.attempt(address("198.51.100.1"), Some(&email("ada@example.com")), start).unwrap();
        let _another = throttle.attempt(attacker, Some(&email("bob@example.com")), start).unwrap();
        let _later = throttle
            .attempt(attacker, Some(&email("ada@example.com")), start + Duration::from_secs(6))
            .unwrap();
        throttle
            .attempt(attacker, Some(&email("ada@example.com")), start + Duration::from_secs(6))
            .unwrap_err();
    }

    #[test]
    fn success_costs_nothing() {
        let throttle = Throttle::new(OffsetDateTime::UNIX_EPOCH);
        for _ in 0..5000 {
            let attempt = throttle.attempt(
                address("192.0.2.1"),
                Some(&email("ada@example.com")),
                OffsetDateTime::UNIX_EPOCH,
            );
            attempt.unwrap().succeeded();
        }
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let throttle = Throttle::new(OffsetDateTime::UNIX_EPOCH);
        let refused = (0..1000).filter(|i| {
            let address = address(&format!("2001:db8::{i:x}"));
            throttle
                .attempt(address, Some(&email(&format!("{i}@example.com"))), OffsetDateTime::UNIX_EPOCH)
                .is_err()
        });
        assert_eq!(refused.count(), 400);
    }
}

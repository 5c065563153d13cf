//! Time and randomness come from here, so that a test can hold them still.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;
use uuid::{ContextV7, Timestamp, Uuid};

/// The time as the server sees it.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// A test's shift of the system's time, in milliseconds; none outside tests.
    shift: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's time.
    pub fn system() -> Self {
        Self::default()
    }

    /// The system's time, which [`Clock::advance`] can move.
    pub fn movable() -> Self {
        Self { shift: Some(Arc::default()) }
    }

    /// Moves a movable clock forward.
    ///
    /// # Panics
    /// On a clock that is not [`Clock::movable`].
    pub fn advance(&self, by: Duration) {
        let shift = self.shift.as_ref().expect("only a movable clock is advanced");
        shift.fetch_add(by.as_millis() as i64, Ordering::SeqCst);
    }

    /// Now, in UTC.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    pub fn now(&self) -> OffsetDateTime {
        let now = OffsetDateTime::now_utc();
        match &self.shift {
            Some(shift) => now + time::Duration::milliseconds(shift.load(Ordering::SeqCst)),
            None => now,
        }
    }

    /// A new UUIDv7 (RFC 9562), ordered after those that this process made before.
    pub fn uuid_v7(&self) -> Uuid {
        static CONTEXT: std::sync::LazyLock<std::sync::Mutex<ContextV7>> =
            std::sync::LazyLock::new(|| std::sync::Mutex::new(ContextV7::new()));
        let now = self.now();
        let timestamp = Timestamp::from_unix(&*CONTEXT, now.unix_timestamp() as u64, now.nanosecond());
        Uuid::new_v7(timestamp)
    }
}

/// Randomness for secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Random;

impl Random {
    /// That many random bytes from the system.
    ///
    /// # Panics
    /// Where the system has no randomness to give: nothing could be secret then.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        bytes
    }

    /// A random id (UUIDv4), for what has no order.
    ///
    /// # Panics
    /// As [`Random::bytes`].
    pub fn uuid(&self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }
}

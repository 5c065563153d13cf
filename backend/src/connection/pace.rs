//! How slowly a client may send or take a file. One that trickles would hold a connection that others wait for.

use std::time::Duration;

/// The bytes that a client moves in a second at the least: less than any line that is fit for a file.
const LEAST_RATE: f64 = 2048.0;

/// A client's patience account: waiting for it spends, and what it moves earns, never beyond what it began with. So a
/// file that went fast at first may not trickle for hours.
#[derive(Debug)]
pub struct Pace {
    most: Duration,
    left: Duration,
}

impl Pace {
    /// The client may move nothing for as long as `most`.
    pub fn new(most: Duration) -> Self {
        Self { most, left: most }
    }

    /// How long the client may be waited for now.
    pub fn left(&self) -> Duration {
        self.left
    }

    /// After that wait the client has moved so many bytes.
    pub fn moved(&mut self, bytes: usize, waited: Duration) {
        let earned = Duration::from_secs_f64(bytes as f64 / LEAST_RATE);
        self.left = (self.left.saturating_sub(waited) + earned).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn who_trickles_is_not_waited_for_however_fast_it_began() {
        let mut pace = Pace::new(10 * SECOND);
        pace.moved(1 << 30, SECOND);
        assert_eq!(pace.left(), 10 * SECOND);
        for _ in 0..9 {
            pace.moved(1, SECOND);
        }
        assert!(pace.left() > Duration::ZERO);
        pace.moved(1, SECOND);
        assert!(pace.left() < SECOND / 10, "{:?}", pace.left());
    }

    #[test]
    fn who_keeps_the_pace_may_go_on() {
        let mut pace = Pace::new(10 * SECOND);
        for _ in 0..1000 {
            pace.moved(9 * 2048, 9 * SECOND);
        }
        assert_eq!(pace.left(), 10 * SECOND);
    }
}

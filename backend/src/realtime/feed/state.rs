//! What the feed does about the log, for whoever asks.

use std::sync::Arc;

use tokio::sync::watch;

/// What the feed does about the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum FeedState {
    /// Nobody wants it read.
    #[default]
    Idle,
    /// It is about to be read.
    Starting,
    /// It is read.
    Reading,
    /// It cannot be read.
    Failing {
        /// Why.
        error: Arc<str>,
        /// Whether it stays so until somebody changes a setting: `wal_level`, or what the role may do.
        is_refusal: bool,
    },
}

/// Says what the feed does.
#[derive(Debug)]
pub(super) struct Said(pub watch::Sender<FeedState>);

impl Said {
    /// That it is about to be read. Of a log that cannot be read that is said where it could be.
    pub fn starting(&self) {
        self.0.send_if_modified(|state| {
            let is_news = *state == FeedState::Idle;
            if is_news {
                *state = FeedState::Starting;
            }
            is_news
        });
    }

    /// That.
    pub fn say(&self, now: FeedState) {
        self.0.send_if_modified(|state| {
            let is_news = *state != now;
            *state = now;
            is_news
        });
    }

    /// Whether the last thing that was said is that it cannot be read.
    pub fn is_failing(&self) -> bool {
        matches!(*self.0.borrow(), FeedState::Failing { .. })
    }
}

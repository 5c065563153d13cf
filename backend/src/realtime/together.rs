//! One question for all who have it at the same time: thousands of clients that come back at once ask the database together.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

/// A question whose answer is as good for another as for oneself, as long as it was put later.
#[derive(Debug)]
pub struct Together<T> {
    /// How many times it was put.
    put: AtomicU64,
    /// The newest answer, and which time it was put for it.
    newest: Mutex<(u64, Option<T>)>,
}

impl<T> Default for Together<T> {
    fn default() -> Self {
        Self { put: AtomicU64::new(0), newest: Mutex::new((0, None)) }
    }
}

impl<T: Clone> Together<T> {
    /// The answer to the question, put after this was called: by this caller, or by another one meanwhile.
    pub async fn ask(&self, question: impl AsyncFnOnce() -> T) -> T {
        let before = self.put.load(Ordering::SeqCst);
        let mut newest = self.newest.lock().await;
        if let (put, Some(answer)) = &*newest
            && *put > before
        {
            return answer.clone();
        }
        let put = self.put.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = question().await;
        *newest = (put, Some(answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::future::{join, join_all};

    use super::Together;

    #[tokio::test]
    async fn who_asks_at_the_same_time_asks_once() {
        let (together, asked) = (Together::default(), Cell::new(0));
        let ask = || {
            together.ask(async || {
                asked.set(asked.get() + 1);
                tokio::task::yield_now().await;
                asked.get()
            })
        };
        // The first asks before the others do, so its answer is none for them.
        let (first, others) = join(ask(), join_all((0..100).map(|_| ask()))).await;
        assert_eq!((first, asked.get()), (1, 2));
        assert!(others.iter().all(|answer| *answer == 2));
        assert_eq!(ask().await, 3);
    }

    #[tokio::test]
    async fn whoever_gives_up_leaves_it_to_the_next() {
        let together = Together::default();
        let never = together.ask(async || std::future::pending::<i32>().await);
        assert!(futures_util::FutureExt::now_or_never(never).is_none());
        assert_eq!(together.ask(async || 7).await, 7);
    }
}

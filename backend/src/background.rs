//! Work that goes on beside the requests. Where it panics it begins again: one row that cannot be read must not end it for the life of
//! the process.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;

use crate::telemetry::Metrics;

/// How long nothing is done after a panic: what caused it may still be there.
const PAUSE: Duration = Duration::from_secs(1);

/// Does the work until it ends, and begins it again each time that it panics.
pub async fn supervised<F: Future<Output = ()>>(
    metrics: &Metrics,
    name: &'static str,
    mut work: impl FnMut() -> F,
) {
    while let Err(panic) = AssertUnwindSafe(async { work().await }).catch_unwind().await {
        metrics.panicked_in_background(name);
        // The hook has logged where it was.
        let what = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref().copied());
        tracing::error!(name, what, "work in the background panicked; it begins again");
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_panics_begins_again_and_is_counted() {
        let (metrics, mut times) = (Metrics::new(), 0);
        supervised(&metrics, "testing", || {
            times += 1;
            let time = times;
            async move { assert!(time > 2, "not yet") }
        })
        .await;
        assert_eq!(times, 3);
        let text = metrics.text();
        assert!(text.contains("annex_background_panics_total{work=\"testing\"} 2"), "{text}");
    }
}

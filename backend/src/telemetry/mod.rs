//! What the server says of itself: logs, metrics, traces, and an id for every request.

mod counters;
mod histogram;
mod metrics;
mod observe;
mod request_log;
pub mod trace;

use std::io::IsTerminal;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::{Filter, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{LogFormat, Telemetry};

pub use counters::{CounterReader, Counters, Counts};
pub use metrics::{Counted, Metrics};
pub use observe::{RequestId, observe};
#[cfg(test)]
pub(crate) use request_log::test_entry;
pub use request_log::{Entry, MOST as MOST_LOGGED, RequestLog};

/// What has to be flushed at the end.
#[derive(Debug, Default)]
pub struct Guard {
    traces: Option<SdkTracerProvider>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.traces.take().map(|traces| traces.shutdown()) {
            tracing::warn!(%error, "the last traces could not be exported");
        }
    }
}

/// Starts logging (to stderr) and, where an endpoint is set, the export of traces.
///
/// # Errors
/// The filter or the endpoint is not valid, in a sentence.
pub fn start(config: &Telemetry) -> Result<Guard, String> {
    let filter = EnvFilter::try_new(&config.log)
        .map_err(|error| format!("ANNEX_LOG is {:?}, which is not a log filter: {error}", config.log))?;
    let format = config
        .log_format
        .unwrap_or_else(|| if std::io::stderr().is_terminal() { LogFormat::Pretty } else { LogFormat::Json });
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Pretty => lines.with_target(false).with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    let traces = config.otlp_endpoint.as_deref().map(trace::export).transpose()?;
    let spans =
        traces.as_ref().map(|traces| tracing_opentelemetry::layer().with_tracer(traces.tracer("annex")));
    tracing_subscriber::registry()
        .with(lines.with_filter(filter.and(without_values())))
        .with(spans.map(|spans| spans.with_filter(EnvFilter::new("annex=info"))))
        .try_init()
        .map_err(|error| format!("logging cannot be started: {error}"))?;
    Ok(Guard { traces })
}

/// Keeps out what the database's driver says of single statements, whatever else is logged: it has the values of rows
/// in it.
fn without_values<S>() -> impl Filter<S> {
    filter_fn(|metadata| {
        !metadata.target().starts_with("tokio_postgres") || *metadata.level() <= tracing::Level::INFO
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_filter_lets_values_through() {
        for filter in ["trace", "tokio_postgres=trace", "tokio_postgres::query=debug"] {
            let lines = Lines::default();
            let writer = lines.clone();
            let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
            let filter = EnvFilter::new(filter).and(without_values());
            let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter));
            tracing::subscriber::with_default(subscriber, || {
                tracing::debug!(target: "tokio_postgres::query", "with parameters: hunter2");
                tracing::info!(target: "tokio_postgres::connection", "a notice");
            });
            let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}

//! What the server says of itself: logs, metrics, traces, and an id for every request.

mod metrics;
mod observe;
pub mod trace;

use std::io::IsTerminal;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{LogFormat, Telemetry};

pub use metrics::Metrics;
pub use observe::{RequestId, observe};

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
        .with(lines.with_filter(filter))
        .with(spans.map(|spans| spans.with_filter(EnvFilter::new("annex=info"))))
        .try_init()
        .map_err(|error| format!("logging cannot be started: {error}"))?;
    Ok(Guard { traces })
}

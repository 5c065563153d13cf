//! What is told of the server.

use secrecy::SecretString;

use super::source::Source;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For programs: one JSON object a line.
    Json,
}

impl std::str::FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "pretty" => Ok(Self::Pretty),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

/// Logs, metrics and traces.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// What is logged, in `tracing-subscriber`'s filter syntax.
    pub log: String,
    /// How; pretty on a terminal and JSON otherwise where nothing is set.
    pub log_format: Option<LogFormat>,
    /// Where traces go (OTLP over HTTP); nowhere where nothing is set.
    pub otlp_endpoint: Option<String>,
    /// The bearer token that `/metrics` asks for; without it only callers on the same machine are answered.
    pub metrics_token: Option<SecretString>,
}

impl Telemetry {
    pub(super) fn from_source(source: &mut Source) -> Self {
        Self {
            log: source.get(
                "ANNEX_LOG",
                "telemetry.log",
                "a filter, such as info or annex=debug",
                // What these say of themselves helps only whoever works on Annex.
                "info,actix_server=warn,sqlx=error".to_owned(),
            ),
            log_format: source.maybe("ANNEX_LOG_FORMAT", "telemetry.log_format", "pretty or json"),
            otlp_endpoint: source.maybe(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "telemetry.otlp_endpoint",
                "a URL, such as http://127.0.0.1:4318",
            ),
            metrics_token: source
                .maybe("ANNEX_METRICS_TOKEN", "telemetry.metrics_token", "a secret")
                .map(|token: String| SecretString::from(token)),
        }
    }
}

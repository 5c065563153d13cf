//! Spans for OpenTelemetry: one for each request and one for each statement over a collection. None is made while
//! nobody exports them.

use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::field::Empty;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

static EXPORTED: AtomicBool = AtomicBool::new(false);

/// Exports spans to an OTLP endpoint over HTTP from now on.
///
/// # Errors
/// The endpoint cannot be used, in a sentence.
pub(super) fn export(endpoint: &str) -> Result<SdkTracerProvider, String> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()
        .map_err(|error| format!("OTEL_EXPORTER_OTLP_ENDPOINT cannot be used: {error}"))?;
    let resource = opentelemetry_sdk::Resource::builder().with_service_name("annex").build();
    EXPORTED.store(true, Ordering::Relaxed);
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// The span of a request, a child of the caller's (W3C Trace Context) where it sent one. Names are those of
/// OpenTelemetry's semantic conventions for HTTP servers.
pub(super) fn request(request: &ServiceRequest, method: &'static str, id: &str) -> Span {
    if !EXPORTED.load(Ordering::Relaxed) {
        return Span::none();
    }
    let span = info_span!(
        "request",
        otel.kind = "server",
        http.request.method = method,
        http.route = Empty,
        http.response.status_code = Empty,
        url.path = request.path(),
        request_id = id,
    );
    let parent = TraceContextPropagator::new().extract(&Headers(request.headers()));
    // Without a parent, or where the layer is gone, the span begins a trace of its own.
    drop(span.set_parent(parent));
    span
}

/// Says how a request ended.
pub(super) fn answered(span: &Span, method: &str, route: &str, status: u16) {
    if !span.is_none() {
        span.context().span().update_name(format!("{method} {route}"));
        span.record("http.route", route);
        span.record("http.response.status_code", status);
    }
}

/// The span of a statement. Its text has no values in it: they are binds.
pub fn statement(text: &str) -> Span {
    if !EXPORTED.load(Ordering::Relaxed) {
        return Span::none();
    }
    info_span!("statement", otel.kind = "client", db.system.name = "postgresql", db.query.text = text)
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}

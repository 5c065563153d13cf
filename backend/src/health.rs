//! Whether the server serves, whether it can work, and what it counts.

use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use annex_openapi::health::Health;
use secrecy::ExposeSecret;

use crate::app::App;
use crate::extract::same_secret;
use crate::problem::{Problem, Result};

/// `GET /healthz`: the server serves. It asks nobody, so that it costs nothing.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "health_live",
    tag = "system",
    responses((status = 200, description = "It serves.", body = Health)),
    security(())
)]
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(r#"{"status":"ok"}"#)
}

/// `GET /readyz`: the database answers too.
///
/// # Errors
/// `database_unavailable`
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "health_ready",
    tag = "system",
    responses((status = 200, description = "The database answers.", body = Health)),
    security(())
)]
pub async fn readyz(app: Data<App>) -> Result<HttpResponse> {
    let asked = sqlx::query("select 1").execute(&app.db.pool);
    match tokio::time::timeout(Duration::from_secs(2), asked).await {
        Ok(Ok(_)) => Ok(HttpResponse::Ok().content_type("application/json").body(r#"{"status":"ready"}"#)),
        Ok(Err(error)) => Err(Problem::database_unavailable(error)),
        Err(elapsed) => Err(Problem::database_unavailable(elapsed)),
    }
}

/// `GET /metrics`: for Prometheus. Asks for the configured token; without one it answers this machine alone.
///
/// # Errors
/// `not_found` for everybody else.
pub async fn metrics(request: HttpRequest, app: Data<App>) -> Result<HttpResponse> {
    let allowed = match &app.config.telemetry.metrics_token {
        Some(token) => {
            let sent = request.headers().get("authorization").and_then(|value| value.to_str().ok());
            let sent = sent.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
            same_secret(sent.as_bytes(), token.expose_secret().as_bytes())
        }
        None => {
            let forwarded = request.headers().contains_key("x-forwarded-for")
                || request.headers().contains_key("forwarded");
            !forwarded && request.peer_addr().is_some_and(|peer| peer.ip().is_loopback())
        }
    };
    if !allowed {
        return Err(Problem::not_found("route `/metrics`"));
    }
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; version=0.0.4")).body(app.metrics.text()))
}

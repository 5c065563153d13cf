//! `GET /v1/server`

use actix_web::HttpResponse;
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::server::{AuthSettings, DatabaseState, HttpSettings, RequestLogSettings, Server};

use super::store;
use crate::app::App;
use crate::config::Config;
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::Result;

/// Read which server answers, what is set for it, and how its database is. For admins.
///
/// Secrets, and where things are on the server's disk, are not told.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`
#[utoipa::path(
    get, path = "/v1/server", operation_id = "server_get", tag = "system",
    responses(
        (status = 200, description = "The server", body = Server),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn get(_: Admin, app: Data<App>, _: Query<NoParameters>) -> Result<HttpResponse> {
    let facts = store::database(&app.db.pool).await?;
    let config = &app.config;
    Ok(HttpResponse::Ok().json(Server {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        instance: app.instance,
        started_at: app.started_at,
        http: http(config),
        auth: AuthSettings {
            registration: config.auth.registration,
            access_token_seconds: config.auth.access_token_lifetime.as_secs(),
            session_idle_seconds: config.auth.session_idle.as_secs(),
            session_seconds: config.auth.session_lifetime.as_secs(),
        },
        database: DatabaseState {
            version: facts.version,
            embedded: config.database.url.is_none(),
            size_bytes: facts.size_bytes,
            connections: facts.connections,
            max_connections: facts.max_connections,
            server_connections: config.database.max_connections as i64,
            statement_timeout_seconds: config.database.statement_timeout.as_secs(),
        },
        request_log: RequestLogSettings {
            enabled: config.request_log.enabled,
            keep_seconds: config.request_log.keep.as_secs(),
            keep_rows: config.request_log.rows as u64,
        },
    }))
}

fn http(config: &Config) -> HttpSettings {
    let server = &config.server;
    HttpSettings {
        listen: server.listen.to_string(),
        public_url: server.public_url.clone(),
        console_origin: server.console_origin.clone(),
        allowed_origins: server.allowed_origins.clone(),
        trusted_proxies: server.trusted_proxies.iter().map(ToString::to_string).collect(),
        workers: server.workers as u32,
        max_body_bytes: server.max_body as u64,
        max_import_bytes: server.max_import as u64,
        read_timeout_seconds: server.read_timeout.as_secs(),
        drain_timeout_seconds: server.drain_timeout.as_secs(),
    }
}

//! The server that answers, and what is set for it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// The server that answered; another of the same database may be set otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Server {
    /// Its version.
    #[schema(example = "0.1.0")]
    pub version: String,
    /// Which server: another one at each start.
    pub instance: Uuid,
    /// When it started.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    /// How it is reached, and what it takes.
    pub http: HttpSettings,
    /// Accounts and tokens.
    pub auth: AuthSettings,
    /// The database.
    pub database: DatabaseState,
    /// What `GET /v1/requests` keeps.
    pub request_log: RequestLogSettings,
}

/// How a server is reached, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HttpSettings {
    /// Where it listens.
    #[schema(example = "127.0.0.1:8080")]
    pub listen: String,
    /// How clients reach it.
    #[schema(example = "https://api.example.com")]
    pub public_url: String,
    /// Where the console is.
    #[schema(example = "https://console.example.com")]
    pub console_origin: String,
    /// Origins whose pages may call the API; the console's is among them.
    #[schema(example = json!(["https://console.example.com"]))]
    pub allowed_origins: Vec<String>,
    /// Addresses whose `X-Forwarded-For` counts.
    #[schema(example = json!(["10.0.0.1"]))]
    pub trusted_proxies: Vec<String>,
    /// Threads that serve requests.
    #[schema(example = 2)]
    pub workers: u32,
    /// The largest JSON body.
    #[schema(example = 8_388_608)]
    pub max_body_bytes: u64,
    /// The largest import.
    #[schema(example = 4_294_967_296_u64)]
    pub max_import_bytes: u64,
    /// How long a request's head may take.
    #[schema(example = 10)]
    pub read_timeout_seconds: u64,
    /// How long accepted requests may take once the server is told to stop.
    #[schema(example = 30)]
    pub drain_timeout_seconds: u64,
}

/// How accounts sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuthSettings {
    /// Whether anybody may register.
    pub registration: bool,
    /// How long an access token lives.
    #[schema(example = 600)]
    pub access_token_seconds: u64,
    /// How long a session lives without being used.
    #[schema(example = 2_592_000)]
    pub session_idle_seconds: u64,
    /// How long a session lives at the most.
    #[schema(example = 15_552_000)]
    pub session_seconds: u64,
}

/// The database, as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatabaseState {
    /// The version of Postgres.
    #[schema(example = "15.14")]
    pub version: String,
    /// Whether the server runs it itself.
    pub embedded: bool,
    /// What it takes on disk.
    #[schema(example = 12_582_912)]
    pub size_bytes: i64,
    /// Connections in use, by whomever.
    #[schema(example = 14)]
    pub connections: i64,
    /// How many Postgres allows.
    #[schema(example = 100)]
    pub max_connections: i64,
    /// How many this server may hold.
    #[schema(example = 40)]
    pub server_connections: i64,
    /// How long one statement may run.
    #[schema(example = 10)]
    pub statement_timeout_seconds: u64,
}

/// What is kept of requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestLogSettings {
    /// Whether requests are kept at all.
    pub enabled: bool,
    /// For how long.
    #[schema(example = 604_800)]
    pub keep_seconds: u64,
    /// How many at the most.
    #[schema(example = 1_000_000)]
    pub keep_rows: u64,
}

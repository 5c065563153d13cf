//! Requests that were answered, as the log keeps them.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A request that was answered. Its body and its headers are not kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LoggedRequest {
    /// UUIDv7.
    pub id: Uuid,
    /// As in `X-Request-Id`: the same as `id`, except where the client sent one of its own.
    #[schema(example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")]
    pub request_id: String,
    /// When it came.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Its method.
    #[schema(example = "GET")]
    pub method: String,
    /// Its path.
    #[schema(example = "/v1/records/posts")]
    pub path: String,
    /// Its query, with `redacted` in place of whatever looks like a secret.
    #[schema(example = "sort=-created_at&limit=50")]
    pub query: Option<String>,
    /// The path's pattern; null where there is no such route.
    #[schema(example = "/v1/records/{collection}")]
    pub route: Option<String>,
    /// The answer's status.
    #[schema(example = 200)]
    pub status: u16,
    /// How long the answer took, up to its head.
    #[schema(example = 1.73)]
    pub duration_ms: f64,
    /// Who asked; null for nobody that is known.
    pub caller: Option<RequestCaller>,
    /// The network address that it came from.
    #[schema(example = "192.0.2.7")]
    pub address: Option<String>,
    /// What was wrong, where something was.
    pub problem: Option<RequestProblem>,
    /// The server that answered.
    pub instance: Uuid,
}

/// Who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestCaller {
    /// The account.
    pub id: Uuid,
    /// Its address now; null where the account is gone.
    #[schema(example = "ada@example.com")]
    pub email: Option<String>,
    /// The admin who acted as the account; null where it was the account itself.
    pub impersonated_by: Option<Uuid>,
}

/// What was wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestProblem {
    /// The kind, as in `Problem`.
    #[schema(example = "validation_failed")]
    pub code: String,
    /// What happened, in a sentence.
    #[schema(example = "`title` is required")]
    pub detail: String,
    /// Each place that was wrong.
    pub errors: Vec<RequestError>,
}

/// A place that was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestError {
    /// Where, as in `FieldError`.
    #[schema(example = "/title")]
    pub pointer: String,
    /// What was wrong there, for programs.
    #[schema(example = "required")]
    pub code: String,
}

/// One page of requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RequestPage {
    /// The requests of this page, the newest first.
    pub items: Vec<LoggedRequest>,
    /// Give it back as `cursor=` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

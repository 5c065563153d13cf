//! Errors as RFC 9457 problem details.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What went wrong, where, and what to do about it (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `/problems/<code>`: the page that explains this kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "/problems/validation_failed")]
    pub type_: String,
    /// The kind of problem, in a few words; the same for every occurrence.
    #[schema(example = "The request is not valid")]
    pub title: String,
    /// The HTTP status, repeated.
    #[schema(example = 422)]
    pub status: u16,
    /// What happened this time, in a sentence.
    #[schema(example = "2 fields are not valid")]
    pub detail: String,
    /// The stable name of the kind of problem, for programs.
    #[schema(example = "validation_failed")]
    pub code: String,
    /// The id of the request, as in the `X-Request-Id` header and the server's log.
    #[schema(example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")]
    pub request_id: String,
    /// Each place that is wrong, where there are such places.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// What to do next, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Send `title` as a string")]
    pub hint: Option<String>,
}

/// A kind of problem, as its page explains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemKind {
    /// The stable name.
    #[schema(example = "validation_failed")]
    pub code: String,
    /// The HTTP status that it comes with.
    #[schema(example = 422)]
    pub status: u16,
    /// The kind in a few words.
    #[schema(example = "The request is not valid")]
    pub title: String,
    /// What it means.
    #[schema(example = "Fields of the body are wrong.")]
    pub description: String,
    /// What to do about it.
    #[schema(example = "Mend the places that `errors` names, and send it again.")]
    pub remedy: String,
}

/// One wrong place in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Where: a JSON pointer into the body (RFC 6901, `/title`), or `?name` for a query parameter.
    #[schema(example = "/title")]
    pub pointer: String,
    /// The stable name of what is wrong there.
    #[schema(example = "required")]
    pub code: String,
    /// What is wrong there, in a sentence.
    #[schema(example = "`title` is required")]
    pub detail: String,
    /// In an import: the line on which the row begins, the first being 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 42)]
    pub line: Option<u64>,
}

impl FieldError {
    /// One wrong place: `pointer` as on [`FieldError::pointer`].
    pub fn new(pointer: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into(), line: None }
    }

    /// The same, in the row that begins on that line.
    pub fn on_line(self, line: u64) -> Self {
        Self { line: Some(line), ..self }
    }
}

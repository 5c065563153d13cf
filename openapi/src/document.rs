//! The document, as a type of itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// An OpenAPI 3.1 document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OpenApiDocument {
    /// The version of the specification.
    #[schema(example = "3.1.0")]
    pub openapi: String,
    /// Everything else.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, Value>,
}

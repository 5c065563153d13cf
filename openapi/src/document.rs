//! The documents, as types of themselves.

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

/// An AsyncAPI 3.0 document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AsyncApiDocument {
    /// The version of the specification.
    #[schema(example = "3.0.0")]
    pub asyncapi: String,
    /// Everything else.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, Value>,
}

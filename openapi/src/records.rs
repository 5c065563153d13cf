//! Records: batches and what they answer. The shapes of the rows themselves come from the catalogue.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What an operation of a batch does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BatchMethod {
    /// As `POST /v1/records/{collection}`.
    Create,
    /// As `PATCH /v1/records/{collection}/{id}`.
    Update,
    /// As `PUT /v1/records/{collection}/{id}`.
    Replace,
    /// As `DELETE /v1/records/{collection}/{id}`.
    Delete,
}

/// One operation of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchOperation {
    /// What to do.
    pub method: BatchMethod,
    /// With the rows of which collection.
    #[schema(example = "posts")]
    pub collection: String,
    /// With which row; not for `create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Value>,
    /// The fields to write; not for `delete`. `{"$result": "<index>.<field>"}` stands for a field of an earlier operation's result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!({"title": "Hello"}))]
    pub body: Option<Value>,
    /// The `ETag` that the row must still have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_match: Option<String>,
}

/// Operations that are done all or not at all, in one transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// 1 to 1,000 of them, done in this order.
    #[schema(min_items = 1, max_items = 1000)]
    pub operations: Vec<BatchOperation>,
}

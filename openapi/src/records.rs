//! Records: batches and what they answer. The shapes of the rows themselves come from the catalogue.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::jobs::JobCreate;

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
    /// As `POST /v1/jobs`: the job is there when the writes are, or not at all. For admins.
    Enqueue,
    /// As `POST /v1/broadcasts`: it is said when the writes are committed, at their place in the order of all changes, or not at all.
    Broadcast,
}

/// One operation of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchOperation {
    /// What to do.
    pub method: BatchMethod,
    /// With the rows of which collection; not for `enqueue` and `broadcast`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "posts")]
    pub collection: Option<String>,
    /// With which row: its key, or a list with the parts of a composite key; only for `update`, `replace` and `delete`. `{"$result": "<index>.<field>"}`
    /// stands for a field of the record that an earlier operation has written, or for the `id` of the job that it has enqueued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")]
    pub id: Option<Value>,
    /// The fields to write; only for `create`, `update` and `replace`. In place of a field's value, `{"$result": "<index>.<field>"}` stands for a
    /// field of the record that an earlier operation has written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"title": "Hello"}))]
    pub body: Option<Value>,
    /// The `ETag` that the row must still have, or `*` for any; only for `update`, `replace` and `delete`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_match: Option<String>,
    /// What to enqueue; only for `enqueue`. In place of a member of its `args`, `{"$result": "<index>.<field>"}` stands as it does in `body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobCreate>,
    /// On which topic it is said; only for `broadcast`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255, example = "room:7")]
    pub topic: Option<String>,
    /// What is said; only for `broadcast`. In place of a member of an object, `{"$result": "<index>.<field>"}` stands as it does in `body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!({"text": "hello"}))]
    pub payload: Option<Value>,
}

/// Operations that are done all or not at all, in one transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// 1 to 1,000 of them, done in this order.
    #[schema(min_items = 1, max_items = 1000)]
    pub operations: Vec<BatchOperation>,
}

/// What the operations of a batch did. Where one of them fails none is done, and the answer is that operation's problem:
/// its status and code, with pointers that begin with `/operations/<index>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchResponse {
    /// Each result at the index of its operation.
    pub results: Vec<BatchResult>,
}

/// What one operation of a batch did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchResult {
    /// The status that the operation has by itself: 201 for a record that was created, 200 with a record, 204 without; 201 for a job that
    /// was enqueued, 200 for one that had the unique key already; 204 for what was said.
    #[schema(example = 201)]
    pub status: u16,
    /// The record's key, or a list with the parts of a composite key; or the job's id. Null for what was said.
    #[schema(example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")]
    pub id: Value,
    /// The record's entity tag, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "\"2f1\"")]
    pub etag: Option<String>,
    /// The record as it is now; not where the caller may not view it, or prefers `return=minimal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<BatchRecord>,
}

/// What a write of all rows that match did; in a dry run, what it would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BulkResult {
    /// How many rows were changed or deleted.
    #[schema(example = 3)]
    pub count: u64,
}

/// A record of some collection, with that collection's fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = std::collections::BTreeMap<String, Value>)]
pub struct BatchRecord(pub serde_json::Map<String, Value>);

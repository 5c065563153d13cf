//! What an index is, and how one is asked for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How an index is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IndexKind {
    /// An ordered index (btree).
    #[default]
    Plain,
    /// An ordered index that refuses a second equal row.
    Unique,
    /// A full-text index; `search=` uses it.
    FullText,
}

/// An index over one or more fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexSpec {
    /// The index's name; made from the fields where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The fields, in order; `-` in front for descending.
    #[schema(example = json!(["author", "-created_at"]))]
    pub fields: Vec<String>,
    /// How it is made.
    #[serde(default)]
    pub kind: IndexKind,
}

/// An index, as the database has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Index {
    /// The index's name.
    pub name: String,
    /// How it is made; null for an index that Annex has no name for.
    pub kind: Option<IndexKind>,
    /// The fields, in order; `-` in front for descending. Empty where it is over expressions.
    pub fields: Vec<String>,
    /// The statement that makes it.
    pub definition: String,
}

//! Changes of a collection.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{FieldSpec, FieldType, IndexSpec, OnDelete, RulesPatch, given};

/// A change of a collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectionPatch {
    /// Changes of the table, made in this order in one transaction.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// Changes of the rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<RulesPatch>,
    /// Whether changes of its rows are told to whoever subscribes to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realtime: Option<bool>,
}

/// One change of a collection's table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Change {
    /// Gives the collection (and its table) another name.
    Rename(Rename),
    /// Adds a field.
    AddField(AddField),
    /// Gives a field another name; rules that use it follow.
    RenameField(RenameField),
    /// Changes what a field holds or demands.
    AlterField(AlterField),
    /// Drops a field and its values.
    DropField(DropField),
    /// Adds an index.
    AddIndex(AddIndex),
    /// Drops an index.
    DropIndex(DropIndex),
}

/// Gives the collection (and its table) another name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    /// The new name.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,62}$")]
    pub name: String,
}

/// Adds a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddField {
    /// The field.
    pub field: FieldSpec,
}

/// Gives a field another name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameField {
    /// The name now.
    pub name: String,
    /// The new name.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,62}$")]
    pub to: String,
}

/// Changes what a field holds or demands; what is left out stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlterField {
    /// The field.
    pub name: String,
    /// Another type; values are converted where Postgres can.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub type_: Option<FieldType>,
    /// Whether it holds a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub array: Option<bool>,
    /// Whether it must have a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// Whether no two rows may have the same value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique: Option<bool>,
    /// The value where none is given; null takes it away.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub default: Option<Option<Value>>,
    /// The values of an enum, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    /// For a relation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// For a relation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_delete: Option<OnDelete>,
    /// Whether only admins may read, filter by or write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<bool>,
}

/// Drops a field and its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DropField {
    /// The field.
    pub name: String,
}

/// Adds an index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddIndex {
    /// The index.
    pub index: IndexSpec,
}

/// Drops an index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DropIndex {
    /// The index's name.
    pub name: String,
}

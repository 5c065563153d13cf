//! What a field is, and how one is asked for.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::is_false;

/// What a field holds. `bigint` and `numeric` are JSON strings, so that no digit is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// A string.
    Text,
    /// A string that is an e-mail address.
    Email,
    /// A string that is an absolute URL.
    Url,
    /// `true` or `false`.
    Bool,
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 64 bits, as a JSON string.
    Bigint,
    /// A double-precision number.
    Float,
    /// An exact decimal number, as a JSON string.
    Numeric,
    /// A day, `2026-01-31`.
    Date,
    /// An instant, RFC 3339 in UTC.
    Timestamp,
    /// A UUID.
    Uuid,
    /// Any JSON.
    Json,
    /// One of the field's `values`.
    Enum,
    /// The key of a row of another collection, or of a user.
    Relation,
    /// The id of a file.
    File,
    /// The ids of files, in order.
    Files,
}

impl FieldType {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Text,
        Self::Email,
        Self::Url,
        Self::Bool,
        Self::Int,
        Self::Bigint,
        Self::Float,
        Self::Numeric,
        Self::Date,
        Self::Timestamp,
        Self::Uuid,
        Self::Json,
        Self::Enum,
        Self::Relation,
        Self::File,
        Self::Files,
    ];

    /// As it stands in `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Email => "email",
            Self::Url => "url",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Bigint => "bigint",
            Self::Float => "float",
            Self::Numeric => "numeric",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Enum => "enum",
            Self::Relation => "relation",
            Self::File => "file",
            Self::Files => "files",
        }
    }

    /// The Postgres type that a new field gets, unless an enum's values or a relation's target say otherwise; of an array, its
    /// elements'.
    pub fn native(self) -> &'static str {
        match self {
            Self::Text | Self::Enum => "text",
            Self::Email => "annex.email",
            Self::Url => "annex.url",
            Self::Bool => "boolean",
            Self::Int => "integer",
            Self::Bigint => "bigint",
            Self::Float => "double precision",
            Self::Numeric => "numeric",
            Self::Date => "date",
            Self::Timestamp => "timestamp with time zone",
            Self::Uuid | Self::Relation => "uuid",
            Self::Json => "jsonb",
            Self::File => "annex.file",
            Self::Files => "annex.files",
        }
    }
}

/// What happens to a row when the row that it points at is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnDelete {
    /// The delete is refused.
    Restrict,
    /// The row is deleted too.
    Cascade,
    /// The field becomes null.
    SetNull,
}

/// A field to create.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    /// The field's name, which is the column's too.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,62}$", example = "title")]
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub type_: FieldType,
    /// Whether it holds a list of them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub array: bool,
    /// Whether it must have a value (NOT NULL).
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// Whether no two rows may have the same value.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unique: bool,
    /// The value where none is given: a literal of the field's type, or `"@now"` (date, timestamp) or `"@uuid"` (uuid).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The values of an enum, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["draft", "published"]))]
    pub values: Option<Vec<String>>,
    /// The collection that a relation points at; `users` for accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// For a relation; `restrict` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_delete: Option<OnDelete>,
    /// Whether only admins may read, filter by or write it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hidden: bool,
}

/// A field of a collection, as the database has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Field {
    /// The field's name, which is the column's too.
    #[schema(example = "title")]
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub type_: FieldType,
    /// Whether it holds a list of them.
    pub array: bool,
    /// Whether it always has a value (NOT NULL).
    pub required: bool,
    /// Whether it is unique by itself.
    pub unique: bool,
    /// Whether it is (part of) the key.
    pub primary_key: bool,
    /// Whether nobody can write it: the database makes its value.
    pub read_only: bool,
    /// Whether it came by itself with the collection (`id`, `created_at`, `updated_at`): only admins may write it.
    pub system: bool,
    /// Whether only admins may read, filter by or write it.
    pub hidden: bool,
    /// The SQL expression of the value where none is given.
    pub default: Option<String>,
    /// The values of an enum, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    /// The collection that a relation points at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// The field of that collection that a relation's value equals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<String>,
    /// What a relation's value is: the type of the field it references.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_type: Option<FieldType>,
    /// What happens to the row when the row that a relation points at is deleted; null where the
    /// database has a rule that Annex does not name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_delete: Option<OnDelete>,
    /// The Postgres type.
    #[schema(example = "character varying(200)")]
    pub native_type: String,
    /// Why the database alone can compare its values, where that is so: the end of a sentence that starts with the field's
    /// name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "is citext, which the database compares by rules of its own")]
    pub database_alone: Option<String>,
}

impl Field {
    /// The type of the field's value: for a relation, that of the key that it holds.
    pub fn value_type(&self) -> FieldType {
        self.key_type.unwrap_or(self.type_)
    }
}

//! What a Postgres type is to Annex.

use std::collections::HashMap;

use annex_openapi::collections::FieldType;
use sqlx::postgres::types::Oid;

use super::introspect::Type;
use super::model::{Fragment, Wire};

/// What a column's type is to Annex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolved {
    /// What the field holds; for a relation, its key.
    pub(super) type_: FieldType,
    /// Whether the field holds a list of them. One of `files` is a list by itself.
    pub(super) array: bool,
    /// The type that a value, or an element of an array, is cast to.
    pub(super) sql: Fragment,
    /// How one value (or one element) travels.
    pub(super) wire: Wire,
    /// Whether the column is an array, also for `files`.
    pub(super) wire_array: bool,
    /// Whether the type itself forbids null.
    pub(super) not_null: bool,
    /// Whether two values of text are equal exactly where their bytes are, as far as the type says.
    pub(super) bytewise: bool,
    /// An enum's values.
    pub(super) values: Option<Vec<String>>,
}

/// The types that columns have, by their ids.
#[derive(Debug)]
pub(super) struct Types(HashMap<Oid, Type>);

impl Types {
    pub(super) fn new(types: Vec<Type>) -> Self {
        Self(types.into_iter().map(|type_| (type_.oid, type_)).collect())
    }

    /// What the type is to Annex; nothing for composite and pseudo types, and for what is made of them.
    pub(super) fn resolve(&self, oid: Oid) -> Option<Resolved> {
        let type_ = self.0.get(&oid)?;
        if let Some(base) = type_.base {
            let mut resolved = self.resolve(base)?;
            resolved.not_null |= type_.not_null;
            if type_.schema_name == "annex" {
                resolved.type_ = match type_.name.as_str() {
                    "email" => FieldType::Email,
                    "url" => FieldType::Url,
                    "file" => FieldType::File,
                    "files" => FieldType::Files,
                    _ => resolved.type_,
                };
                resolved.array &= resolved.type_ != FieldType::Files;
            }
            return Some(resolved);
        }
        if let Some(element) = type_.element {
            let element = self.resolve(element)?;
            let files = element.type_ == FieldType::File;
            return (!element.wire_array).then_some(Resolved {
                type_: if files { FieldType::Files } else { element.type_ },
                array: !files,
                sql: element.sql,
                wire: element.wire,
                wire_array: true,
                not_null: false,
                bytewise: element.bytewise,
                values: element.values,
            });
        }
        let (field_type, wire) = plain(type_)?;
        Some(Resolved {
            type_: field_type,
            array: false,
            sql: Fragment::from_postgres(type_.sql.as_str()),
            wire,
            wire_array: false,
            not_null: false,
            bytewise: type_.kind == "e" || !matches!(type_.name.as_str(), "citext" | "bpchar" | "name"),
            values: type_.values.clone(),
        })
    }
}

/// What a type is that is neither a domain nor an array.
fn plain(type_: &Type) -> Option<(FieldType, Wire)> {
    match type_.kind.as_str() {
        "e" => return Some((FieldType::Enum, Wire::Text)),
        "b" | "r" | "m" => {}
        _ => return None,
    }
    // An extension may stand in any schema.
    if type_.name == "citext" {
        return Some((FieldType::Text, Wire::Text));
    }
    if type_.schema_name != "pg_catalog" {
        return Some((FieldType::Text, Wire::Other));
    }
    Some(match type_.name.as_str() {
        "bool" => (FieldType::Bool, Wire::Bool),
        "int2" => (FieldType::Int, Wire::Int2),
        "int4" => (FieldType::Int, Wire::Int4),
        "int8" => (FieldType::Bigint, Wire::Int8),
        "float4" => (FieldType::Float, Wire::Float4),
        "float8" => (FieldType::Float, Wire::Float8),
        "numeric" => (FieldType::Numeric, Wire::Numeric),
        "text" | "varchar" | "bpchar" | "name" => (FieldType::Text, Wire::Text),
        "json" => (FieldType::Json, Wire::Json),
        "jsonb" => (FieldType::Json, Wire::Jsonb),
        "uuid" => (FieldType::Uuid, Wire::Uuid),
        "date" => (FieldType::Date, Wire::Date),
        "timestamp" => (FieldType::Timestamp, Wire::Timestamp),
        "timestamptz" => (FieldType::Timestamp, Wire::Timestamptz),
        _ => (FieldType::Text, Wire::Other),
    })
}

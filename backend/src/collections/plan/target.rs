//! What relations point at.

use annex_openapi::collections::{FieldSpec, FieldType};
use annex_openapi::near::nearest;

use super::Planner;
use crate::collections::catalogue::Identifier;

/// What a relation points at.
pub(super) struct Target {
    pub(super) table: Identifier,
    pub(super) key: String,
    pub(super) key_type: FieldType,
    pub(super) type_sql: String,
    /// Whether it is still to be made.
    pub(super) expected: bool,
}

impl Planner {
    /// What a relation of `collection` points at.
    pub(super) fn target(&mut self, collection: &str, spec: &FieldSpec, pointer: &str) -> Option<Target> {
        let at = format!("{pointer}/collection");
        let Some(name) = spec.collection.as_deref() else {
            self.error(at, "required", "A relation needs the `collection` that it points at");
            return None;
        };
        match self.find_target(collection, name) {
            Ok(target) => Some(target),
            Err(detail) => {
                self.error(at, "unknown_collection", detail);
                None
            }
        }
    }

    /// What a relation of `collection` to `name` points at.
    pub(super) fn find_target(&self, collection: &str, name: &str) -> Result<Target, String> {
        let made_here = name == collection && !self.after.entries.contains_key(name);
        if made_here || self.expected.iter().any(|expected| expected == name) {
            return Ok(Target {
                table: Identifier::qualified("public", name),
                key: "id".to_owned(),
                key_type: FieldType::Uuid,
                type_sql: "uuid".to_owned(),
                expected: !made_here,
            });
        }
        let Some(entry) = self.after.entries.get(name) else {
            let near = nearest(name, self.after.entries.keys().map(String::as_str));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(format!("There is no collection `{name}`{near}"));
        };
        if entry.is_view() {
            return Err(format!("`{name}` is a view, and Postgres has relations to tables alone"));
        }
        let [key] = &entry.collection.primary_key[..] else {
            let why = if entry.collection.primary_key.is_empty() {
                "has no key"
            } else {
                "has a key of several fields"
            };
            return Err(format!("`{name}` {why}, so that no single field can point at it"));
        };
        let key = entry.collection.field(key).expect("a key is of fields");
        let type_sql = key.native_type.clone();
        Ok(Target {
            table: entry.table(),
            key: key.name.clone(),
            key_type: key.value_type(),
            type_sql,
            expected: false,
        })
    }
}

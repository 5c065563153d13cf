//! Indexes to be made.

use annex_openapi::collections::{Field, FieldType, Index, IndexKind, IndexSpec, Lock};
use annex_openapi::near::nearest;

use super::Planner;
use super::naming::{is_name, name_rule};
use super::state::Named;
use crate::collections::catalogue::{Demand, Identifier};
use crate::collections::ddl::{names, statements};

/// The most columns that Postgres takes into an index.
const MOST_FIELDS: usize = 32;

impl Planner {
    /// Checks an index, and makes it.
    pub(super) fn plan_index(&mut self, collection: &str, spec: &IndexSpec, pointer: &str) {
        let Some(entry) = self.after.entries.get(collection) else { return };
        let (owner, table) = (entry.origin.clone(), entry.table());
        let known = self.errors.len();
        let fields = entry.collection.fields.clone();
        if spec.fields.is_empty() {
            self.error(format!("{pointer}/fields"), "required", "An index needs at least one field");
        }
        if spec.fields.len() > MOST_FIELDS {
            self.error(
                format!("{pointer}/fields"),
                "invalid",
                format!("An index has at most {MOST_FIELDS} fields"),
            );
        }
        let mut columns: Vec<(&Field, bool)> = Vec::new();
        for (place, text) in spec.fields.iter().enumerate() {
            let at = format!("{pointer}/fields/{place}");
            let (name, descending) = match text.strip_prefix('-') {
                Some(name) if !fields.iter().any(|field| &field.name == text) => (name, true),
                _ => (text.as_str(), false),
            };
            let Some(field) = fields.iter().find(|field| field.name == name) else {
                let near = nearest(name, fields.iter().map(|field| field.name.as_str()));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                self.error(at, "unknown_field", format!("There is no field `{name}`{near}"));
                continue;
            };
            if columns.iter().any(|(other, _)| other.name == field.name) {
                self.error(at, "duplicate", format!("`{name}` is there twice"));
            } else if spec.kind == IndexKind::FullText {
                let text = matches!(field.type_, FieldType::Text | FieldType::Email | FieldType::Url)
                    && !field.array;
                if !text || descending {
                    let detail = "A full-text index is over text fields, without a direction";
                    self.error(at, "invalid", detail);
                }
            }
            columns.push((field, descending));
        }
        if let Some(name) = &spec.name {
            let at = format!("{pointer}/name");
            if !is_name(name) {
                self.error(at, "invalid_name", name_rule("An index's name"));
            } else if self.after.has_relation(name) {
                self.error(
                    at,
                    "duplicate",
                    format!("`{name}` is the name of an index or a table that is there"),
                );
            }
        }
        if self.errors.len() > known {
            return;
        }
        let ending = match spec.kind {
            IndexKind::Plain => "idx",
            IndexKind::Unique => "key",
            IndexKind::FullText => "search",
        };
        let name = spec.name.clone().unwrap_or_else(|| {
            let names: Vec<&str> = columns.iter().map(|(field, _)| field.name.as_str()).collect();
            let parts: Vec<&str> = [owner.table.as_str()].into_iter().chain(names).collect();
            names::make(&parts, ending, |name| self.after.has_relation(name))
        });
        let quoted = Identifier::quote(&name);
        let sql = if spec.kind == IndexKind::FullText {
            let columns: Vec<Identifier> =
                columns.iter().map(|(field, _)| Identifier::quote(&field.name)).collect();
            statements::create_search_index(&quoted, &table, &columns)
        } else {
            let columns: Vec<(Identifier, bool)> = columns
                .iter()
                .map(|(field, descending)| (Identifier::quote(&field.name), *descending))
                .collect();
            statements::create_index(&quoted, &table, &columns, spec.kind == IndexKind::Unique)
        };
        let index = Index {
            name: name.clone(),
            kind: Some(spec.kind),
            fields: spec.fields.clone(),
            definition: sql.clone(),
        };
        let names: Vec<String> = columns.iter().map(|(field, _)| field.name.clone()).collect();
        // Nobody else knows of a table that is made in the same transaction.
        let lock = if self.before.entries.contains_key(collection) { Lock::Writes } else { Lock::None };
        self.step(sql, lock);
        let entry = self.after.entries.get_mut(collection).expect("it is there");
        if spec.kind == IndexKind::Unique {
            if let [only] = &names[..]
                && let Some(field) = entry.collection.fields.iter_mut().find(|field| &field.name == only)
            {
                field.unique = true;
            }
            entry.constraints.push(Named { name, demand: Demand::UniqueIndex, fields: names });
        }
        entry.collection.indexes.push(index);
    }
}

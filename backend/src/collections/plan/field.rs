//! Names, and fields to be made.

use annex_openapi::collections::{Field, FieldSpec, FieldType, IndexKind, IndexSpec, Lock, OnDelete};
use annex_openapi::near::nearest;

use super::state::Named;
use super::{Planner, Waiting};
use crate::collections::catalogue::assemble::SYSTEM_FIELDS;
use crate::collections::catalogue::{Demand, Identifier};
use crate::collections::ddl::default::default_sql;
use crate::collections::ddl::names;
use crate::collections::ddl::statements::{self, ColumnDefinition, Reference};

/// The most values that an enum may have.
const MOST_VALUES: usize = 1_000;

/// Columns that every table of Postgres has.
const POSTGRES_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// Collections that there cannot be: accounts, and the words that stand in the same place in URLs.
const RESERVED_COLLECTIONS: [&str; 3] = ["users", "adopt", "apply"];

/// A field that is to be made, checked.
pub(super) struct Planned {
    pub(super) definition: ColumnDefinition,
    pub(super) field: Field,
    pub(super) constraints: Vec<Named>,
    /// The constraint that waits for the collection that it points at.
    pub(super) waiting: Option<Reference>,
}

fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_lowercase())
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && name.len() <= names::LONGEST
}

impl Planner {
    /// Checks the name of a collection to be.
    pub(super) fn check_collection_name(&mut self, name: &str, pointer: &str) {
        if !is_name(name) {
            self.error(pointer, "invalid_name", name_rule("A collection's name"));
        } else if RESERVED_COLLECTIONS.contains(&name) {
            self.error(
                pointer,
                "reserved",
                format!("`{name}` has a meaning of its own: choose another name"),
            );
        }
    }

    /// Checks the name of a field to be.
    pub(super) fn check_field_name(&mut self, name: &str, pointer: &str) {
        if !is_name(name) {
            self.error(pointer, "invalid_name", name_rule("A field's name"));
        } else if SYSTEM_FIELDS.contains(&name) {
            self.error(pointer, "reserved", format!("`{name}` comes by itself: leave it out"));
        } else if POSTGRES_COLUMNS.contains(&name) {
            self.error(pointer, "reserved", format!("Postgres keeps the name `{name}` for itself"));
        }
    }

    /// What a field comes to in the table of `collection`; an enum's type is made on the way. Nothing where
    /// something is wrong with it.
    pub(super) fn plan_field(
        &mut self,
        collection: &str,
        owner: &TableName<'_>,
        spec: &FieldSpec,
        pointer: &str,
    ) -> Option<Planned> {
        let known = self.errors.len();
        self.check_field_name(&spec.name, &format!("{pointer}/name"));
        self.check_members(spec, pointer);
        let target = (spec.type_ == FieldType::Relation).then(|| self.target(collection, spec, pointer));
        if self.errors.len() > known {
            return None;
        }
        let target = target.flatten();
        let type_sql = match (&target, spec.type_) {
            (Some(target), _) => target.type_sql.clone(),
            (None, FieldType::Enum) => {
                self.make_enum(owner, &spec.name, spec.values.as_deref().unwrap_or_default())
            }
            (None, type_) => plain_type(type_).to_owned(),
        };
        let type_sql = if spec.array { format!("{type_sql}[]") } else { type_sql };
        let default = spec
            .default
            .as_ref()
            .map(|value| default_sql(value, spec.type_, spec.array, spec.values.as_deref(), &type_sql));
        let default = match default.transpose() {
            Ok(default) => default,
            Err(detail) => {
                self.error(format!("{pointer}/default"), "invalid", detail);
                return None;
            }
        };
        let mut constraints = Vec::new();
        let mut constrain = |planner: &Self, ending: &str, demand: Demand| {
            let taken = |name: &str| demand == Demand::Unique && planner.after.has_relation(name);
            let name = names::make(&[owner.table, &spec.name], ending, taken);
            let quoted = Identifier::quote(&name);
            constraints.push(Named { name, demand, fields: vec![spec.name.clone()] });
            quoted
        };
        let unique = spec.unique.then(|| constrain(self, "key", Demand::Unique));
        let reference = target.as_ref().map(|target| Reference {
            constraint: constrain(self, "fkey", Demand::ForeignKey),
            table: target.table.clone(),
            column: Identifier::quote(&target.key),
            on_delete: spec.on_delete.unwrap_or(OnDelete::Restrict),
        });
        let expected = target.as_ref().is_some_and(|target| target.expected);
        let (references, waiting) = if expected { (None, reference) } else { (reference, None) };
        let field = Field {
            name: spec.name.clone(),
            type_: spec.type_,
            array: spec.array,
            required: spec.required,
            unique: spec.unique,
            primary_key: false,
            read_only: false,
            system: false,
            hidden: spec.hidden,
            default: default.clone(),
            values: spec.values.clone(),
            collection: spec.collection.clone(),
            references: target.as_ref().map(|target| target.key.clone()),
            key_type: target.as_ref().map(|target| target.key_type),
            on_delete: target.as_ref().map(|_| spec.on_delete.unwrap_or(OnDelete::Restrict)),
            native_type: type_sql.clone(),
        };
        let definition = ColumnDefinition {
            name: Identifier::quote(&spec.name),
            type_sql,
            required: spec.required,
            unique,
            default,
            references,
        };
        Some(Planned { definition, field, constraints, waiting })
    }

    /// Checks the members that belong to some types alone.
    pub(super) fn check_members(&mut self, spec: &FieldSpec, pointer: &str) {
        let relation = spec.type_ == FieldType::Relation;
        if spec.type_ == FieldType::Enum {
            self.check_values(spec.values.as_deref(), pointer);
        } else if spec.values.is_some() {
            self.error(format!("{pointer}/values"), "not_allowed", "Only an enum has `values`");
        }
        if !relation && spec.collection.is_some() {
            let detail = "Only a relation has a `collection`: the type must be `relation`";
            self.error(format!("{pointer}/collection"), "not_allowed", detail);
        }
        if !relation && spec.on_delete.is_some() {
            self.error(format!("{pointer}/on_delete"), "not_allowed", "Only a relation has `on_delete`");
        }
        if relation && spec.default.is_some() {
            self.error(format!("{pointer}/default"), "not_allowed", "A relation has no default");
        }
        if spec.required && spec.on_delete == Some(OnDelete::SetNull) {
            let detail = "A required relation cannot become null: choose `restrict` or `cascade`";
            self.error(format!("{pointer}/on_delete"), "invalid", detail);
        }
        self.check_array(spec.type_, spec.array, pointer);
    }

    pub(super) fn check_array(&mut self, type_: FieldType, array: bool, pointer: &str) {
        let instead = match type_ {
            _ if !array => return,
            FieldType::Relation => "A relation points at one row: make a collection of the pairs instead",
            FieldType::File => "For a list of files use the type `files`",
            FieldType::Files => "`files` is a list already: leave `array` out",
            FieldType::Json => "JSON holds lists already: leave `array` out",
            _ => return,
        };
        self.error(format!("{pointer}/array"), "not_allowed", instead);
    }

    pub(super) fn check_values(&mut self, values: Option<&[String]>, pointer: &str) {
        let at = format!("{pointer}/values");
        let Some(values) = values.filter(|values| !values.is_empty()) else {
            return self.error(at, "required", "An enum needs `values`, at least one");
        };
        if values.len() > MOST_VALUES {
            return self.error(at, "invalid", format!("An enum has at most {MOST_VALUES} values"));
        }
        for (place, value) in values.iter().enumerate() {
            let at = format!("{at}/{place}");
            if value.is_empty() || value.len() > names::LONGEST || value.contains('\0') {
                self.error(at, "invalid", format!("A value of an enum has 1 to {} bytes", names::LONGEST));
            } else if values[..place].contains(value) {
                self.error(at, "duplicate", format!("`{value}` is there twice"));
            }
        }
    }

    /// What a relation of `collection` points at.
    fn target(&mut self, collection: &str, spec: &FieldSpec, pointer: &str) -> Option<Target> {
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

    /// Makes the type of an enum, and says how it is spelled.
    pub(super) fn make_enum(&mut self, owner: &TableName<'_>, field: &str, values: &[String]) -> String {
        let qualified = |name: &str| Identifier::qualified(owner.schema, name);
        let taken = |name: &str| {
            self.after.has_relation(name)
                || self.after.has_type(&spelled(owner.schema, name))
                || self
                    .steps
                    .iter()
                    .any(|step| step.sql.starts_with(&format!("create type {} ", qualified(name).as_sql())))
        };
        let name = names::make(&[owner.table, field], "", taken);
        self.step(statements::create_enum(&qualified(&name), values), Lock::None);
        spelled(owner.schema, &name)
    }

    /// Checks an index, and makes it. `existing` says what to do with one that is there: nothing is done.
    pub(super) fn plan_index(&mut self, collection: &str, spec: &IndexSpec, pointer: &str) {
        let Some(entry) = self.after.entries.get(collection) else { return };
        let (owner, table) = (entry.origin.clone(), entry.table());
        let known = self.errors.len();
        let fields = entry.collection.fields.clone();
        if spec.fields.is_empty() {
            self.error(format!("{pointer}/fields"), "required", "An index needs at least one field");
        }
        if spec.fields.len() > 32 {
            self.error(format!("{pointer}/fields"), "invalid", "An index has at most 32 fields");
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
        let index = annex_openapi::collections::Index {
            name: name.clone(),
            kind: Some(spec.kind),
            fields: spec.fields.clone(),
            definition: sql.clone(),
        };
        let names: Vec<String> = columns.iter().map(|(field, _)| field.name.clone()).collect();
        self.step(sql, Lock::Writes);
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

    /// Notes a field's constraints, and the relation that waits for its target.
    pub(super) fn take_in(&mut self, collection: &str, planned: Planned) {
        let entry = self.after.entries.get_mut(collection).expect("it is there");
        for constraint in &planned.constraints {
            if constraint.demand == Demand::Unique {
                entry.collection.indexes.push(annex_openapi::collections::Index {
                    name: constraint.name.clone(),
                    kind: Some(IndexKind::Unique),
                    fields: constraint.fields.clone(),
                    definition: String::new(),
                });
            }
        }
        entry.constraints.extend(planned.constraints);
        let table = entry.table();
        entry.collection.fields.push(planned.field);
        if let Some(reference) = planned.waiting {
            self.waiting.push(Waiting { table, column: planned.definition.name, reference });
        }
    }
}

/// Where the table of a field stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableName<'a> {
    pub(super) schema: &'a str,
    pub(super) table: &'a str,
}

/// What a relation points at.
pub(super) struct Target {
    pub(super) table: Identifier,
    pub(super) key: String,
    pub(super) key_type: FieldType,
    pub(super) type_sql: String,
    /// Whether it is still to be made.
    pub(super) expected: bool,
}

fn name_rule(what: &str) -> String {
    format!(
        "{what} has lower-case letters, digits and underscores, begins with a letter and has at most 63 of them"
    )
}

/// A qualified name as Postgres itself spells it: in quotes only where it must be.
pub(super) fn spelled(schema: &str, name: &str) -> String {
    let part = |part: &str| {
        if is_name(part) { part.to_owned() } else { Identifier::quote(part).as_sql().to_owned() }
    };
    format!("{}.{}", part(schema), part(name))
}

/// The Postgres type of a field, apart from enums and relations.
pub(super) fn plain_type(type_: FieldType) -> &'static str {
    match type_ {
        FieldType::Text | FieldType::Enum => "text",
        FieldType::Email => "annex.email",
        FieldType::Url => "annex.url",
        FieldType::Bool => "boolean",
        FieldType::Int => "integer",
        FieldType::Bigint => "bigint",
        FieldType::Float => "double precision",
        FieldType::Numeric => "numeric",
        FieldType::Date => "date",
        FieldType::Timestamp => "timestamp with time zone",
        FieldType::Uuid | FieldType::Relation => "uuid",
        FieldType::Json => "jsonb",
        FieldType::File => "annex.file",
        FieldType::Files => "annex.files",
    }
}

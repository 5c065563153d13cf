//! Fields to be made.

use annex_openapi::collections::{Field, FieldSpec, FieldType, Index, IndexKind, Lock, OnDelete};

use super::naming::spelled;
use super::state::Named;
use super::{Planner, Waiting};
use crate::collections::catalogue::{Demand, Identifier};
use crate::collections::ddl::default::default_sql;
use crate::collections::ddl::names;
use crate::collections::ddl::statements::{self, ColumnDefinition, Reference};

/// The most values that an enum may have.
const MOST_VALUES: usize = 1_000;

/// A field that is to be made, checked.
pub(super) struct Planned {
    pub(super) definition: ColumnDefinition,
    pub(super) field: Field,
    pub(super) constraints: Vec<Named>,
    /// The constraint that waits for the collection that it points at.
    pub(super) waiting: Option<Reference>,
}

impl Planner {
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
            (None, type_) => type_.native().to_owned(),
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
            database_alone: None,
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

    /// Notes a field's constraints, and the relation that waits for its target.
    pub(super) fn take_in(&mut self, collection: &str, planned: Planned) {
        let entry = self.after.entries.get_mut(collection).expect("it is there");
        for constraint in &planned.constraints {
            if constraint.demand == Demand::Unique {
                entry.collection.indexes.push(Index {
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

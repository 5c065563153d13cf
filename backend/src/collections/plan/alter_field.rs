//! Changing what a field holds or demands.

use annex_openapi::collections::{AlterField, Field, FieldType, Lock, OnDelete};
use serde_json::Value;

use super::convert::conversion;
use super::field::{TableName, plain_type};
use super::state::Named;
use super::{Planner, conflict};
use crate::collections::catalogue::{Demand, Identifier};
use crate::collections::ddl::default::default_sql;
use crate::collections::ddl::names;
use crate::collections::ddl::statements::{self, Alteration, EnumPlace, Reference};
use crate::problem::{FieldError, Result};

impl Planner {
    /// Changes a field.
    pub(super) fn alter_field(&mut self, collection: &str, alter: &AlterField, pointer: &str) -> Result<()> {
        let only_hidden = AlterField { hidden: None, ..alter.clone() } == unchanged(&alter.name);
        if !only_hidden {
            self.check_own_field(collection, &alter.name, &format!("{pointer}/name"))?;
        }
        let entry = self.entry(collection)?;
        let Some(was) = entry.collection.field(&alter.name).cloned() else {
            return self.check_own_field(collection, &alter.name, &format!("{pointer}/name"));
        };
        if was.read_only && !only_hidden {
            let detail =
                format!("The database makes the value of `{}`: it changes with its definition", was.name);
            let error = FieldError::new(format!("{pointer}/name"), "not_allowed", detail.clone());
            return Err(conflict(detail).with_errors(vec![error]));
        }
        let is = self.wanted(&was, alter, pointer);
        self.no_errors()?;
        let relation_changes =
            (&is.collection, is.on_delete) != (&was.collection, was.on_delete) && was.collection.is_some();
        if relation_changes {
            self.drop_relation(collection, &was.name);
        }
        self.change_type(collection, &was, &is, alter, pointer)?;
        if is.type_ == FieldType::Relation && (relation_changes || was.type_ != FieldType::Relation) {
            self.make_relation(collection, &is, pointer)?;
        }
        self.change_demands(collection, &was, &is);
        let entry = self.after.entries.get_mut(collection).expect("it was looked up");
        if let Some(field) = entry.collection.fields.iter_mut().find(|field| field.name == was.name) {
            field.hidden = is.hidden;
            field.required = is.required;
        }
        self.settle_unique(collection, &was.name);
        Ok(())
    }

    /// The field as it is asked for, as far as that can be said without the database.
    fn wanted(&mut self, was: &Field, alter: &AlterField, pointer: &str) -> Field {
        let type_ = alter.type_.unwrap_or(was.type_);
        let relation = type_ == FieldType::Relation;
        let mut is = Field {
            type_,
            array: alter.array.unwrap_or(was.array && type_ != FieldType::Relation),
            required: alter.required.unwrap_or(was.required),
            unique: alter.unique.unwrap_or(was.unique),
            hidden: alter.hidden.unwrap_or(was.hidden),
            values: if type_ == FieldType::Enum {
                alter.values.clone().or_else(|| was.values.clone())
            } else {
                None
            },
            collection: if relation {
                alter.collection.clone().or_else(|| was.collection.clone())
            } else {
                None
            },
            on_delete: if relation { alter.on_delete.or(was.on_delete) } else { None },
            ..was.clone()
        };
        if relation && was.type_ != FieldType::Relation {
            is.on_delete = Some(alter.on_delete.unwrap_or(OnDelete::Restrict));
        }
        if type_ == FieldType::Enum {
            self.check_values(is.values.as_deref(), pointer);
        } else if alter.values.is_some() {
            self.error(format!("{pointer}/values"), "not_allowed", "Only an enum has `values`");
        }
        if relation && is.collection.is_none() {
            let detail = "A relation needs the `collection` that it points at";
            self.error(format!("{pointer}/collection"), "required", detail);
        }
        for (given, member) in
            [(alter.collection.is_some(), "collection"), (alter.on_delete.is_some(), "on_delete")]
        {
            if given && !relation {
                self.error(
                    format!("{pointer}/{member}"),
                    "not_allowed",
                    format!("Only a relation has `{member}`"),
                );
            }
        }
        if relation && matches!(alter.default, Some(Some(_))) {
            self.error(format!("{pointer}/default"), "not_allowed", "A relation has no default");
        }
        if is.required && is.on_delete == Some(OnDelete::SetNull) {
            let detail = "A required relation cannot become null: choose `restrict` or `cascade`";
            self.error(format!("{pointer}/on_delete"), "invalid", detail);
        }
        self.check_array(type_, is.array, pointer);
        if was.primary_key && is.hidden {
            let detail = format!("`{}` is part of the key, which every record shows", was.name);
            self.error(format!("{pointer}/hidden"), "not_allowed", detail);
        }
        if was.primary_key
            && (type_ != was.type_ || is.array != was.array || !is.required || !is.unique && was.unique)
        {
            let detail = format!("`{}` is part of the key, by which records are found", was.name);
            self.error(format!("{pointer}/name"), "not_allowed", detail);
        }
        is
    }

    /// Changes the type of the values, and the default with it.
    fn change_type(
        &mut self,
        collection: &str,
        was: &Field,
        is: &Field,
        alter: &AlterField,
        pointer: &str,
    ) -> Result<()> {
        let entry = self.entry(collection)?;
        let (table, origin) = (entry.table(), entry.origin.clone());
        let column = Identifier::quote(&was.name);
        let target = match &is.collection {
            Some(target) => Some(self.find_target(collection, target).map_err(|detail| {
                let error = FieldError::new(format!("{pointer}/collection"), "unknown_collection", detail);
                crate::problem::Problem::validation(vec![error])
            })?),
            None => None,
        };
        let value_type = target.as_ref().map_or(is.type_, |target| target.key_type);
        let same_values = is.type_ != FieldType::Enum || is.values == was.values;
        let mut type_sql = was.native_type.clone();
        let same = value_type == was.value_type() && is.array == was.array && same_values;
        let mut default = was.default.clone();
        if !same {
            let conversion = self.check_conversion(was, value_type, is.array, pointer)?;
            let grown = is.type_ == FieldType::Enum
                && was.type_ == FieldType::Enum
                && is.array == was.array
                && origin.managed
                && !is_new_value(alter.default.as_ref(), was)
                && self.grow_enum(was, is.values.as_deref().unwrap_or_default());
            if !grown {
                let owner = TableName { schema: &origin.schema, table: &origin.table };
                let base = match (&target, is.type_) {
                    (Some(target), _) => target.type_sql.clone(),
                    (None, FieldType::Enum) => {
                        self.make_enum(&owner, &was.name, is.values.as_deref().unwrap_or_default())
                    }
                    (None, type_) => plain_type(type_).to_owned(),
                };
                type_sql = if is.array { format!("{base}[]") } else { base };
                if default.is_some() {
                    self.step(
                        statements::alter_table(&table, &Alteration::DropDefault(&column)),
                        Lock::Brief,
                    );
                }
                let using = using(&column, was, &type_sql, is.array, conversion.through_text);
                let sql = statements::alter_table(&table, &Alteration::Type(&column, &type_sql, &using));
                match conversion.loses {
                    Some(loses) => {
                        self.losing_step(sql, Lock::Rewrite, format!("of `{}`, {loses}", was.name))
                    }
                    None => self.step(sql, Lock::Rewrite),
                }
                // The old default is one of the new type where it can be converted as the values are.
                default =
                    default.filter(|_| alter.default.is_none() && target.is_none() && is.array == was.array);
                default = default.and_then(|old| converted_default(&old, was, &type_sql));
                if let Some(old) = &default {
                    self.step(
                        statements::alter_table(&table, &Alteration::SetDefault(&column, old)),
                        Lock::Brief,
                    );
                }
            }
        }
        let given = alter.default.as_ref().map(|default| default.as_ref());
        if let Some(given) = given {
            let new =
                given.map(|value| default_sql(value, is.type_, is.array, is.values.as_deref(), &type_sql));
            let new = new.transpose().map_err(|detail| {
                let error = FieldError::new(format!("{pointer}/default"), "invalid", detail);
                crate::problem::Problem::validation(vec![error])
            })?;
            let alteration = match &new {
                Some(new) => Some(Alteration::SetDefault(&column, new)),
                None => default.is_some().then_some(Alteration::DropDefault(&column)),
            };
            if let Some(alteration) = alteration {
                self.step(statements::alter_table(&table, &alteration), Lock::Brief);
            }
            default = new;
        }
        let entry = self.after.entries.get_mut(collection).expect("it was looked up");
        if let Some(field) = entry.collection.fields.iter_mut().find(|field| field.name == was.name) {
            // The relation itself is made by what comes next.
            field.type_ =
                if target.is_some() && was.type_ != FieldType::Relation { value_type } else { field.type_ };
            if target.is_none() {
                field.type_ = is.type_;
            }
            field.array = is.array;
            field.values.clone_from(&is.values);
            field.default = default;
            field.native_type = type_sql;
        }
        if origin.managed && was.values.is_some() {
            self.drop_enum(&was.native_type);
        }
        Ok(())
    }

    fn check_conversion(
        &mut self,
        was: &Field,
        to: FieldType,
        array: bool,
        pointer: &str,
    ) -> Result<super::convert::Conversion> {
        let found = conversion(was.value_type(), to).filter(|_| array || !was.array);
        found.ok_or_else(|| {
            let list = |array: bool| if array { "a list of " } else { "" };
            let name = |type_: FieldType| {
                serde_json::to_value(type_).ok().and_then(|name| name.as_str().map(str::to_owned))
            };
            let detail = format!(
                "`{}` cannot be converted from {}{} to {}{}",
                was.name,
                list(was.array),
                name(was.value_type()).unwrap_or_default(),
                list(array),
                name(to).unwrap_or_default(),
            );
            let error = FieldError::new(format!("{pointer}/type"), "not_convertible", detail);
            crate::problem::Problem::validation(vec![error])
                .with_hint("Add a field of the new type, fill it, and drop the old one")
        })
    }

    /// Adds values to the type of an enum, where nothing else changes: no row needs to be looked at. Says whether
    /// it could.
    fn grow_enum(&mut self, was: &Field, values: &[String]) -> bool {
        let old = was.values.as_deref().unwrap_or_default();
        let kept: Vec<&String> = values.iter().filter(|value| old.contains(value)).collect();
        let shared = self.after.entries.values().flat_map(|entry| &entry.collection.fields);
        let users = shared.filter(|field| field.native_type == was.native_type).count();
        if !kept.into_iter().eq(old) || users != 1 {
            return false;
        }
        let type_sql = was.native_type.trim_end_matches("[]");
        let mut before: Option<&String> = None;
        for value in values {
            if !old.contains(value) {
                let place = match before {
                    Some(other) => EnumPlace::After(other),
                    None => EnumPlace::Before(&old[0]),
                };
                self.step(statements::add_enum_value(type_sql, value, place), Lock::None);
            }
            before = Some(value);
        }
        true
    }

    /// Makes a field point at a collection.
    fn make_relation(&mut self, collection: &str, is: &Field, pointer: &str) -> Result<()> {
        let target = is.collection.as_deref().unwrap_or_default();
        let found = self.find_target(collection, target).map_err(|detail| {
            let error = FieldError::new(format!("{pointer}/collection"), "unknown_collection", detail);
            crate::problem::Problem::validation(vec![error])
        })?;
        let entry = self.entry(collection)?;
        let (table, origin) = (entry.table(), entry.origin.clone());
        let taken = |name: &str| entry.constraints.iter().any(|constraint| constraint.name == name);
        let name = names::make(&[&origin.table, &is.name], "fkey", taken);
        let reference = Reference {
            constraint: Identifier::quote(&name),
            table: found.table,
            column: Identifier::quote(&found.key),
            on_delete: is.on_delete.unwrap_or(OnDelete::Restrict),
        };
        let column = Identifier::quote(&is.name);
        if found.expected {
            self.waiting.push(super::Waiting { table, column, reference });
        } else {
            self.step(
                statements::alter_table(&table, &Alteration::AddForeignKey(&column, &reference)),
                Lock::Writes,
            );
        }
        let entry = self.after.entries.get_mut(collection).expect("it was looked up");
        entry.constraints.push(Named { name, demand: Demand::ForeignKey, fields: vec![is.name.clone()] });
        if let Some(field) = entry.collection.fields.iter_mut().find(|field| field.name == is.name) {
            field.type_ = FieldType::Relation;
            field.key_type = Some(found.key_type);
            field.collection.clone_from(&is.collection);
            field.references = Some(found.key);
            field.on_delete = Some(is.on_delete.unwrap_or(OnDelete::Restrict));
        }
        self.index_relation(collection, &is.name);
        Ok(())
    }

    /// Changes whether the field must have a value, and whether it is unique.
    fn change_demands(&mut self, collection: &str, was: &Field, is: &Field) {
        let entry = &self.after.entries[collection];
        let (table, origin) = (entry.table(), entry.origin.clone());
        let column = Identifier::quote(&was.name);
        if is.required && !was.required {
            self.step(statements::alter_table(&table, &Alteration::SetNotNull(&column)), Lock::Rewrite);
        } else if !is.required && was.required {
            self.step(statements::alter_table(&table, &Alteration::DropNotNull(&column)), Lock::Brief);
        }
        if is.unique && !was.unique {
            let name = names::make(&[&origin.table, &was.name], "key", |name| self.after.has_relation(name));
            let quoted = Identifier::quote(&name);
            let sql = statements::alter_table(&table, &Alteration::AddUnique(&quoted, &column));
            self.step(sql, Lock::Rewrite);
            let entry = self.after.entries.get_mut(collection).expect("it was looked up");
            let fields = vec![was.name.clone()];
            entry.collection.indexes.push(annex_openapi::collections::Index {
                name: name.clone(),
                kind: Some(annex_openapi::collections::IndexKind::Unique),
                fields: fields.clone(),
                definition: String::new(),
            });
            entry.constraints.push(Named { name, demand: Demand::Unique, fields });
        } else if !is.unique && was.unique {
            self.drop_unique(collection, &was.name);
        }
    }

    fn drop_unique(&mut self, collection: &str, field: &str) {
        let entry = self.after.entries.get_mut(collection).expect("it was looked up");
        let (gone, stay): (Vec<Named>, Vec<Named>) =
            std::mem::take(&mut entry.constraints).into_iter().partition(|constraint| {
                matches!(constraint.demand, Demand::Unique | Demand::UniqueIndex)
                    && constraint.fields == [field]
            });
        entry.constraints = stay;
        entry.collection.indexes.retain(|index| !gone.iter().any(|constraint| constraint.name == index.name));
        let table = entry.table();
        let schema = entry.origin.schema.clone();
        for constraint in gone {
            let sql = if constraint.demand == Demand::Unique {
                statements::alter_table(
                    &table,
                    &Alteration::DropConstraint(&Identifier::quote(&constraint.name)),
                )
            } else {
                statements::drop_index(&Identifier::qualified(&schema, &constraint.name))
            };
            self.step(sql, Lock::Brief);
        }
    }
}

/// A change of nothing.
pub(super) fn unchanged(name: &str) -> AlterField {
    AlterField {
        name: name.to_owned(),
        type_: None,
        array: None,
        required: None,
        unique: None,
        default: None,
        values: None,
        collection: None,
        on_delete: None,
        hidden: None,
    }
}

/// Whether a default is a value that the enum does not have yet: it cannot be used in the transaction that adds it.
fn is_new_value(default: Option<&Option<Value>>, was: &Field) -> bool {
    let old = was.values.as_deref().unwrap_or_default();
    default.and_then(Option::as_ref).is_some_and(|value| match value {
        Value::Array(values) => values.iter().any(|value| !old.iter().any(|old| value == old)),
        value => !old.iter().any(|old| value == old),
    })
}

/// The default as one of the new type. A literal is taken out of its cast, since the old type may be dropped.
fn converted_default(old: &str, was: &Field, type_sql: &str) -> Option<String> {
    let literal = old.strip_suffix(&format!("::{}", was.native_type)).filter(|literal| is_literal(literal));
    if let Some(literal) = literal {
        return Some(format!("{literal}::{type_sql}"));
    }
    if old.parse::<f64>().is_ok() || matches!(old, "true" | "false") {
        return Some(format!("'{old}'::{type_sql}"));
    }
    let text = if was.array { "::text[]" } else { "::text" };
    (was.type_ != FieldType::Enum).then(|| format!("(({old}){text})::{type_sql}"))
}

/// Whether it is one literal of SQL and nothing else.
fn is_literal(sql: &str) -> bool {
    let inside = sql.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    inside.is_some_and(|inside| !inside.replace("''", "").contains('\''))
}

/// How a value of the column becomes one of the new type.
fn using(column: &Identifier, was: &Field, type_sql: &str, array: bool, through_text: bool) -> String {
    let name = column.as_sql();
    let text = match (through_text, was.array) {
        (false, _) => "",
        (true, false) => "::text",
        (true, true) => "::text[]",
    };
    if array && !was.array {
        return format!("case when {name} is not null then array[{name}{text}]::{type_sql} end");
    }
    format!("{name}{text}::{type_sql}")
}

//! Changing the type of a field's values, and its default with it.

use annex_openapi::collections::{AlterField, Field, FieldType, Lock};
use serde_json::Value;

use super::Planner;
use super::convert::{Conversion, conversion};
use super::field::TableName;
use crate::collections::catalogue::Identifier;
use crate::collections::ddl::default::default_sql;
use crate::collections::ddl::statements::{self, Alteration, EnumPlace};
use crate::problem::{FieldError, Problem, Result};

impl Planner {
    /// Changes the type of the values, and the default with it.
    pub(super) fn change_type(
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
                Problem::validation(vec![error])
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
                    (None, type_) => type_.native().to_owned(),
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
                Problem::validation(vec![error])
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
    ) -> Result<Conversion> {
        let found = conversion(was.value_type(), to).filter(|_| array || !was.array);
        found.ok_or_else(|| {
            let list = |array: bool| if array { "a list of " } else { "" };
            let detail = format!(
                "`{}` cannot be converted from {}{} to {}{}",
                was.name,
                list(was.array),
                was.value_type().as_str(),
                list(array),
                to.as_str(),
            );
            let error = FieldError::new(format!("{pointer}/type"), "not_convertible", detail);
            Problem::validation(vec![error])
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

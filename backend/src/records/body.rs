//! The body of a write into the values of columns.

use std::collections::BTreeMap;

use annex_openapi::near;
use serde_json::value::RawValue;

use super::projection::is_readable;
use super::sql::Bind;
use super::sql::write::{Assignment, Value};
use super::store::required;
use super::wire::parse;
use crate::clock::Clock;
use crate::collections::catalogue::{Filled, Table, Wire};
use crate::extract::Caller;
use crate::problem::{FieldError, Problem, Result};

/// A JSON object, its members still as they came.
pub type Members<'a> = BTreeMap<std::borrow::Cow<'a, str>, &'a RawValue>;

/// The members of a JSON object whose shape was checked.
///
/// # Errors
/// `validation_failed` where it is not an object.
pub fn members(bytes: &[u8]) -> Result<Members<'_>> {
    serde_json::from_slice(bytes).map_err(|_| {
        Problem::validation(vec![FieldError::new("", "invalid", "The body must be a JSON object")])
    })
}

/// What a write gives to columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// A new row: what is required must be there, and a missing id is made.
    Create,
    /// Some fields of a row.
    Update,
    /// All fields of a row: what is missing gets its default.
    Replace,
}

/// The columns that a body writes.
///
/// # Errors
/// `validation_failed` with every member that is unknown, not writable by the caller, missing or wrong.
pub fn assignments(
    table: &Table,
    caller: &Caller,
    clock: &Clock,
    write: Write,
    members: &Members<'_>,
) -> Result<Vec<Assignment>> {
    let mut errors = Vec::new();
    let mut assignments: Vec<Assignment> = Vec::with_capacity(members.len() + 1);
    for (name, value) in members {
        match assignment(table, caller, write, name, value) {
            Ok(assignment) => assignments.push(assignment),
            Err(error) => errors.push(error),
        }
    }
    for (index, field) in table.collection.fields.iter().enumerate() {
        let column = &table.columns[index];
        if assignments.iter().any(|(given, _)| *given == index) || members.contains_key(field.name.as_str()) {
            continue;
        }
        let made = table.key == [index] && field.system && column.wire == Wire::Uuid;
        match write {
            Write::Create if made => {
                assignments.push((index, Value::Given(Bind::text(clock.uuid_v7().to_string()))));
            }
            Write::Create | Write::Replace
                if field.required
                    && column.filled == Filled::Null
                    && !(write == Write::Replace && field.primary_key) =>
            {
                errors.push(required(&field.name));
            }
            Write::Replace if !field.primary_key && !field.system && is_writable(table, caller, index) => {
                assignments.push((index, Value::Default));
            }
            _ => {}
        }
    }
    if !errors.is_empty() {
        return Err(Problem::validation(errors));
    }
    // One order for one set of fields: one prepared statement.
    assignments.sort_by_key(|(index, _)| *index);
    Ok(assignments)
}

/// Whether the caller may write the column of that index at all.
pub fn is_writable(table: &Table, caller: &Caller, index: usize) -> bool {
    let field = &table.collection.fields[index];
    !field.read_only && is_readable(table, caller, index) && (!field.system || caller.is_admin())
}

fn assignment(
    table: &Table,
    caller: &Caller,
    write: Write,
    name: &str,
    value: &RawValue,
) -> Result<Assignment, FieldError> {
    let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    let Some(index) = table.column(name).filter(|index| is_readable(table, caller, *index)) else {
        let known = (0..table.columns.len()).filter(|index| is_writable(table, caller, *index));
        let known = known.map(|index| table.collection.fields[index].name.as_str());
        let near =
            near::nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(FieldError::new(
            pointer,
            "unknown_field",
            format!("`{}` has no field `{name}`{near}", table.collection.name),
        ));
    };
    let field = &table.collection.fields[index];
    if !is_writable(table, caller, index) {
        return Err(FieldError::new(pointer, "read_only", format!("`{name}` cannot be written")));
    }
    if write != Write::Create && field.primary_key {
        return Err(FieldError::new(
            pointer,
            "read_only",
            format!("`{name}` is part of the key, which stays"),
        ));
    }
    match parse::json(field, &table.columns[index], value) {
        Ok(None) if field.required => Err(required(&field.name)),
        Ok(text) => Ok((index, Value::Given(Bind(text)))),
        Err(fault) => Err(FieldError::new(
            format!("{pointer}{}", fault.pointer),
            fault.code,
            format!("`{name}` {}", fault.detail),
        )),
    }
}

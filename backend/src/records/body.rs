//! The body of a write into the values of columns.

use std::collections::BTreeMap;

use annex_openapi::near;
use serde_json::value::RawValue;

use super::projection::is_readable;
use super::sql::Bind;
use super::sql::write::{Assignment, Value};
use super::store::{required, required_unseen};
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
        let made = made_key(table) == Some(index);
        match write {
            Write::Create if made => {
                assignments.push((index, Value::Given(Bind::text(clock.uuid_v7().to_string()))));
            }
            Write::Create | Write::Replace
                if field.required
                    && column.filled == Filled::Null
                    && !(write == Write::Replace && field.primary_key) =>
            {
                let seen = is_readable(table, caller, index);
                errors.push(if seen { required(&field.name) } else { required_unseen() });
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

/// The key column that the server fills where nobody does.
pub fn made_key(table: &Table) -> Option<usize> {
    let [index] = table.key[..] else { return None };
    let made = table.collection.fields[index].system && table.columns[index].wire == Wire::Uuid;
    made.then_some(index)
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
    let index = writable(table, caller, write, name)?;
    let field = &table.collection.fields[index];
    match parse::json(field, &table.columns[index], value) {
        Ok(None) if field.required => Err(required(&field.name)),
        Ok(text) => Ok((index, Value::Given(Bind(text)))),
        Err(fault) => Err(wrong(name, fault)),
    }
}

/// The column that a member of that name writes.
///
/// # Errors
/// There is none that the caller may write.
pub fn writable(table: &Table, caller: &Caller, write: Write, name: &str) -> Result<usize, FieldError> {
    let Some(index) = table.column(name).filter(|index| is_readable(table, caller, *index)) else {
        let known = (0..table.columns.len()).filter(|index| is_writable(table, caller, *index));
        let known = known.map(|index| table.collection.fields[index].name.as_str());
        let near =
            near::nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(FieldError::new(
            pointer(name),
            "unknown_field",
            format!("`{}` has no field `{name}`{near}", table.collection.name),
        ));
    };
    if !is_writable(table, caller, index) {
        return Err(FieldError::new(pointer(name), "read_only", format!("`{name}` cannot be written")));
    }
    if write != Write::Create && table.collection.fields[index].primary_key {
        return Err(FieldError::new(
            pointer(name),
            "read_only",
            format!("`{name}` is part of the key, which stays"),
        ));
    }
    Ok(index)
}

/// A member whose value is wrong.
pub fn wrong(name: &str, fault: parse::Fault) -> FieldError {
    FieldError::new(
        format!("{}{}", pointer(name), fault.pointer),
        fault.code,
        format!("`{name}` {}", fault.detail),
    )
}

/// The JSON pointer to a member.
pub fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

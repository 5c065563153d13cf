//! Which columns a statement reads, and the JSON of its rows.

use annex_openapi::near;
use tokio_postgres::Row;

use super::store::raw;
use super::wire::encode::{Malformed, write_json};
use crate::collections::catalogue::Table;
use crate::extract::Caller;
use crate::problem::{Problem, Result};

/// The columns that a statement reads: first those of the answer, then those that only the server needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// Indexes of columns, in the order in which they are read.
    pub columns: Vec<usize>,
    /// How many of them are in the answer.
    pub shown: usize,
}

impl Projection {
    /// The fields that `fields=` names, or all that the caller may read.
    ///
    /// # Errors
    /// `invalid_parameter` for one that does not exist for the caller.
    pub fn new(table: &Table, caller: &Caller, fields: Option<&[String]>) -> Result<Self> {
        match fields {
            None => Ok(Self::all(table, caller)),
            Some(names) => {
                let found = names.iter().map(|name| readable(table, caller, name, "fields"));
                let mut columns: Vec<usize> = found.collect::<Result<_>>()?;
                let mut seen = Vec::new();
                columns.retain(|index| {
                    !seen.contains(index) && {
                        seen.push(*index);
                        true
                    }
                });
                Ok(Self { shown: columns.len(), columns })
            }
        }
    }

    /// All fields that the caller may read.
    pub fn all(table: &Table, caller: &Caller) -> Self {
        let columns: Vec<usize> =
            (0..table.columns.len()).filter(|index| is_readable(table, caller, *index)).collect();
        Self { shown: columns.len(), columns }
    }

    /// Where the row has that column, which is read too from now on.
    pub fn need(&mut self, column: usize) -> usize {
        match self.columns.iter().position(|candidate| *candidate == column) {
            Some(place) => place,
            None => {
                self.columns.push(column);
                self.columns.len() - 1
            }
        }
    }

    /// Writes a row as a JSON object, but for its closing brace.
    ///
    /// # Errors
    /// A value is not in its type's format.
    pub fn open_object(&self, out: &mut Vec<u8>, table: &Table, row: &Row) -> Result<(), Malformed> {
        out.push(b'{');
        for (place, index) in self.columns[..self.shown].iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            out.extend_from_slice(table.json_key(*index));
            write_json(out, &table.columns[*index], raw(row, place))?;
        }
        Ok(())
    }
}

/// Whether the caller may read the column of that index.
pub fn is_readable(table: &Table, caller: &Caller, index: usize) -> bool {
    !table.collection.fields[index].hidden || caller.is_admin()
}

/// The column of the field of that name, where it exists for the caller.
pub fn readable_field(table: &Table, caller: &Caller, name: &str) -> Option<usize> {
    table.column(name).filter(|index| is_readable(table, caller, *index))
}

/// The column of the field that a query parameter names.
///
/// # Errors
/// `invalid_parameter` where it does not exist for the caller.
pub fn readable(table: &Table, caller: &Caller, name: &str, parameter: &str) -> Result<usize> {
    readable_field(table, caller, name).ok_or_else(|| {
        let known: Vec<&str> = table
            .collection
            .fields
            .iter()
            .enumerate()
            .filter(|(index, _)| is_readable(table, caller, *index))
            .map(|(_, field)| field.name.as_str())
            .collect();
        let problem =
            Problem::parameter(parameter, format!("`{}` has no field `{name}`", table.collection.name));
        match near::nearest(name, known.iter().copied()) {
            Some(near) => problem.with_hint(format!("Did you mean `{near}`?")),
            None => problem.with_hint(format!("Its fields are {}", known.join(", "))),
        }
    })
}

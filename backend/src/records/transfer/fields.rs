//! The fields of an import's rows, checked as those of single writes are.

use std::sync::Arc;

use annex_openapi::collections::FieldType;
use serde_json::value::RawValue;

use super::csv::Record;
use crate::clock::Clock;
use crate::collections::catalogue::{Filled, Table};
use crate::extract::{Caller, check_shape};
use crate::problem::{FieldError, Problem, Result};
use crate::records::body::{self, Write};
use crate::records::projection::is_readable;
use crate::records::sql::staging::Staged;
use crate::records::store::{required, required_unseen};
use crate::records::wire::parse;

/// The most columns that Postgres gives a table.
pub(super) const MOST_COLUMNS: usize = 1600;

/// What a row has for a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    /// Nothing: the field gets its default.
    Absent,
    /// That text, or null.
    Value(Option<String>),
}

/// Which fields are taken, and what is known of their values.
#[derive(Debug)]
pub(super) struct Fields {
    table: Arc<Table>,
    caller: Caller,
    clock: Clock,
    upsert: Vec<usize>,
    /// The staging table; none before the header of a CSV file is read.
    pub(super) staged: Option<Vec<Staged>>,
    /// For each column of the table, its place in `staged`.
    places: Vec<usize>,
    /// Whether rows may differ in which fields they have.
    uneven: bool,
    /// For each of `staged`, whether a row had it.
    pub(super) given: Vec<bool>,
    /// For each of `staged`, whether a row had it not.
    pub(super) absent: Vec<bool>,
}

/// The column of each cell.
#[derive(Debug)]
pub(super) struct Header(Vec<usize>);

impl Fields {
    /// Those that the caller may write; `upsert` names the columns of the key, `uneven` says whether rows may differ in what they have.
    pub(super) fn new(
        table: Arc<Table>,
        caller: Caller,
        clock: Clock,
        upsert: Vec<usize>,
        uneven: bool,
    ) -> Self {
        Self {
            table,
            caller,
            clock,
            upsert,
            uneven,
            staged: None,
            places: Vec::new(),
            given: Vec::new(),
            absent: Vec::new(),
        }
    }

    /// Takes every field that may be written.
    pub(super) fn stage_all(&mut self) {
        let columns = (0..self.table.columns.len()).filter(|index| self.may_write(*index));
        self.stage(columns.collect());
    }

    /// Whether rows may have the field. The key by which an upsert finds rows is theirs to give, as it is in the path of a
    /// replacement.
    fn may_write(&self, index: usize) -> bool {
        body::is_writable(&self.table, &self.caller, index) || self.is_upsert_key(index)
    }

    fn is_upsert_key(&self, index: usize) -> bool {
        self.upsert.contains(&index)
            && !self.table.collection.fields[index].read_only
            && is_readable(&self.table, &self.caller, index)
    }

    fn column(&self, name: &str) -> Result<usize, FieldError> {
        match self.table.column(name) {
            Some(index) if self.is_upsert_key(index) => Ok(index),
            _ => body::writable(&self.table, &self.caller, Write::Create, name),
        }
    }

    /// Settles the columns of the staging table; the key that the server makes is always among them.
    fn stage(&mut self, mut columns: Vec<usize>) {
        columns.extend(body::made_key(&self.table).filter(|made| !columns.contains(made)));
        let flagged = |column: usize| match self.table.columns[column].filled {
            Filled::Null => self.uneven && !self.upsert.is_empty(),
            _ => body::made_key(&self.table) != Some(column),
        };
        let staged: Vec<Staged> =
            columns.into_iter().map(|column| Staged { column, flagged: flagged(column) }).collect();
        self.places = vec![usize::MAX; self.table.columns.len()];
        for (place, staged) in staged.iter().enumerate() {
            self.places[staged.column] = place;
        }
        self.given = vec![false; staged.len()];
        self.absent = vec![false; staged.len()];
        self.staged = Some(staged);
    }

    /// The first line of a CSV file.
    pub(super) fn header(&mut self, record: &Record) -> Result<Header> {
        let wrong = |errors: Vec<FieldError>| {
            Problem::validation(errors.into_iter().map(|error| error.on_line(1)).collect())
        };
        let invalid = |detail: String| wrong(vec![FieldError::new("", "invalid", detail)]);
        if let Some(fault) = record.fault {
            return Err(invalid(format!("The first line {fault}")));
        }
        let cells = record.cells().ok_or_else(|| invalid("The first line is not UTF-8".to_owned()))?;
        if record.len() > MOST_COLUMNS {
            return Err(invalid(format!("The first line names more than {MOST_COLUMNS} fields")));
        }
        let (mut columns, mut errors) = (Vec::new(), Vec::new());
        for (name, _) in cells {
            match self.column(name.trim()) {
                Ok(column) if columns.contains(&column) => {
                    let detail = format!("`{}` is there twice", name.trim());
                    errors.push(FieldError::new(body::pointer(name.trim()), "invalid", detail));
                }
                Ok(column) => columns.push(column),
                Err(error) => errors.push(error),
            }
        }
        for index in (0..self.table.columns.len()).filter(|index| !columns.contains(index)) {
            if self.is_demanded(index) {
                errors.push(self.missing(index));
            }
        }
        if !errors.is_empty() {
            return Err(wrong(errors)
                .with_hint("The first line must name the fields that the rows below have, and no others"));
        }
        self.stage(columns.clone());
        Ok(Header(columns))
    }

    /// Whether a row without the field is wrong.
    fn is_demanded(&self, index: usize) -> bool {
        let needed = self.table.collection.fields[index].required
            && self.table.columns[index].filled == Filled::Null
            && body::made_key(&self.table) != Some(index);
        needed || self.upsert.contains(&index)
    }

    /// A field that is demanded is not there; the caller may not know of it.
    fn missing(&self, index: usize) -> FieldError {
        match is_readable(&self.table, &self.caller, index) {
            true => required(&self.table.collection.fields[index].name),
            false => required_unseen(),
        }
    }

    /// A line of a CSV file; cells that are `null` and not quoted are null.
    pub(super) fn csv_row(
        &self,
        header: &Header,
        record: &Record,
        null: &str,
    ) -> Result<Vec<Given>, Vec<FieldError>> {
        let invalid = |detail: String| vec![FieldError::new("", "invalid", detail)];
        if let Some(fault) = record.fault {
            return Err(invalid(format!("The line {fault}")));
        }
        let cells = record.cells().ok_or_else(|| invalid("The line is not UTF-8".to_owned()))?;
        if record.len() != header.0.len() {
            let (there, wanted) = (record.len(), header.0.len());
            let there = if there > wanted { "more".to_owned() } else { there.to_string() };
            return Err(invalid(format!("The line has {there} cells, and the first line has {wanted}")));
        }
        let mut errors = Vec::new();
        let mut row = vec![Given::Absent; self.given.len()];
        for ((text, quoted), column) in cells.zip(&header.0) {
            match self.cell(*column, (quoted || text != null).then_some(text)) {
                Ok(given) => row[self.places[*column]] = given,
                Err(error) => errors.push(error),
            }
        }
        self.complete(row, errors)
    }

    /// A cell; none is null, which stands for the default where the field cannot be null.
    fn cell(&self, index: usize, text: Option<&str>) -> Result<Given, FieldError> {
        let (field, column) = (&self.table.collection.fields[index], &self.table.columns[index]);
        let Some(text) = text else {
            return match field.required {
                true if self.is_demanded(index) => Err(required(&field.name)),
                true => Ok(Given::Absent),
                false => Ok(Given::Value(None)),
            };
        };
        let parsed = if column.array || field.value_type() == FieldType::Json {
            match check_shape(text.as_bytes()) {
                Ok(()) => parse::json_text(field, column, text),
                Err(problem) => {
                    let detail = problem.detail.replace("The body", "the cell");
                    return Err(FieldError::new(
                        body::pointer(&field.name),
                        "invalid",
                        format!("In `{}` {detail}", field.name),
                    ));
                }
            }
        } else {
            parse::text(field, column, text).map(Some)
        };
        match parsed {
            Ok(None) if field.required => Err(required(&field.name)),
            Ok(text) => Ok(Given::Value(text)),
            Err(fault) => Err(body::wrong(&field.name, fault)),
        }
    }

    /// A line of NDJSON.
    pub(super) fn json_row(&self, text: &[u8]) -> Result<Vec<Given>, Vec<FieldError>> {
        let told = |problem: Problem| {
            if problem.errors.is_empty() {
                vec![FieldError::new("", "invalid", problem.detail.replace("The body", "The line"))]
            } else {
                problem.errors
            }
        };
        check_shape(text).map_err(told)?;
        let members = body::members(text).map_err(told)?;
        let mut errors = Vec::new();
        let mut row = vec![Given::Absent; self.given.len()];
        for (name, value) in &members {
            match self.member(name, value) {
                Ok((column, given)) => row[self.places[column]] = given,
                Err(error) => errors.push(error),
            }
        }
        for index in (0..self.table.columns.len()).filter(|index| self.is_demanded(*index)) {
            if !members.contains_key(self.table.collection.fields[index].name.as_str()) {
                errors.push(self.missing(index));
            }
        }
        self.complete(row, errors)
    }

    fn member(&self, name: &str, value: &RawValue) -> Result<(usize, Given), FieldError> {
        let index = self.column(name)?;
        let field = &self.table.collection.fields[index];
        match parse::json(field, &self.table.columns[index], value) {
            Ok(None) if field.required || self.is_demanded(index) => Err(required(&field.name)),
            Ok(text) => Ok((index, Given::Value(text))),
            Err(fault) => Err(body::wrong(name, fault)),
        }
    }

    /// The row with the key that the server makes.
    fn complete(&self, mut row: Vec<Given>, errors: Vec<FieldError>) -> Result<Vec<Given>, Vec<FieldError>> {
        if !errors.is_empty() {
            return Err(errors);
        }
        let made = body::made_key(&self.table);
        let staged = self.staged.as_deref().unwrap_or_default();
        let place = staged.iter().position(|staged| Some(staged.column) == made);
        if let Some(given) = place.map(|place| &mut row[place])
            && *given == Given::Absent
        {
            *given = Given::Value(Some(self.clock.uuid_v7().to_string()));
        }
        Ok(row)
    }
}

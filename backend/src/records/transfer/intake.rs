//! The rows of an import on their way in: taken apart, checked against the fields as single writes are, and made
//! into what Postgres's binary COPY reads.

use std::sync::Arc;

use annex_openapi::collections::FieldType;
use bytes::{BufMut, Bytes, BytesMut};
use serde_json::value::RawValue;

use super::csv::{Record, Splitter, TooLong};
use super::faults::Faults;
use crate::clock::Clock;
use crate::collections::catalogue::{Filled, Table};
use crate::extract::{Caller, check_shape};
use crate::problem::{Code, FieldError, Problem, Result};
use crate::records::body::{self, Write};
use crate::records::projection::is_readable;
use crate::records::sql::staging::Staged;
use crate::records::store::{required, required_unseen};
use crate::records::wire::parse;

/// How binary COPY begins: its signature, no flags, no extension.
const COPY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// How it ends.
const COPY_END: i16 = -1;
/// The most columns that Postgres gives a table.
const MOST_COLUMNS: usize = 1600;

/// How the body is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// CSV with a header.
    Csv {
        /// What stands between cells.
        delimiter: u8,
        /// The text of null, where it is not in quotes.
        null: String,
    },
    /// A JSON object a line.
    Ndjson,
}

/// What a row has for a field.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    /// Nothing: the field gets its default.
    Absent,
    /// That text, or null.
    Value(Option<String>),
}

/// Takes in the rows of one import.
#[derive(Debug)]
pub struct Intake {
    /// What is wrong so far.
    pub faults: Faults,
    /// How many rows there were.
    pub rows: u64,
    /// The line on which the last row begins.
    pub last_line: u64,
    reader: Option<Reader>,
    fields: Fields,
    out: BytesMut,
}

/// Which fields are taken, and what is known of their values.
#[derive(Debug)]
struct Fields {
    table: Arc<Table>,
    caller: Caller,
    clock: Clock,
    upsert: Vec<usize>,
    /// The staging table; none before the header of a CSV file is read.
    staged: Option<Vec<Staged>>,
    /// For each column of the table, its place in `staged`.
    places: Vec<usize>,
    /// Whether rows may differ in which fields they have.
    uneven: bool,
    /// For each of `staged`, whether a row had it.
    given: Vec<bool>,
    /// For each of `staged`, whether a row had it not.
    absent: Vec<bool>,
}

#[derive(Debug)]
enum Reader {
    Csv { splitter: Splitter, null: String, header: Option<Header>, begun: bool },
    Ndjson { pending: Vec<u8>, line: u64, most: usize },
}

/// The column of each cell.
#[derive(Debug)]
struct Header(Vec<usize>);

impl Intake {
    /// An import of rows with at most `most` bytes each; `upsert` names the columns of its key.
    pub fn new(
        format: Format,
        table: Arc<Table>,
        caller: Caller,
        clock: Clock,
        upsert: Vec<usize>,
        most: usize,
    ) -> Self {
        let mut fields = Fields {
            table,
            caller,
            clock,
            upsert,
            staged: None,
            places: Vec::new(),
            uneven: false,
            given: Vec::new(),
            absent: Vec::new(),
        };
        let reader = match format {
            Format::Csv { delimiter, null } => {
                // One cell more than may be there, by which a record is known to have too many.
                let splitter = Splitter::new(delimiter, most, MOST_COLUMNS + 1);
                Reader::Csv { splitter, null, header: None, begun: false }
            }
            Format::Ndjson => {
                fields.uneven = true;
                let columns = (0..fields.table.columns.len()).filter(|index| fields.may_write(*index));
                fields.stage(columns.collect());
                Reader::Ndjson { pending: Vec::new(), line: 1, most }
            }
        };
        Self {
            faults: Faults::default(),
            rows: 0,
            last_line: 0,
            reader: Some(reader),
            fields,
            out: BytesMut::new(),
        }
    }

    /// The columns of the staging table; none before they are known.
    pub fn staged(&self) -> Option<&[Staged]> {
        self.fields.staged.as_deref()
    }

    /// The columns that some row has a value for; flagged only where another row has none.
    pub fn used(&self) -> Vec<Staged> {
        let staged = self.fields.staged.iter().flatten().zip(&self.fields.given).zip(&self.fields.absent);
        staged
            .filter(|((_, given), _)| **given)
            .map(|((staged, _), absent)| Staged { flagged: staged.flagged && *absent, ..*staged })
            .collect()
    }

    /// Takes in more of the body.
    ///
    /// # Errors
    /// The import cannot go on: a wrong header, or a row that is too long.
    pub fn take(&mut self, chunk: &[u8]) -> Result<()> {
        let Some(mut reader) = self.reader.take() else { return Ok(()) };
        match &mut reader {
            Reader::Csv { splitter, null, header, begun } => {
                let chunk = if *begun { chunk } else { chunk.strip_prefix(b"\xef\xbb\xbf").unwrap_or(chunk) };
                *begun = true;
                splitter.split(chunk, &mut |splitter| self.record(splitter, header, null))?;
            }
            Reader::Ndjson { pending, line, most } => {
                let mut rest = chunk;
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    if pending.is_empty() {
                        self.json_line(*line, &rest[..end]);
                    } else {
                        pending.extend_from_slice(&rest[..end]);
                        self.json_line(*line, pending);
                        pending.clear();
                    }
                    *line += 1;
                    rest = &rest[end + 1..];
                }
                pending.extend_from_slice(rest);
                if pending.len() > *most {
                    return Err(TooLong { line: *line }.into());
                }
            }
        }
        self.reader = Some(reader);
        Ok(())
    }

    /// The body has ended.
    ///
    /// # Errors
    /// As for [`Intake::take`]; also where there is no header.
    pub fn end(&mut self) -> Result<()> {
        match self.reader.take() {
            Some(Reader::Csv { mut splitter, null, mut header, .. }) => {
                splitter.end(&mut |splitter| self.record(splitter, &mut header, &null))?;
                if header.is_none() {
                    return Err(Problem::validation(vec![
                        FieldError::new("", "invalid", "The first line must name the fields").on_line(1),
                    ]));
                }
            }
            Some(Reader::Ndjson { pending, line, .. }) => self.json_line(line, &pending),
            None => {}
        }
        Ok(())
    }

    /// The rows since the last time, as a whole COPY; none where there are none.
    pub fn copy(&mut self) -> Option<Bytes> {
        if self.out.is_empty() {
            return None;
        }
        self.out.put_i16(COPY_END);
        Some(self.out.split().freeze())
    }

    fn record(&mut self, splitter: &mut Splitter, header: &mut Option<Header>, null: &str) -> Result<()> {
        let Some(header) = header else {
            *header = Some(self.fields.header(splitter.record())?);
            splitter.keep_empty = splitter.record().len() == 1;
            splitter.most_cells = splitter.record().len() + 1;
            return Ok(());
        };
        let record = splitter.record();
        self.begin(record.line);
        match self.fields.csv_row(header, record, null) {
            Ok(row) => self.push(record.line, &row),
            Err(errors) => self.faults.row(record.line, errors),
        }
        Ok(())
    }

    fn json_line(&mut self, line: u64, text: &[u8]) {
        if text.trim_ascii().is_empty() {
            return;
        }
        self.begin(line);
        match self.fields.json_row(text) {
            Ok(row) => self.push(line, &row),
            Err(errors) => self.faults.row(line, errors),
        }
    }

    fn begin(&mut self, line: u64) {
        self.rows += 1;
        self.last_line = line;
    }

    fn push(&mut self, line: u64, row: &[Given]) {
        if self.out.is_empty() {
            self.out.extend_from_slice(COPY_HEADER);
        }
        let staged = self.fields.staged.as_deref().unwrap_or_default();
        let flags = staged.iter().filter(|staged| staged.flagged).count();
        self.out.put_i16((1 + staged.len() + flags) as i16);
        self.out.put_i32(8);
        self.out.put_i64(line as i64);
        for (place, (staged, given)) in staged.iter().zip(row).enumerate() {
            match given {
                Given::Value(Some(text)) => {
                    self.out.put_i32(text.len() as i32);
                    self.out.extend_from_slice(text.as_bytes());
                }
                _ => self.out.put_i32(-1),
            }
            let there = *given != Given::Absent;
            self.fields.given[place] |= there;
            self.fields.absent[place] |= !there;
            if staged.flagged {
                self.out.put_i32(1);
                self.out.put_u8(there.into());
            }
        }
    }
}

impl From<TooLong> for Problem {
    fn from(too_long: TooLong) -> Self {
        let detail = format!("The row on line {} is longer than is allowed", too_long.line);
        Self::new(Code::PayloadTooLarge, detail)
    }
}

impl Fields {
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
    fn header(&mut self, record: &Record) -> Result<Header> {
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

    fn csv_row(&self, header: &Header, record: &Record, null: &str) -> Result<Vec<Given>, Vec<FieldError>> {
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

    fn json_row(&self, text: &[u8]) -> Result<Vec<Given>, Vec<FieldError>> {
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

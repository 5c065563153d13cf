//! The rows of an import on their way in: taken apart, checked, and made into what Postgres's binary COPY reads.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

use super::csv::{Splitter, TooLong};
use super::faults::Faults;
use super::fields::{Fields, Given, Header, MOST_COLUMNS};
use crate::clock::Clock;
use crate::collections::catalogue::Table;
use crate::extract::Caller;
use crate::problem::{Code, FieldError, Problem, Result};
use crate::records::sql::staging::Staged;

/// How binary COPY begins: its signature, no flags, no extension.
const COPY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// How it ends.
const COPY_END: i16 = -1;
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

#[derive(Debug)]
enum Reader {
    Csv { splitter: Splitter, null: String, header: Option<Header>, begun: bool },
    Ndjson { pending: Vec<u8>, line: u64, most: usize },
}

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
        let uneven = format == Format::Ndjson;
        let mut fields = Fields::new(table, caller, clock, upsert, uneven);
        let reader = match format {
            Format::Csv { delimiter, null } => {
                // One cell more than may be there, by which a record is known to have too many.
                let splitter = Splitter::new(delimiter, most, MOST_COLUMNS + 1);
                Reader::Csv { splitter, null, header: None, begun: false }
            }
            Format::Ndjson => {
                fields.stage_all();
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

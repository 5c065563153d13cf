//! The rows of an export: read as they are at one moment, and made into a file piece by piece as it is taken.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use annex_openapi::collections::FieldType;
use annex_openapi::problem::FieldError;
use annex_openapi::transfer::{ExportRequest, TransferFormat};
use futures_util::TryStreamExt;
use tokio::sync::mpsc;
use tokio_postgres::Row;

use super::csv;
use crate::collections::catalogue::{Table, Wire};
use crate::connection::Pace;
use crate::db::OwnConnection;
use crate::problem::{Problem, Result};
use crate::records::list;
use crate::records::parameters;
use crate::records::projection::Projection;
use crate::records::sql::Sql;
use crate::records::sql::predicate::Context;
use crate::records::sql::select::{self, List, Matching};
use crate::records::store::{self, Failure, raw};
use crate::records::wire::encode::{Malformed, write_json, write_text};

/// Rows that Postgres is asked for at a time.
const ROWS: i32 = 1000;
/// How much is sent at a time.
const CHUNK: usize = 1 << 16;
/// The longest that Postgres may take for the next rows.
pub const STATEMENT_LIMIT: Duration = Duration::from_secs(5 * 60);
/// How long nobody may take a piece.
const STALLED: Duration = Duration::from_secs(60);

/// A piece of the file.
#[derive(Debug)]
pub struct Piece {
    /// The last is empty: without it the file is not whole.
    pub bytes: Bytes,
    /// How many rows there are in the pieces up to this one.
    pub rows: u64,
}

/// Where the pieces of a file come from, or why there are no more.
pub type Pieces = mpsc::Receiver<Result<Piece, Failure>>;

/// An export that was checked and can be read.
#[derive(Debug)]
pub struct Reading {
    writer: Writer,
    /// None: no row may be read.
    rows: Option<Sql>,
    /// None: how many there are is not known, or not for the caller to know.
    estimate: Option<Sql>,
}

impl Reading {
    /// Checks what is asked for.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn of(context: &Context<'_>, table: &Arc<Table>, asked: &ExportRequest) -> Result<Self, Failure> {
        if asked.fields.as_ref().is_some_and(Vec::is_empty) {
            let error = FieldError::new("/fields", "out_of_range", "`fields` must name a field");
            return Err(Problem::validation(vec![error]).into());
        }
        let projection = Projection::new(table, context.caller, asked.fields.as_deref())
            .map_err(|problem| in_body(problem, "fields"))?;
        let sort = parameters::sort(table, context.caller, &asked.sort)
            .map_err(|problem| in_body(problem, "sort"))?;
        let filter = parameters::filter(context.snapshot, table, context.caller, asked.filter.as_deref())
            .map_err(|problem| in_body(problem, "filter"))?;
        let matching = Matching { filter: filter.as_ref(), search: None };
        let list =
            List { columns: &projection.columns, matching, sort: &sort, after: None, offset: 0, limit: None };
        let rows = select::list(context, table, &list)?;
        let estimate = match list::may_be_estimated(context, table, matching) {
            true => select::estimate(context, table, matching)?,
            false => None,
        };
        let (format, escape) = (asked.format, asked.escape_formulas);
        let writer = Writer { table: table.clone(), projection, format, escape };
        Ok(Self { writer, rows, estimate })
    }

    /// About how many rows there are.
    pub async fn estimated(&self, connection: &OwnConnection) -> Option<u64> {
        let estimate = self.estimate.as_ref()?;
        let statement = connection.prepare(&estimate.text).await.ok()?;
        let rows = store::query(connection, &statement, &estimate.binds).await.ok()?;
        list::estimated(raw(rows.first()?, 0)).map(i64::unsigned_abs)
    }

    /// Begins to read all rows as they are at one moment, as fast as they are taken. Whoever awaits the future gets the pieces beside it.
    pub fn begin(self, connection: OwnConnection) -> (Pieces, impl Future<Output = ()> + Send + 'static) {
        let (sender, pieces) = mpsc::channel(2);
        let sender = Sender { pieces: sender, rows: 0, pace: Pace::new(STALLED) };
        (pieces, read(connection, self.writer, self.rows, sender))
    }
}

async fn read(mut connection: OwnConnection, writer: Writer, sql: Option<Sql>, mut sender: Sender) {
    let done = match sql {
        None => Ok(writer.begin()),
        Some(sql) => rows(&mut connection, &writer, &sql, &mut sender).await,
    };
    let done = match done {
        Ok(last) if last.is_empty() => sender.send(last).await,
        Ok(last) => match sender.send(last).await {
            Ok(_) => sender.send(Vec::new()).await,
            Err(ended) => Err(ended),
        },
        Err(ended) => Err(ended),
    };
    match done {
        Ok(_) => connection.settle(),
        Err(Ended::Gone) => tracing::debug!("nobody takes an export any more"),
        Err(Ended::Failed(failure)) => drop(sender.pieces.send(Err(failure)).await),
    }
}

/// Why an export ends early.
enum Ended {
    /// Nobody takes what it sends.
    Gone,
    /// It cannot be read on.
    Failed(Failure),
}

async fn rows(
    connection: &mut OwnConnection,
    writer: &Writer,
    sql: &Sql,
    sender: &mut Sender,
) -> Result<Vec<u8>, Ended> {
    let failed = |error| Ended::Failed(store::failure(&writer.table, error));
    let client = connection.client();
    let transaction = client.build_transaction().read_only(true).start().await.map_err(failed)?;
    let statement = transaction.prepare(&sql.text).await.map_err(failed)?;
    let portal = transaction.bind_raw(&statement, &sql.binds).await.map_err(failed)?;
    let mut out = writer.begin();
    loop {
        let mut rows = std::pin::pin!(transaction.query_portal_raw(&portal, ROWS).await.map_err(failed)?);
        let mut read = 0;
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            writer.write(&mut out, &row).map_err(|malformed| Ended::Failed(malformed.into()))?;
            read += 1;
            sender.rows += 1;
            if out.len() >= CHUNK {
                out = sender.send(out).await?;
            }
        }
        if read < ROWS {
            break;
        }
    }
    transaction.commit().await.map_err(failed)?;
    Ok(out)
}

/// Where pieces go.
struct Sender {
    pieces: mpsc::Sender<Result<Piece, Failure>>,
    rows: u64,
    pace: Pace,
}

impl Sender {
    /// Sends a piece, and gives room for the next.
    async fn send(&mut self, out: Vec<u8>) -> Result<Vec<u8>, Ended> {
        let (length, asked) = (out.len(), Instant::now());
        let piece = Piece { bytes: Bytes::from(out), rows: self.rows };
        match tokio::time::timeout(self.pace.left(), self.pieces.send(Ok(piece))).await {
            Ok(Ok(())) => {
                self.pace.moved(length, asked.elapsed());
                Ok(Vec::with_capacity(CHUNK + CHUNK / 4))
            }
            _ => Err(Ended::Gone),
        }
    }
}

/// Makes rows into a file.
#[derive(Debug)]
struct Writer {
    table: Arc<Table>,
    projection: Projection,
    format: TransferFormat,
    escape: bool,
}

impl Writer {
    /// What stands before the first row.
    fn begin(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(CHUNK + CHUNK / 4);
        if self.format == TransferFormat::Csv {
            for (place, index) in self.shown().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                self.cell(&mut out, self.table.collection.fields[index].name.as_bytes());
            }
            out.extend_from_slice(b"\r\n");
        }
        out
    }

    fn write(&self, out: &mut Vec<u8>, row: &Row) -> Result<(), Malformed> {
        if self.format == TransferFormat::Ndjson {
            self.projection.open_object(out, &self.table, row)?;
            out.extend_from_slice(b"}\n");
            return Ok(());
        }
        let mut text = Vec::new();
        for (place, index) in self.shown().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            let Some(value) = raw(row, place) else { continue };
            let column = &self.table.columns[index];
            text.clear();
            if column.array || self.table.collection.fields[index].value_type() == FieldType::Json {
                write_json(&mut text, column, Some(value))?;
                csv::write_cell(out, Some(&text));
            } else {
                write_text(&mut text, column.wire, value)?;
                match column.wire {
                    Wire::Text | Wire::Other => self.cell(out, &text),
                    _ => csv::write_cell(out, Some(&text)),
                }
            }
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// A cell of text.
    fn cell(&self, out: &mut Vec<u8>, text: &[u8]) {
        if self.escape && csv::is_formula(text) {
            return csv::write_cell(out, Some(&[b"'", text].concat()));
        }
        csv::write_cell(out, Some(text));
    }

    fn shown(&self) -> impl Iterator<Item = usize> {
        self.projection.columns[..self.projection.shown].iter().copied()
    }
}

/// The same problem, about a member of the body.
fn in_body(mut problem: Problem, member: &str) -> Problem {
    for error in &mut problem.errors {
        error.pointer = format!("/{member}");
    }
    problem
}

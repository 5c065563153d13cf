//! `POST /v1/records/{collection}/export`
//!
//! The body is an `ExportRequest`: `format` (`csv`, the default, or `ndjson`), `filter`, `sort`, `fields` and `escape_formulas`.
//! The answer is a stream, `text/csv` or `application/x-ndjson`, of the rows that a list would have, in its order, as they
//! were at one moment. Imported again it gives the same rows, except for what `escape_formulas` put in front. Where
//! reading fails in the middle the transfer breaks off, so that nobody takes a part for the whole.

use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
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
use crate::extract::Json;
use crate::problem::{Problem, Result};
use crate::records::parameters;
use crate::records::projection::Projection;
use crate::records::request::{Request, View};
use crate::records::sql::Sql;
use crate::records::sql::select::{self, List, Matching};
use crate::records::store::{self, Failure, raw};
use crate::records::wire::encode::{Malformed, write_json, write_text};

/// Rows that Postgres is asked for at a time.
const ROWS: i32 = 1000;
/// How much is sent at a time.
const CHUNK: usize = 1 << 16;
/// The longest that Postgres may take for the next rows.
const STATEMENT_LIMIT: Duration = Duration::from_secs(5 * 60);
/// How long a client may take nothing.
const STALLED: Duration = Duration::from_secs(60);

/// Exports the rows of a list.
///
/// # Errors
/// `not_found`, `invalid_expression`, `invalid_parameter`, `statement_timeout`, `overloaded`,
/// `too_many_requests`.
pub async fn export(request: Request, body: Json<ExportRequest>) -> Result<HttpResponse> {
    let asked = body.0;
    let (sender, mut pieces) = mpsc::channel::<Piece>(2);
    let media_type = match asked.format {
        TransferFormat::Csv => "text/csv; charset=utf-8; header=present",
        TransferFormat::Ndjson => "application/x-ndjson",
    };
    let disposition = disposition(&request.collection, asked.format);
    let first = request
        .attempt(async |view| {
            let (writer, sql) = prepare(view, &asked)?;
            let connection = request.app.db.own.connect(request.party(), STATEMENT_LIMIT).await?;
            let sender = Sender { pieces: sender.clone(), pace: Pace::new(STALLED) };
            actix_web::rt::spawn(async move { read(connection, writer, sql, sender).await });
            // What fails before anything is sent has an answer of its own.
            match pieces.recv().await {
                Some(Ok(first)) => Ok(first),
                Some(Err(failure)) => Err(failure),
                None => Err(Problem::internal("an export ended before it began").into()),
            }
        })
        .await?;
    drop(sender);
    let stream = futures_util::stream::unfold((Some(first), pieces), async |(first, mut pieces)| {
        let piece = match first {
            Some(first) => Some(Ok(first)),
            None => pieces.recv().await,
        };
        match piece {
            Some(Ok(end)) if end.is_empty() => None,
            Some(Ok(piece)) => Some((Ok(piece), (None, pieces))),
            Some(Err(failure)) => Some((Err(broken(failure)), (None, pieces))),
            None => Some((Err(broken(Failure::Stale("nothing more came".to_owned()))), (None, pieces))),
        }
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CONTENT_DISPOSITION, disposition))
        .streaming(stream))
}

/// Why the transfer breaks off, for the log; the client sees only that it does.
fn broken(failure: Failure) -> Problem {
    let problem = match failure {
        Failure::Problem(problem) | Failure::Overtaken(problem) => problem,
        Failure::Stale(reason) => Problem::internal(reason),
    };
    tracing::error!(%problem, "an export broke off");
    problem
}

/// A piece of the file, or why there is none. The last is empty: without it the file is not whole.
type Piece = Result<Bytes, Failure>;

/// The statement, and what makes its rows into a file. No statement: no row may be read.
fn prepare(view: View<'_>, asked: &ExportRequest) -> Result<(Writer, Option<Sql>), Failure> {
    let table = view.table()?;
    let context = view.context();
    if asked.fields.as_ref().is_some_and(Vec::is_empty) {
        let error = FieldError::new("/fields", "out_of_range", "`fields` must name a field");
        return Err(Problem::validation(vec![error]).into());
    }
    let projection = Projection::new(table, context.caller, asked.fields.as_deref())
        .map_err(|problem| in_body(problem, "fields"))?;
    let sort =
        parameters::sort(table, context.caller, &asked.sort).map_err(|problem| in_body(problem, "sort"))?;
    let filter = parameters::filter(view.snapshot, table, context.caller, asked.filter.as_deref())
        .map_err(|problem| in_body(problem, "filter"))?;
    let list = List {
        columns: &projection.columns,
        matching: Matching { filter: filter.as_ref(), search: None },
        sort: &sort,
        after: None,
        offset: 0,
        limit: None,
    };
    let sql = select::list(&context, table, &list)?;
    let (format, escape) = (asked.format, asked.escape_formulas);
    Ok((Writer { table: table.clone(), projection, format, escape }, sql))
}

/// Reads all rows as they are at one moment, as fast as they are taken.
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
    pieces: mpsc::Sender<Piece>,
    pace: Pace,
}

impl Sender {
    /// Sends a piece, and gives room for the next.
    async fn send(&mut self, out: Vec<u8>) -> Result<Vec<u8>, Ended> {
        let (length, asked) = (out.len(), Instant::now());
        match tokio::time::timeout(self.pace.left(), self.pieces.send(Ok(Bytes::from(out)))).await {
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
    table: std::sync::Arc<Table>,
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

/// What a browser names the file: a collection's name has letters, digits and underscores alone.
fn disposition(collection: &str, format: TransferFormat) -> String {
    let extension = match format {
        TransferFormat::Csv => "csv",
        TransferFormat::Ndjson => "ndjson",
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let name: String = collection.chars().map(plain).collect();
    format!("attachment; filename=\"{name}.{extension}\"")
}

//! `POST /v1/records/{collection}/import`
//!
//! The body is a stream of rows: `text/csv` whose first line names the fields, or `application/x-ndjson`, a JSON object a line.
//!
//! | parameter | |
//! |---|---|
//! | `mode` | `all_or_nothing` (the default): one bad row, and nothing is written (422, each error with its `line`). `skip_bad`: the others are written |
//! | `dry_run` | `true`: everything is tried and nothing is kept |
//! | `upsert` | the fields (with commas) of the key or of a unique index: a row that is there changes, in the fields that the import names, under the update rule; any other is new, under the create rule |
//! | `null` | CSV: the text of null where it is not in quotes; nothing by default (`""` is the empty text) |
//! | `delimiter` | CSV: the character between cells; a comma by default |
//!
//! In CSV, null in a field that cannot be null stands for the field's default; lists and JSON are written as JSON. 200 with an
//! `ImportReport`. Where the connection breaks nothing has been written.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use annex_openapi::hooks::HookMethod;
use annex_openapi::transfer::{ImportMode, ImportReport};
use futures_util::{SinkExt, StreamExt};

use super::faults::Faults;
use super::intake::{Format, Intake};
use super::keys;
use super::landing::{Landing, TIME_LIMIT};
use crate::app::App;
use crate::collections::catalogue::Table;
use crate::connection::Pace;
use crate::db::OwnConnection;
use crate::extract::{Parameters, Query, media_type};
use crate::problem::{Code, Problem, Result};
use crate::records::create::{check_writable, denied};
use crate::records::hooked::check_unasked;
use crate::records::parameters::names;
use crate::records::projection::readable;
use crate::records::request::{Request, View};
use crate::records::sql::predicate::Verdict;
use crate::records::sql::staging::{self, Import};
use crate::records::store::{self, Failure};

/// How much of the body is taken apart at a time.
const CHUNK: usize = 1 << 20;
/// From so many written rows on the planner is told of them at once.
const ANALYZE_FROM: u64 = 1000;

/// The query parameters of an import.
#[derive(Debug, Clone, Default)]
pub struct ImportParameters {
    dry_run: bool,
    mode: ImportMode,
    upsert: Vec<String>,
    null: Option<String>,
    delimiter: Option<u8>,
}

impl Parameters for ImportParameters {
    const NAMES: &'static [&'static str] = &["dry_run", "mode", "upsert", "null", "delimiter"];

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        match name {
            "dry_run" => self.dry_run = value.parse().map_err(|_| "must be true or false".to_owned())?,
            "mode" => {
                self.mode = match value.as_ref() {
                    "all_or_nothing" => ImportMode::AllOrNothing,
                    "skip_bad" => ImportMode::SkipBad,
                    _ => return Err("must be all_or_nothing or skip_bad".to_owned()),
                }
            }
            "upsert" => self.upsert = names(&value)?,
            "null" => self.null = Some(value.into_owned()),
            _ => {
                let between = |byte: &u8| *byte == b'\t' || byte.is_ascii_punctuation() && *byte != b'"';
                self.delimiter = match value.as_bytes() {
                    [byte] if between(byte) => Some(*byte),
                    _ => {
                        return Err(
                            "must be a comma, a semicolon, a tab or another such character".to_owned()
                        );
                    }
                }
            }
        }
        Ok(())
    }
}

/// Imports the rows of the body.
///
/// # Errors
/// `validation_failed` with the lines of bad rows, `forbidden`, `unsupported_media_type`, `payload_too_large`,
/// `request_timeout`, `invalid_parameter`, `too_many_requests`, `conflict` where the collection changed meanwhile.
pub async fn import(
    http: HttpRequest,
    request: Request,
    query: Query<ImportParameters>,
    payload: web::Payload,
) -> Result<HttpResponse> {
    let format = format(&http, &query.0)?;
    let mut body = Body::new(&http, &request.app, payload)?;
    // The rows can be read only once: the collection is looked at just before.
    let snapshot = request.app.catalogue.refresh_now(&request.app.db.pool).await?;
    let view = View { request: &request, snapshot: &snapshot };
    let table = view.table()?;
    check_writable(table)?;
    check_allowed(&view, table, !query.0.upsert.is_empty())?;
    let replaces = [HookMethod::Create, HookMethod::Update];
    check_unasked(view, table, if query.0.upsert.is_empty() { &replaces[..1] } else { &replaces })?;
    let upsert = key(table, &view, &query.0.upsert)?;
    let most = request.app.config.server.max_body;
    let clock = request.app.clock.clone();
    let intake = Intake::new(format, Arc::clone(table), request.caller.clone(), clock, upsert.clone(), most);
    // Connections are few: who has sent nothing yet takes none.
    let first = body.chunk().await?;
    let connection = request.app.db.own.connect(request.party(), TIME_LIMIT).await?;
    match run(view, table, &upsert, &query.0, &connection, (first, body), intake).await {
        Ok(report) => {
            connection.settle();
            Ok(HttpResponse::Ok().json(report))
        }
        Err(Failure::Problem(problem) | Failure::Overtaken(problem)) => Err(problem),
        Err(Failure::Stale(reason)) => {
            tracing::debug!(reason, "the schema changed under an import");
            let name = &table.collection.name;
            Err(Problem::new(Code::Conflict, format!("`{name}` changed while the rows were on their way"))
                .with_hint("Send the import again"))
        }
    }
}

async fn run(
    view: View<'_>,
    table: &Arc<Table>,
    upsert: &[usize],
    parameters: &ImportParameters,
    connection: &OwnConnection,
    body: (Chunk, Body),
    intake: Intake,
) -> Result<ImportReport, Failure> {
    let failed = |error| store::failure(table, error);
    let mut intake = stage(table, connection, body, intake).await?;
    let faults = std::mem::take(&mut intake.faults);
    let skip_bad = parameters.mode == ImportMode::SkipBad;
    if !skip_bad && faults.is_full() {
        return Err(refusal(intake.rows, faults).into());
    }
    let columns = intake.used();
    let staged = Import { table, columns: &columns, upsert };
    let mut landing = Landing::begin(connection, &view.context(), staged, faults).await?;
    landing.exhaustive = skip_bad;
    if intake.rows > landing.faults.rows {
        let written = tokio::time::timeout(TIME_LIMIT, landing.write(intake.last_line as i64)).await;
        written.map_err(|_| {
            Problem::new(Code::StatementTimeout, "The import took longer than is allowed")
                .with_hint("Send the rows in several imports")
        })??;
    }
    let Landing { faults, inserted, updated, .. } = landing;
    if !skip_bad && faults.rows > 0 {
        return Err(refusal(intake.rows, faults).into());
    }
    connection.batch_execute(if parameters.dry_run { "rollback" } else { "commit" }).await.map_err(failed)?;
    if !parameters.dry_run && inserted + updated >= ANALYZE_FROM {
        // Somebody else's table may not be ours to look at; Postgres does it by itself later.
        if let Err(error) = connection.batch_execute(&staging::analyze(table).text).await {
            tracing::debug!(%error, "a table could not be analysed after an import");
        }
    }
    Ok(ImportReport {
        rows: intake.rows,
        inserted,
        updated,
        skipped: faults.rows,
        errors_truncated: faults.truncated,
        errors: faults.sorted(),
        dry_run: parameters.dry_run,
    })
}

/// Reads the body into the staging table, each part as a transaction of its own: none is open while the client is
/// waited for.
async fn stage(
    table: &Table,
    connection: &OwnConnection,
    (mut chunk, mut body): (Chunk, Body),
    mut intake: Intake,
) -> Result<Intake, Failure> {
    let failed = |error| store::failure(table, error);
    let mut copy = None;
    loop {
        let Chunk { bytes, ended } = chunk;
        // Taking rows apart is work for a processor, and this thread serves others.
        let taken = web::block(move || {
            let taken = intake.take(&bytes).and_then(|()| if ended { intake.end() } else { Ok(()) });
            taken.map(|()| (intake.copy(), intake))
        });
        let (rows, taken) = taken.await.map_err(Problem::internal)??;
        intake = taken;
        if copy.is_none()
            && let Some(staged) = intake.staged()
        {
            connection.batch_execute(&staging::create(staged).text).await.map_err(failed)?;
            copy = Some(connection.prepare(&staging::copy().text).await.map_err(failed)?);
        }
        if let (Some(rows), Some(copy)) = (rows, &copy) {
            let sink = connection.copy_in::<_, Bytes>(copy).await.map_err(failed)?;
            let mut sink = std::pin::pin!(sink);
            sink.send(rows).await.map_err(failed)?;
            sink.finish().await.map_err(failed)?;
        }
        if ended {
            return Ok(intake);
        }
        chunk = body.chunk().await?;
    }
}

/// Nothing is written since some rows are bad.
fn refusal(rows: u64, faults: Faults) -> Problem {
    let bad = faults.rows;
    let detail = if faults.truncated {
        format!(
            "At least {bad} of {rows} rows are not valid, so nothing was imported; the first faults are listed"
        )
    } else {
        format!("{bad} of {rows} rows are not valid, so nothing was imported")
    };
    Problem::new(Code::ValidationFailed, detail)
        .with_errors(faults.sorted())
        .with_hint("Mend them, or send `mode=skip_bad` to import the others")
}

/// How the body is written, by its media type.
fn format(http: &HttpRequest, parameters: &ImportParameters) -> Result<Format> {
    let unsupported = |detail: String| {
        Problem::new(Code::UnsupportedMediaType, detail).with_hint(
            "Send CSV with `Content-Type: text/csv`, or a JSON object a line with `application/x-ndjson`",
        )
    };
    let encoding = http.headers().get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    if let Some(encoding) = encoding.filter(|encoding| *encoding != "identity") {
        return Err(unsupported(format!("The body came with the encoding `{encoding}`")));
    }
    let essence = media_type(http).map_err(|charset| unsupported(charset.to_string()))?;
    match essence.as_str() {
        "text/csv" => Ok(Format::Csv {
            delimiter: parameters.delimiter.unwrap_or(b','),
            null: parameters.null.clone().unwrap_or_default(),
        }),
        "application/x-ndjson" | "application/ndjson" => {
            let csv_only =
                [("null", parameters.null.is_some()), ("delimiter", parameters.delimiter.is_some())];
            match csv_only.iter().find(|(_, given)| *given) {
                Some((name, _)) => Err(Problem::parameter(name, format!("`{name}` is for CSV alone"))),
                None => Ok(Format::Ndjson),
            }
        }
        "" => Err(unsupported("The body came with no media type".to_owned())),
        other => Err(unsupported(format!("The body came with `{other}`"))),
    }
}

/// The columns by which an upsert finds rows: the key, or those of a unique index.
fn key(table: &Table, view: &View<'_>, upsert: &[String]) -> Result<Vec<usize>> {
    let columns = upsert.iter().map(|name| readable(table, &view.request.caller, name, "upsert"));
    let mut columns: Vec<usize> = columns.collect::<Result<_>>()?;
    columns.sort_unstable();
    columns.dedup();
    let is_key = columns.is_empty() || keys::unique(table).contains(&columns);
    if !is_key {
        let detail = format!("`{}` is neither the key nor unique", upsert.join("`, `"));
        return Err(Problem::parameter("upsert", detail)
            .with_hint(format!("The key is {}", table.collection.primary_key.join(","))));
    }
    Ok(columns)
}

/// Refuses a caller to whom the rules allow no row at all.
fn check_allowed(view: &View<'_>, table: &Table, upsert: bool) -> Result<()> {
    let context = view.context();
    let nothing = |rule| matches!(context.verdict(rule), Verdict::Nothing);
    if nothing(&table.rules.create) && (!upsert || nothing(&table.rules.update)) {
        return Err(denied(table, context.caller));
    }
    Ok(())
}

/// A part of the body.
struct Chunk {
    bytes: Vec<u8>,
    /// Whether it is the last.
    ended: bool,
}

/// The body as it arrives.
struct Body {
    payload: web::Payload,
    read: usize,
    most: usize,
    pace: Pace,
}

impl Body {
    fn new(http: &HttpRequest, app: &App, payload: web::Payload) -> Result<Self> {
        let server = &app.config.server;
        let body = Self { payload, read: 0, most: server.max_import, pace: Pace::new(server.read_timeout) };
        let announced =
            http.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        match announced {
            Some(length) if length > body.most => Err(body.too_large()),
            _ => Ok(body),
        }
    }

    /// The next part. Only waiting for the client counts for its pace, not what is done with what it sent.
    async fn chunk(&mut self) -> Result<Chunk> {
        let mut chunk = Vec::new();
        while chunk.len() < CHUNK {
            let asked = Instant::now();
            let next = tokio::time::timeout(self.pace.left(), self.payload.next()).await.map_err(|_| {
                Problem::new(Code::RequestTimeout, "The body came too slowly, or no more of it")
                    .with_hint("Send the rows in several imports, or raise ANNEX_READ_TIMEOUT")
            })?;
            let Some(bytes) = next else { return Ok(Chunk { bytes: chunk, ended: true }) };
            let bytes = bytes
                .map_err(|error| Problem::new(Code::BadRequest, format!("The body broke off: {error}")))?;
            self.pace.moved(bytes.len(), asked.elapsed());
            self.read += bytes.len();
            if self.read > self.most {
                return Err(self.too_large());
            }
            chunk.extend_from_slice(&bytes);
        }
        Ok(Chunk { bytes: chunk, ended: false })
    }

    fn too_large(&self) -> Problem {
        Problem::new(Code::PayloadTooLarge, format!("The body is larger than {} bytes", self.most))
            .with_hint("Send the rows in several imports, or raise ANNEX_MAX_IMPORT")
    }
}

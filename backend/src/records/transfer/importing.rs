//! An import from its first byte to its last row: checked, read into a staging table, and written in one transaction.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::web::{self, Bytes};
use annex_openapi::hooks::HookMethod;
use annex_openapi::transfer::{ImportMode, ImportReport};
use futures_util::{SinkExt, Stream, StreamExt};

use super::body::unsupported;
use super::faults::Faults;
use super::import::{Delimiter, ImportParameters};
use super::intake::{Format, Intake};
use super::keys;
use super::landing::{Landing, TIME_LIMIT};
use crate::app::App;
use crate::collections::catalogue::Table;
use crate::db::OwnConnection;
use crate::problem::{Code, Problem, Result};
use crate::records::create::{check_writable, denied};
use crate::records::hooked::check_unasked;
use crate::records::projection::readable;
use crate::records::sql::predicate::{Context, Verdict};
use crate::records::sql::staging::{self, Import};
use crate::records::store::{self, Failure};

/// From so many written rows on the planner is told of them at once.
const ANALYZE_FROM: u64 = 1000;

/// An import that was checked.
#[derive(Debug)]
pub struct Importing<'a> {
    context: Context<'a>,
    table: &'a Arc<Table>,
    parameters: &'a ImportParameters,
    upsert: Vec<usize>,
    intake: Intake,
    /// How many rows have been read.
    pub read: Arc<AtomicU64>,
}

impl<'a> Importing<'a> {
    /// Checks what is asked for, by whom, and how it is written.
    ///
    /// # Errors
    /// `unsupported_media_type`, `forbidden`, `invalid_parameter`; `conflict` where the collection takes no rows.
    pub fn of(
        context: Context<'a>,
        table: &'a Arc<Table>,
        app: &App,
        parameters: &'a ImportParameters,
        media_type: &str,
    ) -> Result<Self> {
        let format = format(media_type, parameters)?;
        check_writable(table)?;
        check_allowed(&context, table, !parameters.upsert.is_empty())?;
        let replaces = [HookMethod::Create, HookMethod::Update];
        let methods = if parameters.upsert.is_empty() { &replaces[..1] } else { &replaces };
        check_unasked(app, context.snapshot, table, methods)?;
        let upsert = key(&context, table, &parameters.upsert)?;
        let (clock, most) = (app.clock.clone(), app.config.server.max_body);
        let intake =
            Intake::new(format, Arc::clone(table), context.caller.clone(), clock, upsert.clone(), most);
        Ok(Self { context, table, parameters, upsert, intake, read: Arc::default() })
    }

    /// Reads the rows and writes them, in a transaction that is left open for [`end`].
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn write<T: AsRef<[u8]> + Send + 'static>(
        self,
        connection: &OwnConnection,
        chunks: Pin<&mut impl Stream<Item = Result<T>>>,
    ) -> Result<ImportReport, Failure> {
        let Self { context, table, parameters, upsert, intake, read } = self;
        let mut intake = stage(table, connection, chunks, intake, &read).await?;
        let faults = std::mem::take(&mut intake.faults);
        let skip_bad = parameters.mode == ImportMode::SkipBad;
        if !skip_bad && faults.is_full() {
            return Err(refusal(intake.rows, faults).into());
        }
        let columns = intake.used();
        let staged = Import { table, columns: &columns, upsert: &upsert };
        let mut landing = Landing::begin(connection, &context, staged, faults).await?;
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
}

/// Makes what an import wrote count, or undoes it where it was to be tried alone.
///
/// # Errors
/// See [`Failure`].
pub async fn end(connection: &OwnConnection, table: &Table, report: &ImportReport) -> Result<(), Failure> {
    let command = if report.dry_run { "rollback" } else { "commit" };
    connection.batch_execute(command).await.map_err(|error| store::failure(table, error))?;
    if !report.dry_run && report.inserted + report.updated >= ANALYZE_FROM {
        // Somebody else's table may not be ours to look at; Postgres does it by itself later.
        if let Err(error) = connection.batch_execute(&staging::analyze(table).text).await {
            tracing::debug!(%error, "a table could not be analysed after an import");
        }
    }
    Ok(())
}

/// Reads the file into the staging table, each part as a transaction of its own: none is open while the client is
/// waited for.
async fn stage<T: AsRef<[u8]> + Send + 'static>(
    table: &Table,
    connection: &OwnConnection,
    mut chunks: Pin<&mut impl Stream<Item = Result<T>>>,
    mut intake: Intake,
    read: &AtomicU64,
) -> Result<Intake, Failure> {
    let failed = |error| store::failure(table, error);
    let mut copy = None;
    loop {
        let chunk = chunks.next().await.transpose()?;
        let ended = chunk.is_none();
        // Taking rows apart is work for a processor, and this thread serves others.
        let taken = web::block(move || {
            let taken = match &chunk {
                Some(chunk) => intake.take(chunk.as_ref()),
                None => intake.end(),
            };
            taken.map(|()| (intake.copy(), intake))
        });
        let (rows, taken) = taken.await.map_err(Problem::internal)??;
        intake = taken;
        read.store(intake.rows, Ordering::Relaxed);
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

/// How the file is written, by its media type without parameters.
fn format(media_type: &str, parameters: &ImportParameters) -> Result<Format> {
    match media_type {
        "text/csv" => Ok(Format::Csv {
            delimiter: parameters.delimiter.map_or(b',', |Delimiter(byte)| byte),
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
fn key(context: &Context<'_>, table: &Table, upsert: &[String]) -> Result<Vec<usize>> {
    let columns = upsert.iter().map(|name| readable(table, context.caller, name, "upsert"));
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
fn check_allowed(context: &Context<'_>, table: &Table, upsert: bool) -> Result<()> {
    let nothing = |rule| matches!(context.verdict(rule), Verdict::Nothing);
    if nothing(&table.rules.create) && (!upsert || nothing(&table.rules.update)) {
        return Err(denied(table, context.caller));
    }
    Ok(())
}

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
use std::pin::pin;

use actix_web::web;
use actix_web::{HttpRequest, HttpResponse};
use annex_openapi::transfer::ImportMode;
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};

use super::body::{Body, essence};
use super::importing::{Importing, end};
use super::landing::TIME_LIMIT;
use crate::extract::{Parameters, Query};
use crate::problem::{Code, Problem, Result};
use crate::records::parameters::names;
use crate::records::request::{Request, View};
use crate::records::store::Failure;

/// The query parameters of an import.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImportParameters {
    /// Whether nothing is kept.
    pub dry_run: bool,
    /// What becomes of an import with bad rows.
    pub mode: ImportMode,
    /// The fields by which rows are found that are there.
    pub upsert: Vec<String>,
    /// CSV: the text of null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null: Option<String>,
    /// CSV: what stands between cells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<Delimiter>,
}

/// The character between the cells of CSV: a tab or ASCII punctuation, but no quote.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Delimiter(pub u8);

impl TryFrom<String> for Delimiter {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_bytes() {
            [byte] if *byte == b'\t' || byte.is_ascii_punctuation() && *byte != b'"' => Ok(Self(*byte)),
            _ => Err("must be a comma, a semicolon, a tab or another such character"),
        }
    }
}

impl From<Delimiter> for String {
    fn from(Delimiter(byte): Delimiter) -> Self {
        Self::from(byte as char)
    }
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
            _ => self.delimiter = Some(value.into_owned().try_into()?),
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
    let media_type = essence(&http)?;
    let server = &request.app.config.server;
    let mut body = Body::new(&http, payload, server.max_import, server.read_timeout)?;
    // The rows can be read only once: the collection is looked at just before.
    let snapshot = request.app.catalogue.refresh_now(&request.app.db.pool).await?;
    let view = View { request: &request, snapshot: &snapshot };
    let table = view.table()?;
    let importing = Importing::of(view.context(), table, &request.app, &query.0, &media_type)?;
    // Connections are few: who has sent nothing yet takes none.
    let first = body.chunk().await?;
    let connection = request.app.db.own.connect(request.party(), TIME_LIMIT).await?;
    let chunks = stream::iter(first.map(Ok)).chain(body.into_chunks());
    let imported = async {
        let report = importing.write(&connection, pin!(chunks)).await?;
        end(&connection, table, &report).await?;
        Ok(report)
    };
    match imported.await {
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

//! `records.export`: writes the rows of a list into a file.
//!
//! The file counts together with the end of the attempt. Each attempt writes one of its own, and those that are not finished go.

use annex_openapi::transfer::ExportRequest;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;

use super::teller::Teller;
use super::told;
use crate::jobs::files::Keeping;
use crate::jobs::on_behalf::OnBehalf;
use crate::jobs::store::files;
use crate::jobs::{Completed, Context, Job, JobError};
use crate::problem::Problem;
use crate::records::sql::predicate;
use crate::records::transfer::export::{file_name, media_type};
use crate::records::transfer::reading::{Pieces, Reading, STATEMENT_LIMIT};

/// The arguments: what an export is asked for with, and of which collection.
#[derive(Debug)]
pub(super) struct RecordsExport {
    collection: String,
    caller: Option<OnBehalf>,
    asked: ExportRequest,
}

impl<'de> Deserialize<'de> for RecordsExport {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut args = Map::deserialize(deserializer)?;
        let collection = args.remove("collection").ok_or_else(|| Error::missing_field("collection"))?;
        let caller = args.remove(OnBehalf::MEMBER).unwrap_or_default();
        Ok(Self {
            collection: serde_json::from_value(collection).map_err(Error::custom)?,
            caller: serde_json::from_value(caller).map_err(Error::custom)?,
            asked: serde_json::from_value(Value::Object(args)).map_err(Error::custom)?,
        })
    }
}

impl Job for RecordsExport {
    const KIND: &'static str = "records.export";
    const DESCRIPTION: &'static str = "Writes the rows of a collection into a file with a signed link.";
    const ON_BEHALF: bool = true;

    fn schema() -> Option<Value> {
        let name = json!({"type": "string", "minLength": 1, "maxLength": 100});
        Some(json!({
            "type": "object",
            "properties": {
                "collection": {"type": "string", "minLength": 1, "maxLength": 100, "examples": ["posts"]},
                "format": {"enum": ["csv", "ndjson"], "default": "csv"},
                "filter": {
                    "type": "string", "examples": ["status = \"published\""],
                    "description": "One expression that the rows fulfil",
                },
                "sort": {
                    "type": "array", "maxItems": 8, "items": name, "examples": [["-created_at"]],
                    "description": "The fields to sort by, `-` in front for descending",
                },
                "fields": {
                    "type": "array", "minItems": 1, "items": name, "examples": [["id", "title"]],
                    "description": "The fields of each row; without it, all",
                },
                "escape_formulas": {
                    "type": "boolean", "default": false,
                    "description": "CSV alone: whether texts that a spreadsheet would take for a formula get a `'` in front",
                },
            },
            "required": ["collection"],
            "additionalProperties": false,
        }))
    }

    async fn run(self, context: Context) -> Result<Completed, JobError> {
        let app = context.app();
        let caller = OnBehalf::caller(self.caller, &context).await?;
        files::abandon_all(&app.db.pool, context.job_id()).await?;
        let snapshot = app.catalogue.refresh_now(&app.db.pool).await?;
        let table = snapshot.served(&self.collection);
        let table =
            table.ok_or_else(|| Problem::not_found(format_args!("collection `{}`", self.collection)))?;
        let scope = predicate::Context { snapshot: &snapshot, caller: &caller, now: app.clock.now() };
        let reading = Reading::of(&scope, table, &self.asked).map_err(told)?;

        let name = file_name(&self.collection, self.asked.format);
        let media_type = media_type(self.asked.format);
        let owner = OnBehalf::owner(self.caller);
        let mut keeping = Keeping::begin(app, context.job_id(), owner, &name, media_type).await?;
        let connection = app.db.own.connect_in_background(STATEMENT_LIMIT).await?;
        let estimated = reading.estimated(&connection).await;
        let (pieces, reading) = reading.begin(connection);
        let ((), written) = tokio::join!(reading, write(&context, &mut keeping, pieces, estimated));
        let rows = written?;
        keeping.close().await?;

        let mut transaction = context.begin().await?;
        let expires_at = keeping.finish(&mut *transaction).await?;
        let expires_at = expires_at.format(&Rfc3339).expect("the years of files can be written");
        let file = json!({"name": name, "size": keeping.size(), "rows": rows, "expires_at": expires_at});
        let completed = context.complete(transaction, Some(json!({"file": file}))).await?;
        keeping.settle();
        Ok(completed)
    }
}

/// Takes the pieces to their end; how many rows there were.
async fn write(
    context: &Context,
    keeping: &mut Keeping<'_>,
    mut pieces: Pieces,
    estimated: Option<u64>,
) -> Result<u64, JobError> {
    let mut teller = Teller::new(context);
    while let Some(piece) = pieces.recv().await {
        let piece = piece.map_err(told)?;
        if piece.bytes.is_empty() {
            return Ok(piece.rows);
        }
        keeping.write(&piece.bytes).await?;
        // An estimate may be too low.
        let progress = estimated.map(|rows| (piece.rows as f64 / rows.max(1) as f64).min(0.99));
        teller.tell(progress, || format!("{} rows", piece.rows)).await?;
    }
    Err(JobError::retry("The export broke off"))
}

//! `records.import`: writes the rows of a file into a collection.
//!
//! They are committed together with the end of the attempt: exactly once, or not at all.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::told;
use crate::jobs::files::get::read;
use crate::jobs::on_behalf::OnBehalf;
use crate::jobs::store::files::{self, File};
use crate::jobs::{Completed, Context, Job, JobError};
use crate::problem::Problem;
use crate::records::sql::predicate;
use crate::records::transfer::import::ImportParameters;
use crate::records::transfer::importing::{Importing, end};
use crate::records::transfer::landing::TIME_LIMIT;

/// How often progress is told.
const PERIOD: Duration = Duration::from_secs(1);

/// The arguments: the parameters of an import, of which collection, and the job whose file it is.
#[derive(Debug)]
pub(super) struct RecordsImport {
    collection: String,
    /// None: the file came with the job.
    from: Option<Uuid>,
    caller: Option<OnBehalf>,
    parameters: ImportParameters,
}

impl<'de> Deserialize<'de> for RecordsImport {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut args = Map::deserialize(deserializer)?;
        let collection = args.remove("collection").ok_or_else(|| Error::missing_field("collection"))?;
        let from = args.remove("from").unwrap_or_default();
        let caller = args.remove(OnBehalf::MEMBER).unwrap_or_default();
        Ok(Self {
            collection: serde_json::from_value(collection).map_err(Error::custom)?,
            from: serde_json::from_value(from).map_err(Error::custom)?,
            caller: serde_json::from_value(caller).map_err(Error::custom)?,
            parameters: serde_json::from_value(Value::Object(args)).map_err(Error::custom)?,
        })
    }
}

impl Job for RecordsImport {
    const KIND: &'static str = "records.import";
    const DESCRIPTION: &'static str = "Writes the rows of a file into a collection, all or none.";
    const ON_BEHALF: bool = true;

    fn schema() -> Option<Value> {
        Some(json!({
            "type": "object",
            "properties": {
                "collection": {"type": "string", "minLength": 1, "maxLength": 100, "examples": ["posts"]},
                "from": {
                    "type": "string", "format": "uuid", "description": "The job whose file it is, such as an export",
                },
                "mode": {
                    "enum": ["all_or_nothing", "skip_bad"], "default": "all_or_nothing",
                    "description": "What becomes of an import with bad rows",
                },
                "dry_run": {
                    "type": "boolean", "default": false, "description": "Whether everything is tried and nothing is kept",
                },
                "upsert": {
                    "type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 100}, "examples": [["id"]],
                    "description": "The fields of the key or of a unique index: a row that is there changes",
                },
                "null": {"type": "string", "description": "CSV alone: the text of null where it is not in quotes"},
                "delimiter": {
                    "type": "string", "pattern": "^[\\t!#-/:-@\\[-`{-~]$", "default": ",",
                    "description": "CSV alone: the character between cells",
                },
            },
            "required": ["collection", "from"],
            "additionalProperties": false,
        }))
    }

    async fn run(self, context: Context) -> Result<Completed, JobError> {
        let app = context.app();
        let pool = &app.db.pool;
        let caller = OnBehalf::caller(self.caller, &context).await?;
        let kept = files::of_job(pool, self.from.unwrap_or(context.job_id())).await?;
        let kept = kept.ok_or_else(|| JobError::permanent("file_gone", "The file is not kept any more"))?;

        let snapshot = app.catalogue.refresh_now(pool).await?;
        let table = snapshot.served(&self.collection);
        let table =
            table.ok_or_else(|| Problem::not_found(format_args!("collection `{}`", self.collection)))?;
        let scope = predicate::Context { snapshot: &snapshot, caller: &caller, now: app.clock.now() };
        let media_type = kept.media_type.split(';').next().unwrap_or_default();
        let importing = Importing::of(scope, table, app, &self.parameters, media_type)?;

        let connection = app.db.own.connect_in_background(TIME_LIMIT).await?;
        let (bytes, rows) = (AtomicU64::new(0), Arc::clone(&importing.read));
        let size = kept.size.unsigned_abs();
        let mut chunks = pin!(
            read(pool.clone(), kept.id, 0..size)
                .inspect_ok(|chunk| _ = bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed))
        );
        let report = tokio::select! {
            report = importing.write(&connection, chunks.as_mut()) => report.map_err(told)?,
            error = tell(&context, &bytes, &rows, &kept) => return Err(error),
        };

        let result = serde_json::to_value(&report).map_err(Problem::internal)?;
        if report.dry_run {
            end(&connection, table, &report).await.map_err(told)?;
            connection.settle();
            return Ok(result.into());
        }
        context.complete_on(&connection, &result).await?;
        end(&connection, table, &report).await.map_err(told)?;
        connection.settle();
        if self.from.is_none()
            && let Err(error) = files::forget(pool, context.job_id()).await
        {
            tracing::debug!(%error, "a file that was imported is kept a little longer");
        }
        Ok(Completed::committed())
    }
}

/// Tells how far it is, until it is dropped: the first half is to read the file, the second to write the rows.
async fn tell(context: &Context, bytes: &AtomicU64, rows: &AtomicU64, kept: &File) -> JobError {
    loop {
        tokio::time::sleep(PERIOD).await;
        let (bytes, rows) = (bytes.load(Ordering::Relaxed), rows.load(Ordering::Relaxed));
        let progress = bytes as f64 / kept.size.max(1) as f64 / 2.0;
        let does = if bytes < kept.size.unsigned_abs() { "read" } else { "are written" };
        if let Err(error) = context.progress(progress, &format!("{rows} rows {does}")).await {
            return error;
        }
    }
}

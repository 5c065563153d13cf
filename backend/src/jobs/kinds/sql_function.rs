//! `sql.function`: calls a function of the user's own in the database.
//!
//! What it writes is committed together with the end of the attempt: exactly once, or not at all. Which functions may be called, and how
//! their arguments are converted, stands in `annex.call_function`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use tokio::sync::OwnedSemaphorePermit;

use crate::jobs::{Completed, Context, Job, JobError};

const DEFAULT_TIMEOUT: u16 = 60;
const MAX_TIMEOUT: u16 = 3600;

/// The largest result that is kept, in bytes.
const MAX_RESULT: usize = 1 << 20;

/// What `annex.call_function` says of a call that it refuses.
const REFUSED: &str = "AJ001";
/// A `raise exception` without an `errcode`.
const RAISED: &str = "P0001";

/// The arguments.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SqlFunction {
    function: String,
    #[serde(default)]
    args: Map<String, Value>,
    timeout_seconds: Option<u16>,
}

impl Job for SqlFunction {
    const KIND: &'static str = "sql.function";
    const DESCRIPTION: &'static str = "Calls a function in the database whose comment begins with `@job`.";

    fn schema() -> Option<Value> {
        Some(json!({
            "type": "object",
            "properties": {
                "function": {
                    "type": "string", "minLength": 3, "maxLength": 200, "examples": ["public.close_month"],
                    "description": "With its schema. Its comment must begin with `@job`",
                },
                "args": {"type": "object", "maxProperties": 100, "description": "Its arguments by name"},
                "timeout_seconds": {
                    "type": "integer", "minimum": 1, "maximum": MAX_TIMEOUT, "default": DEFAULT_TIMEOUT,
                    "description": "How long it may run",
                },
            },
            "required": ["function"],
            "additionalProperties": false,
        }))
    }

    async fn run(self, context: Context) -> Result<Completed, JobError> {
        let db = &context.app().db;
        let place = Arc::clone(&db.lasting).acquire_owned().await.expect("these places are never closed");
        let mut transaction = context.begin().await?;
        let mut underway = Underway::begin(&mut transaction, &db.pool, place).await?;
        let called = self.call(&mut transaction).await;
        underway.is_over = true;
        let result = called.map_err(|error| explain(&self.function, error))?;
        let size = result.as_ref().map_or(0, |result| result.to_string().len());
        if size > MAX_RESULT {
            let message =
                format!("The result has {size} bytes, and at most {MAX_RESULT} are kept; nothing was done");
            return Err(JobError::permanent("result_too_large", message));
        }
        context.complete(transaction, result).await
    }
}

impl SqlFunction {
    async fn call(&self, connection: &mut PgConnection) -> Result<Option<Value>, sqlx::Error> {
        let seconds = self.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT).clamp(1, MAX_TIMEOUT);
        sqlx::query!("select set_config('statement_timeout', $1, true)", format!("{seconds}s"))
            .fetch_one(&mut *connection)
            .await?;
        let args = sqlx::types::Json(&self.args);
        let called = sqlx::query_scalar!("select annex.call_function($1, $2)", self.function, args as _);
        called.fetch_one(&mut *connection).await
    }
}

/// A statement that must not outlive the attempt: dropped before it is over, it is cancelled, and its place is taken until then.
struct Underway {
    pool: PgPool,
    process: i32,
    began: OffsetDateTime,
    place: Option<OwnedSemaphorePermit>,
    is_over: bool,
}

impl Underway {
    async fn begin(
        connection: &mut PgConnection,
        pool: &PgPool,
        place: OwnedSemaphorePermit,
    ) -> sqlx::Result<Self> {
        let row =
            sqlx::query!(r#"select pg_backend_pid() as "process!", transaction_timestamp() as "began!""#)
                .fetch_one(connection)
                .await?;
        let place = Some(place);
        Ok(Self { pool: pool.clone(), process: row.process, began: row.began, place, is_over: false })
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let (pool, process, began, place) = (self.pool.clone(), self.process, self.began, self.place.take());
        tokio::spawn(async move {
            // The connection may serve another transaction by now.
            let cancel = sqlx::query!(
                "select pg_cancel_backend(pid) from pg_stat_activity where pid = $1 and xact_start = $2",
                process,
                began
            );
            if let Err(error) = cancel.fetch_optional(&pool).await {
                tracing::warn!(%error, "a function of a job that ended could not be cancelled");
            }
            drop(place);
        });
    }
}

/// What a function raises for people is told; the rest may have values in it that are not for everyone who sees the job.
fn explain(function: &str, error: sqlx::Error) -> JobError {
    let Some((code, message)) =
        error.as_database_error().and_then(|error| Some((error.code()?, error.message())))
    else {
        return error.into();
    };
    if code == REFUSED {
        return JobError::permanent("invalid_arguments", message);
    }
    let details = json!({"sqlstate": code});
    if code == RAISED {
        return JobError::retry(message).code("raised").details(details);
    }
    tracing::warn!(%error, function, "a function of a job failed");
    let message = format!("`{function}` failed with SQLSTATE {code}; the server's log has the message");
    // A value that cannot be converted, a table that is not there, a right that is missing: it would fail again.
    if ["22", "42"].iter().any(|class| code.starts_with(class)) {
        return JobError::permanent("function_failed", message).details(details);
    }
    JobError::retry(message).code("function_failed").details(details)
}

//! Runs statements over collections on the lanes, and tells their failures as problems.

use std::time::Duration;

use futures_util::TryStreamExt;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, Row, Statement};

use super::sql::predicate::Stale;
use super::sql::{Bind, Sql};
use crate::collections::catalogue::Table;
use crate::db::lanes::Lane;
use crate::problem::{Code, FieldError, Problem};

/// How long to wait beyond the statement's own time limit before the connection is given up.
const GRACE: Duration = Duration::from_secs(3);

/// Why a statement over a collection gave no answer.
#[derive(Debug)]
pub enum Failure {
    /// The schema changed under the statement: with a fresh catalogue it may work.
    Stale(String),
    /// Anything that the client is told.
    Problem(Problem),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Stale> for Failure {
    fn from(stale: Stale) -> Self {
        Self::Stale(stale.to_string())
    }
}

impl From<super::wire::encode::Malformed> for Failure {
    fn from(malformed: super::wire::encode::Malformed) -> Self {
        Self::Problem(Problem::internal(malformed))
    }
}

/// The bytes of a column as they came.
pub struct Raw<'a>(pub &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The bytes of a row's column; None for null.
pub fn raw(row: &Row, index: usize) -> Option<&[u8]> {
    row.get::<_, Option<Raw<'_>>>(index).map(|raw| raw.0)
}

/// A row's version, from its `xmin` in that column.
pub fn version(row: &Row, index: usize) -> Option<u32> {
    raw(row, index).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes)
}

/// Runs one statement over a collection's table on a lane.
///
/// # Errors
/// See [`Failure`].
pub async fn rows(lane: &Lane, table: &Table, sql: &Sql) -> Result<Vec<Row>, Failure> {
    let place = lane.acquire().await?;
    let run = async {
        let statement = place.prepare(&sql.text).await?;
        query(place.client(), &statement, &sql.binds).await
    };
    match tokio::time::timeout(lane.statement_timeout() + GRACE, run).await {
        Ok(Ok(rows)) => Ok(rows),
        Ok(Err(error)) => {
            let failure = failure(table, error);
            if matches!(failure, Failure::Stale(_)) {
                place.forget();
            }
            Err(failure)
        }
        Err(elapsed) => Err(Problem::database_unavailable(elapsed).into()),
    }
}

/// Runs a prepared statement.
///
/// # Errors
/// Postgres's own.
pub async fn query(client: &Client, statement: &Statement, binds: &[Bind]) -> Result<Vec<Row>, tokio_postgres::Error> {
    client.query_raw(statement, binds).await?.try_collect().await
}

/// Tells what Postgres said about a statement over that table.
pub fn failure(table: &Table, error: tokio_postgres::Error) -> Failure {
    let Some(said) = error.as_db_error() else {
        return if error.is_closed() || error.code().is_none() {
            Problem::database_unavailable(error).into()
        } else {
            Problem::internal(error).into()
        };
    };
    let code = said.code().clone();
    let problem = match code {
        // An undefined column, table, function, type; a plan whose result type changed; a type that no longer fits.
        SqlState::UNDEFINED_COLUMN
        | SqlState::UNDEFINED_TABLE
        | SqlState::UNDEFINED_FUNCTION
        | SqlState::UNDEFINED_OBJECT
        | SqlState::FEATURE_NOT_SUPPORTED
        | SqlState::DATATYPE_MISMATCH => return Failure::Stale(said.message().to_owned()),
        SqlState::UNIQUE_VIOLATION => not_unique(table, said),
        SqlState::FOREIGN_KEY_VIOLATION => foreign_key(table, said),
        SqlState::NOT_NULL_VIOLATION => {
            let field = said.column().unwrap_or_default();
            Problem::validation(vec![required(field)])
        }
        SqlState::CHECK_VIOLATION => {
            let name = said.constraint().unwrap_or("a check");
            let detail = format!("The row does not fulfil the constraint `{name}`");
            let pointer = field_of_check(table, name).map(|field| format!("/{field}")).unwrap_or_default();
            Problem::validation(vec![FieldError::new(pointer, "check", detail)])
        }
        SqlState::EXCLUSION_VIOLATION => {
            Problem::new(Code::NotUnique, format!("The row collides with another under the constraint `{}`", said.constraint().unwrap_or_default()))
        }
        // A trigger of the database's owner speaks.
        SqlState::RAISE_EXCEPTION => Problem::validation(vec![FieldError::new("", "refused", said.message())]),
        SqlState::QUERY_CANCELED => Problem::new(Code::StatementTimeout, "The query took longer than is allowed")
            .with_hint("Ask for less, or for an index on what is filtered and sorted by"),
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED | SqlState::LOCK_NOT_AVAILABLE => {
            Problem::new(Code::Conflict, "Another write got in the way; send it again").with_retry_after(1)
        }
        SqlState::INSUFFICIENT_PRIVILEGE => {
            tracing::warn!(table = %table.collection.table, message = said.message(), "Postgres does not let the server use a table");
            Problem::new(Code::Forbidden, "The database does not let the server do this")
                .with_hint("Grant the server's database role the privileges on the table")
        }
        _ if is_unavailable(said.code()) => return Problem::database_unavailable(error).into(),
        // Class 22: a value that its type does not take.
        _ if said.code().code().starts_with("22") => {
            Problem::validation(vec![FieldError::new("", "invalid", capitalised(said.message()))])
        }
        _ => return Problem::internal(error).into(),
    };
    problem.into()
}

/// Class 08 and 57P: the connection broke, or the server stops or starts; 53300: it has no connection left.
fn is_unavailable(code: &SqlState) -> bool {
    code.code().starts_with("08") || code.code().starts_with("57P") || *code == SqlState::TOO_MANY_CONNECTIONS
}

/// A field that must have a value.
pub fn required(field: &str) -> FieldError {
    FieldError::new(format!("/{field}"), "required", format!("`{field}` is required"))
}

fn not_unique(table: &Table, said: &tokio_postgres::error::DbError) -> Problem {
    let fields = violated_fields(table, said);
    let detail = match fields.as_slice() {
        [] => format!("The row is not unique under `{}`", said.constraint().unwrap_or_default()),
        [field] => format!("Another row has this `{field}`"),
        fields => format!("Another row has this combination of `{}`", fields.join("`, `")),
    };
    let errors = fields.iter().map(|field| FieldError::new(format!("/{field}"), "not_unique", &detail)).collect();
    Problem::new(Code::NotUnique, detail.clone()).with_errors(errors)
}

fn foreign_key(table: &Table, said: &tokio_postgres::error::DbError) -> Problem {
    // Postgres names the table of the constraint: another one where rows of others point at this row.
    let own = said.table().is_some_and(|name| table.collection.table.ends_with(&format!(".{name}")));
    let fields = violated_fields(table, said);
    if !own || fields.is_empty() {
        let other = said.table().unwrap_or("another table");
        return Problem::new(Code::StillReferenced, format!("Rows of `{other}` still point at this one"))
            .with_hint("Delete or change them first");
    }
    let errors = fields.iter().map(|field| {
        let target = table.collection.field(field).and_then(|field| field.collection.as_deref()).unwrap_or("the other table");
        FieldError::new(format!("/{field}"), "no_such_row", format!("`{field}` names no row of `{target}`"))
    });
    Problem::validation(errors.collect())
}

/// The fields that a violated constraint is over: Postgres's detail says `Key (a, b)=(…)` in every language.
fn violated_fields(table: &Table, said: &tokio_postgres::error::DbError) -> Vec<String> {
    let by_index = table.collection.indexes.iter().find(|index| Some(index.name.as_str()) == said.constraint());
    if let Some(index) = by_index.filter(|index| !index.fields.is_empty()) {
        return index.fields.iter().map(|field| field.trim_start_matches('-').to_owned()).collect();
    }
    let Some(detail) = said.detail() else { return Vec::new() };
    let Some((before, _)) = detail.split_once(")=(") else { return Vec::new() };
    let Some((_, names)) = before.split_once('(') else { return Vec::new() };
    let names = names.split(", ").map(|name| name.trim_matches('"').to_owned());
    names.filter(|name| table.column(name).is_some()).collect()
}

/// Postgres calls a column's own check `<table>_<column>_check`.
fn field_of_check<'t>(table: &'t Table, constraint: &str) -> Option<&'t str> {
    let middle = constraint.strip_suffix("_check")?;
    let names = table.collection.fields.iter().map(|field| field.name.as_str());
    names.filter(|name| middle.ends_with(&format!("_{name}"))).max_by_key(|name| name.len())
}

fn capitalised(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

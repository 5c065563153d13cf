//! Runs statements over collections on the lanes, and tells their failures as problems.

use std::time::Duration;

use futures_util::TryStreamExt;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, Row, Statement};
use tracing::Instrument;

use super::body::pointer;
use super::sql::predicate::Stale;
use super::sql::{Bind, Sql};
use crate::collections::catalogue::Table;
use crate::db::lanes::{Lane, Place};
use crate::problem::{Code, FieldError, Problem};
use crate::telemetry::trace;

/// How long to wait beyond the statement's own time limit before the connection is given up.
pub const GRACE: Duration = Duration::from_secs(3);

/// Why a statement over a collection gave no answer.
#[derive(Debug)]
pub enum Failure {
    /// The schema changed under the statement: with a fresh catalogue it may work.
    Stale(String),
    /// Another request came in between: tried again it may work. Where it does not, the client is told that.
    Overtaken(Problem),
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

/// Where statements run.
#[derive(Debug, Clone, Copy)]
pub enum At<'a> {
    /// By themselves, each on a connection of the lane.
    Lane(&'a Lane),
    /// In the transaction of that connection.
    Transaction(&'a Place),
}

impl At<'_> {
    /// Runs one statement over a collection's table.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn rows(self, table: &Table, sql: &Sql) -> Result<Vec<Row>, Failure> {
        match self {
            Self::Lane(lane) => rows(lane, table, sql).await,
            Self::Transaction(place) => {
                let statement = prepare(place, table, sql).await?;
                query(place.client(), &statement, &sql.binds).await.map_err(|error| failure(table, error))
            }
        }
    }
}

/// Runs one statement over a collection's table on a lane.
///
/// # Errors
/// See [`Failure`].
pub async fn rows(lane: &Lane, table: &Table, sql: &Sql) -> Result<Vec<Row>, Failure> {
    let place = lane.acquire().await?;
    match tokio::time::timeout(
        lane.statement_timeout() + GRACE,
        rows_at(&place, table, sql).instrument(trace::statement(&sql.text)),
    )
    .await
    {
        Ok(rows) => {
            place.answered();
            rows
        }
        Err(elapsed) => Err(Problem::database_unavailable(elapsed).into()),
    }
}

async fn rows_at(place: &Place, table: &Table, sql: &Sql) -> Result<Vec<Row>, Failure> {
    for attempt in 0..2 {
        let statement = prepare(place, table, sql).await?;
        match query(place.client(), &statement, &sql.binds).await {
            // Prepared before the schema changed; whether it still fits is seen when it is prepared anew.
            Err(error) if attempt == 0 && error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) => {
                place.forget(&sql.text)
            }
            Err(error) => return Err(failure(table, error)),
            Ok(rows) => return Ok(rows),
        }
    }
    Err(Failure::Stale("the schema keeps changing".to_owned()))
}

/// Prepares a statement over a collection's table, where its rows are still what they are read as.
///
/// # Errors
/// See [`Failure`].
pub async fn prepare(place: &Place, table: &Table, sql: &Sql) -> Result<Statement, Failure> {
    let statement = place.prepare(&sql.text).await.map_err(|error| failure(table, error))?;
    if !sql.fits(statement.columns()) {
        place.forget(&sql.text);
        return Err(Failure::Stale("a column has another type now".to_owned()));
    }
    Ok(statement)
}

/// Runs a prepared statement.
///
/// # Errors
/// Postgres's own.
pub async fn query(
    client: &Client,
    statement: &Statement,
    binds: &[Bind],
) -> Result<Vec<Row>, tokio_postgres::Error> {
    client.query_raw(statement, binds).await?.try_collect().await
}

/// Tells what Postgres said about a statement over that table.
pub fn failure(table: &Table, error: tokio_postgres::Error) -> Failure {
    let Some(said) = error.as_db_error() else { return problem(error).into() };
    let code = said.code().clone();
    let problem = match code {
        // An undefined column, table, function, type; a plan whose result type changed; a type that no longer fits. What a trigger
        // says of its own statements no fresh catalogue mends.
        SqlState::UNDEFINED_COLUMN
        | SqlState::UNDEFINED_TABLE
        | SqlState::UNDEFINED_FUNCTION
        | SqlState::UNDEFINED_OBJECT
        | SqlState::FEATURE_NOT_SUPPORTED
        | SqlState::DATATYPE_MISMATCH
            if !in_function(said) =>
        {
            return Failure::Stale(said.message().to_owned());
        }
        SqlState::UNIQUE_VIOLATION => not_unique(table, said),
        SqlState::FOREIGN_KEY_VIOLATION => foreign_key(table, said),
        SqlState::NOT_NULL_VIOLATION => not_null(table, said),
        SqlState::CHECK_VIOLATION => check(table, said),
        SqlState::EXCLUSION_VIOLATION => {
            let detail = match Violated::of(table, said) {
                Violated::Hidden => "The row collides with another".to_owned(),
                Violated::Fields(_) => format!(
                    "The row collides with another under the constraint `{}`",
                    said.constraint().unwrap_or_default()
                ),
            };
            Problem::new(Code::NotUnique, detail)
        }
        // Only a replacement gives a key, and there is no row of it.
        SqlState::GENERATED_ALWAYS => {
            Problem::not_found(format_args!("such record in `{}`", table.collection.name))
                .with_hint("The database alone makes the keys of this collection: create records with POST")
        }
        // A trigger of the database's owner speaks to the client, by what `raise exception` has when no other code is given. What
        // Postgres adds to it (detail, hint, context) tells of the database, and stays here.
        SqlState::RAISE_EXCEPTION => {
            Problem::validation(vec![FieldError::new("", "refused", said.message())])
        }
        SqlState::INSUFFICIENT_PRIVILEGE => {
            tracing::warn!(table = %table.collection.table, message = said.message(), "Postgres does not let the server use a table");
            Problem::new(Code::Forbidden, "The database does not let the server do this")
                .with_hint("Grant the server's database role the privileges on the table")
        }
        // Class 22: a value that its type does not take. Within a function it may be one that the client has not sent.
        _ if said.code().code().starts_with("22") && in_function(said) => {
            tracing::info!(table = %table.collection.table, message = said.message(), "a function of the database failed");
            let detail = "A function of the database, such as a trigger's, does not take the values";
            Problem::validation(vec![FieldError::new("", "invalid", detail)])
        }
        _ => problem(error),
    };
    problem.into()
}

/// Tells what Postgres said, whatever the statement was about.
pub fn problem(error: tokio_postgres::Error) -> Problem {
    let Some(said) = error.as_db_error() else {
        let gone = error.is_closed() || error.code().is_none();
        return if gone { Problem::database_unavailable(error) } else { Problem::internal(error) };
    };
    match *said.code() {
        SqlState::QUERY_CANCELED => {
            Problem::new(Code::StatementTimeout, "The query took longer than is allowed")
                .with_hint("Ask for less, or for an index on what is filtered and sorted by")
        }
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
            Problem::new(Code::Conflict, "Another write got in the way; send it again").with_retry_after(1)
        }
        SqlState::LOCK_NOT_AVAILABLE => {
            Problem::new(Code::Overloaded, "The table is locked at the moment; try again in a moment")
                .with_retry_after(1)
        }
        _ if is_unavailable(said.code()) => Problem::database_unavailable(error),
        // Class 54: words to search for, or a condition, of which Postgres makes more than it can hold.
        _ if said.code().code().starts_with("54") => {
            Problem::new(Code::BadRequest, "The request is more than the database can work through")
                .with_hint("Ask for less at once")
        }
        // Class 22: a value that its type does not take.
        _ if said.code().code().starts_with("22") => {
            Problem::validation(vec![FieldError::new("", "invalid", capitalised(said.message()))])
        }
        _ => Problem::internal(error),
    }
}

/// Class 08 and 57P: the connection broke, or the server stops or starts; 53300: it has no connection left.
pub fn is_unavailable(code: &SqlState) -> bool {
    code.code().starts_with("08") || code.code().starts_with("57P") || *code == SqlState::TOO_MANY_CONNECTIONS
}

/// Whether the error comes from within a function: those of SQL and of every procedural language say so in its context, in each of
/// Postgres's own languages.
fn in_function(said: &DbError) -> bool {
    said.where_().is_some_and(|context| context.contains("SQL") || context.contains("PL/"))
}

/// A field that must have a value.
pub fn required(field: &str) -> FieldError {
    FieldError::new(pointer(field), "required", format!("`{field}` is required"))
}

/// What a violated constraint of a table is over. Where that is hidden, nothing of it may be said: not the names of the fields,
/// and not that of the constraint, which tells of them.
enum Violated<'t> {
    /// These fields; none where the constraint is another table's, or over expressions.
    Fields(Vec<&'t str>),
    /// Hidden fields too. The log says more.
    Hidden,
}

impl<'t> Violated<'t> {
    fn of(table: &'t Table, said: &DbError) -> Self {
        let own = said
            .schema()
            .zip(said.table())
            .is_some_and(|(schema, name)| table.origin.schema == schema && table.origin.table == name);
        let constraint = table
            .constraints
            .iter()
            .find(|constraint| own && Some(constraint.name.as_str()) == said.constraint());
        let columns = constraint.map_or(&[][..], |constraint| constraint.columns.as_slice());
        let fields = columns.iter().map(|column| &table.collection.fields[*column]);
        if fields.clone().any(|field| field.hidden) {
            tracing::info!(table = %table.collection.table, message = said.message(), "a row was refused for hidden fields");
            return Self::Hidden;
        }
        Self::Fields(fields.map(|field| field.name.as_str()).collect())
    }
}

fn not_null(table: &Table, said: &DbError) -> Problem {
    let name = said.column().unwrap_or_default();
    match table.collection.field(name) {
        Some(field) if !field.hidden => Problem::validation(vec![required(name)]),
        _ => {
            tracing::info!(table = %table.collection.table, message = said.message(), "a row was refused for hidden fields");
            Problem::validation(vec![required_unseen()])
        }
    }
}

/// A field that must have a value, and that the caller does not know of.
pub fn required_unseen() -> FieldError {
    FieldError::new("", "required", "The record needs a value that only an admin can give")
}

fn check(table: &Table, said: &DbError) -> Problem {
    let (pointer, detail) = match Violated::of(table, said) {
        Violated::Hidden => (String::new(), "The row does not fulfil a constraint".to_owned()),
        Violated::Fields(fields) => {
            let pointer = match fields[..] {
                [field] => pointer(field),
                _ => String::new(),
            };
            let detail = match said.constraint() {
                Some(name) => format!("The row does not fulfil the constraint `{name}`"),
                None => "No partition of the table takes the row".to_owned(),
            };
            (pointer, detail)
        }
    };
    Problem::validation(vec![FieldError::new(pointer, "check", detail)])
}

fn not_unique(table: &Table, said: &DbError) -> Problem {
    let Violated::Fields(fields) = Violated::of(table, said) else {
        return Problem::new(Code::NotUnique, "Another row has the same values");
    };
    if fields.is_empty() {
        let constraint = said.constraint().unwrap_or_default();
        return Problem::new(Code::NotUnique, format!("The row is not unique under `{constraint}`"));
    }
    let errors = taken("Another row", &fields);
    Problem::new(Code::NotUnique, errors[0].detail.clone()).with_errors(errors)
}

/// Fields whose values `whose` has already.
pub fn taken(whose: &str, fields: &[&str]) -> Vec<FieldError> {
    let detail = match fields {
        [field] => format!("{whose} has this `{field}`"),
        fields => format!("{whose} has this combination of `{}`", fields.join("`, `")),
    };
    fields.iter().map(|field| FieldError::new(pointer(field), "not_unique", &detail)).collect()
}

fn foreign_key(table: &Table, said: &DbError) -> Problem {
    let Violated::Fields(fields) = Violated::of(table, said) else {
        let detail = "The record points at a row that is not there";
        return Problem::validation(vec![FieldError::new("", "no_such_row", detail)]);
    };
    if fields.is_empty() {
        // The constraint is another table's: its rows point at this one.
        return still_referenced();
    }
    Problem::validation(fields.iter().map(|field| no_such_row(table, field)).collect())
}

/// A relation that points at nothing.
pub fn no_such_row(table: &Table, field: &str) -> FieldError {
    let target = table.collection.field(field).and_then(|field| field.collection.as_deref());
    let detail = format!("`{field}` names no row of `{}`", target.unwrap_or("the other table"));
    FieldError::new(pointer(field), "no_such_row", detail)
}

/// Other rows point at the record. Whose they are is not for everyone to know.
pub fn still_referenced() -> Problem {
    Problem::new(Code::StillReferenced, "Other rows still point at this one")
        .with_hint("Delete or change them first")
}

fn capitalised(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

//! What the writes of all rows that match have in common: which rows these are, and what is answered.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::HttpResponse;
use annex_openapi::expression::Predicate;
use annex_openapi::records::BulkResult;
use tokio_postgres::Row;
use tracing::Instrument;

use super::create::refused_by_rule;
use super::etag::Demand;
use super::parameters;
use super::request::View;
use super::sql::Sql;
use super::sql::select::Matching;
use super::store::{self, Failure, raw};
use crate::collections::catalogue::Table;
use crate::extract::Parameters;
use crate::problem::{Code, Problem, Result};
use crate::telemetry::trace;

/// The query parameters of a write of all rows that match.
#[derive(Debug, Clone, Default)]
pub struct MatchingParameters {
    /// One expression that the rows fulfil.
    pub filter: Option<String>,
    /// Words to look for.
    pub search: Option<String>,
    /// Whether the rows are only counted.
    pub dry_run: bool,
}

impl Parameters for MatchingParameters {
    const NAMES: &'static [&'static str] = &["filter", "search", "dry_run"];

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        match name {
            "filter" => self.filter = Some(value.into_owned()),
            "search" => self.search = Some(value.into_owned()),
            _ => self.dry_run = value.parse().map_err(|_| "must be true or false".to_owned())?,
        }
        Ok(())
    }
}

impl MatchingParameters {
    /// Reads them for a table.
    ///
    /// # Errors
    /// `invalid_parameter` where they do not say which rows are meant, `precondition_failed` where the request demands a version,
    /// which only one row has; `invalid_expression`, `search_unavailable`.
    pub fn read(&self, view: View<'_>, table: &Table, demand: Demand) -> Result<Condition> {
        let caller = &view.request.caller;
        let filter = parameters::filter(view.snapshot, table, caller, self.filter.as_deref())?;
        let search = parameters::search(table, caller, self.search.as_deref())?;
        if filter.is_none() && search.is_none() {
            let detail = "`filter` or `search` must say which rows are meant";
            return Err(
                Problem::parameter("filter", detail).with_hint("`filter=true` means all that you may list")
            );
        }
        if demand.version().is_some() {
            let detail = "`If-Match` is for one record: those that match have no version in common";
            return Err(Problem::new(Code::PreconditionFailed, detail));
        }
        Ok(Condition { filter, search })
    }
}

/// Which rows are meant.
#[derive(Debug)]
pub struct Condition {
    filter: Option<Predicate>,
    search: Option<String>,
}

impl Condition {
    /// For a statement.
    pub fn matching(&self) -> Matching<'_> {
        Matching { filter: self.filter.as_ref(), search: self.search.as_deref() }
    }
}

/// The longest that a write may take.
const TIME_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Runs the statement, which counts the rows that it writes or would write.
///
/// # Errors
/// `forbidden` where the update rule does not allow what would become of a row; see [`Failure`].
pub async fn run(
    view: View<'_>,
    table: &Table,
    statement: Option<Sql>,
    dry_run: bool,
) -> Result<HttpResponse, Failure> {
    let (mut count, mut refused) = (0, 0);
    if let Some(statement) = statement {
        let rows = if dry_run {
            store::rows(&view.request.lanes.scans, table, &statement).await?
        } else {
            write(view, table, &statement).await?
        };
        let number = |place| rows.first().and_then(|row| raw(row, place)?.try_into().ok());
        let counted = number(0).zip(number(1)).ok_or_else(|| Problem::internal("a count is not a number"))?;
        (count, refused) = (u64::from_be_bytes(counted.0), u64::from_be_bytes(counted.1));
    }
    if refused > 0 {
        let name = &table.collection.name;
        let detail =
            format!("The update rule of `{name}` does not allow this change of {refused} of the rows");
        return Err(refused_by_rule(&view.request.caller, detail)
            .with_hint("Nothing was changed. A filter can leave these rows out")
            .into());
    }
    Ok(HttpResponse::Ok().json(BulkResult { count }))
}

/// Writes on a connection of its own: a whole table takes longer than a lane can be lent for.
async fn write(view: View<'_>, table: &Table, statement: &Sql) -> Result<Vec<Row>, Failure> {
    let connection = view.request.app.db.own.connect(view.request.party(), TIME_LIMIT).await?;
    let written = async {
        let prepared = connection.prepare(&statement.text).await?;
        store::query(&connection, &prepared, &statement.binds).await
    };
    let written = written.instrument(trace::statement(&statement.text)).await;
    connection.settle();
    written.map_err(|error| store::failure(table, error))
}

//! `GET /v1/records/{collection}`

use actix_web::HttpResponse;
use tokio_postgres::Row;

use super::expand::{self, Expand};
use super::parameters::{self, ListParameters};
use super::projection::Projection;
use super::request::{Request, View};
use super::sql::predicate::{Context, Verdict};
use super::sql::select::{self, List, Matching, SortKey};
use super::store::{self, At, Failure, raw};
use super::wire::encode::bind_text;
use crate::collections::catalogue::Table;
use crate::extract::{Count, Prefer, Query};
use crate::problem::{Code, Problem, Result};

/// Answers with one page.
///
/// # Errors
/// `invalid_parameter`, `invalid_expression`, `invalid_cursor`, `search_unavailable`, `not_found` for the collection,
/// `too_many_requests`.
pub async fn list(request: Request, query: Query<ListParameters>, prefer: Prefer) -> Result<HttpResponse> {
    let share = request.scan_share().await?;
    let body = request.attempt(async |view| page(view, &query.0, prefer.count).await).await?;
    drop(share);
    let mut response = HttpResponse::Ok();
    match prefer.count {
        Some(Count::Exact) => drop(response.insert_header(("preference-applied", "count=exact"))),
        Some(Count::Estimated) => drop(response.insert_header(("preference-applied", "count=estimated"))),
        None => {}
    }
    Ok(response.content_type("application/json").body(body))
}

async fn page(view: View<'_>, parameters: &ListParameters, count: Option<Count>) -> Result<Vec<u8>, Failure> {
    let table = view.table()?;
    let context = view.context();
    let caller = context.caller;
    let mut projection = Projection::new(table, caller, parameters.read.fields.as_deref())?;
    let expands = Expand::parse(&context, table, &parameters.read.expand)?;
    expand::need(&mut projection, &expands);
    let sort = parameters::sort(table, caller, &parameters.sort)?;
    let sort_places: Vec<usize> = sort.iter().map(|key| projection.need(key.column)).collect();
    let filter = parameters::filter(view.snapshot, table, caller, parameters.filter.as_deref())?;
    let search = parameters::search(table, caller, parameters.search.as_deref())?;
    let cursor = Cursor { view, table, sort: &sort, parameters };
    let after = parameters.cursor.as_deref().map(|text| cursor.open(text)).transpose()?;
    let list = List {
        columns: &projection.columns,
        matching: Matching { filter: filter.as_ref(), search: search.as_deref() },
        sort: &sort,
        after: after.as_deref(),
        offset: parameters.offset,
        // One more than the page tells whether there is a next one.
        limit: Some(parameters.limit + 1),
    };

    let lane = &view.request.lanes.scans;
    let mut rows = match select::list(&context, table, &list)? {
        Some(statement) => {
            let rows = store::rows(lane, table, &statement).await;
            rows.map_err(|failure| if after.is_some() { of_an_earlier_schema(failure) } else { failure })?
        }
        None => Vec::new(),
    };
    let more = rows.len() > parameters.limit;
    rows.truncate(parameters.limit);
    let found = expand::follow(&context, At::Lane(lane), table, &projection, &expands, &rows).await?;

    let mut body = Vec::with_capacity(64 + rows.len() * 512);
    body.extend_from_slice(b"{\"items\":[");
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        projection.open_object(&mut body, table, row)?;
        found.close_object(&mut body, index);
    }
    body.extend_from_slice(b"],\"next_cursor\":");
    match rows.last().filter(|_| more) {
        Some(last) => {
            body.push(b'"');
            body.extend_from_slice(cursor.after(last, &sort_places)?.as_bytes());
            body.push(b'"');
        }
        None => body.extend_from_slice(b"null"),
    }
    if let Some(count) = count {
        let counted = counted(view, table, list.matching, count).await?;
        body.extend_from_slice(b",\"count\":");
        body.extend_from_slice(itoa::Buffer::new().format(counted).as_bytes());
    }
    body.push(b'}');
    Ok(body)
}

/// The values in a cursor were of the columns' types when it was made; where they are not now, the schema has changed.
fn of_an_earlier_schema(failure: Failure) -> Failure {
    match failure {
        Failure::Problem(problem) if problem.code == Code::ValidationFailed => {
            let detail = "The cursor was made before the collection changed";
            Problem::new(Code::InvalidCursor, detail).with_hint("Start without a cursor").into()
        }
        failure => failure,
    }
}

/// Whether the list depends on no row that the caller may not see. Otherwise the planner's estimate, which goes by statistics
/// over all rows, would tell of the others.
pub(super) fn may_be_estimated(context: &Context<'_>, table: &Table, matching: Matching<'_>) -> bool {
    let all_or_none = |rule| !matches!(context.verdict(rule), Verdict::Some(_));
    let looked_into = matching.filter.map(|filter| filter.uses().collections).unwrap_or_default();
    let mut others = looked_into.iter().filter_map(|name| context.snapshot.table(name));
    all_or_none(&table.rules.list) && others.all(|other| all_or_none(&other.rules.view))
}

/// How many rows the list has in all, or about how many.
async fn counted(
    view: View<'_>,
    table: &Table,
    matching: Matching<'_>,
    count: Count,
) -> Result<i64, Failure> {
    let context = view.context();
    let count = if may_be_estimated(&context, table, matching) { count } else { Count::Exact };
    let statement = match count {
        Count::Exact => select::count(&context, table, matching)?,
        Count::Estimated => select::estimate(&context, table, matching)?,
    };
    let Some(statement) = statement else { return Ok(0) };
    let rows = store::rows(&view.request.lanes.scans, table, &statement).await?;
    let value = rows.first().and_then(|row| raw(row, 0));
    let counted = match count {
        Count::Exact => value.and_then(|value| value.try_into().ok()).map(i64::from_be_bytes),
        Count::Estimated => estimated(value),
    };
    Ok(counted.ok_or_else(|| Problem::internal("a count is not a number"))?)
}

/// How many rows the planner says there are.
pub(super) fn estimated(plan: Option<&[u8]>) -> Option<i64> {
    let plan: serde_json::Value = serde_json::from_slice(plan?).ok()?;
    plan.pointer("/0/Plan/Plan Rows")?.as_f64().map(|rows| rows as i64)
}

/// The cursors of one list: the values that its last row is sorted by, signed together with what the list is.
struct Cursor<'a> {
    view: View<'a>,
    table: &'a Table,
    sort: &'a [SortKey],
    parameters: &'a ListParameters,
}

impl Cursor<'_> {
    /// What must be the same for the next page.
    fn scope(&self) -> Vec<u8> {
        let columns = self
            .sort
            .iter()
            .map(|key| (self.table.collection.fields[key.column].name.as_str(), key.descending));
        let (filter, search) = (&self.parameters.filter, &self.parameters.search);
        let scope = (&self.table.collection.name, columns.collect::<Vec<_>>(), filter, search);
        serde_json::to_vec(&scope).unwrap_or_default()
    }

    fn open(&self, cursor: &str) -> Result<Vec<Option<String>>> {
        let payload = self.view.request.app.cursors.open(&self.scope(), cursor)?;
        let values: Vec<Option<String>> = serde_json::from_slice(&payload).unwrap_or_default();
        if values.len() != self.sort.len() {
            return Err(Problem::new(Code::InvalidCursor, "The cursor was not made by this list"));
        }
        Ok(values)
    }

    fn after(&self, row: &Row, places: &[usize]) -> Result<String, Failure> {
        let values = self
            .sort
            .iter()
            .zip(places)
            .map(|(key, place)| bind_text(&self.table.columns[key.column], raw(row, *place)));
        let values: Vec<Option<String>> = values.collect::<Result<_, _>>()?;
        let payload = serde_json::to_vec(&values).unwrap_or_default();
        Ok(self.view.request.app.cursors.seal(&self.scope(), &payload))
    }
}

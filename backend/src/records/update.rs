//! `PATCH /v1/records/{collection}/{id}`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::body::{self, Write};
use super::create::check_writable;
use super::etag::{self, Demand};
use super::request::{Request, View, no_such_record};
use super::sql::{self, Bind, select};
use super::store::{self, Failure};
use super::write::{Returning, Written};
use crate::app::App;
use crate::collections::catalogue::Table;
use crate::db::Lanes;
use crate::extract::{Caller, JsonBytes, Prefer};
use crate::problem::{Problem, Result};

/// Changes the fields of a record that the body names.
///
/// # Errors
/// `validation_failed`, `not_unique`, `precondition_failed`, `not_found` also where the update rule denies.
pub async fn update(
    http: HttpRequest,
    app: Data<App>,
    lanes: Data<Lanes>,
    caller: Caller,
    prefer: Prefer,
    body: JsonBytes,
) -> Result<HttpResponse> {
    let demand = Demand::of(&http)?;
    let request = Request::new(&http, app, lanes, caller);
    request
        .attempt(async |view| {
            let table = view.table()?;
            check_writable(table)?;
            let key = view.key(table)?;
            let members = body::members(&body.0)?;
            let written = change(view, table, &key, Write::Update, &members, demand).await?;
            let written = match written {
                Some(written) => written,
                None => return Err(missed(view, table, &key, demand).await?.into()),
            };
            Ok(written.respond(table, false, prefer.minimal))
        })
        .await
}

/// Changes the row of that key; none where there is no such row, or the update rule denies.
///
/// # Errors
/// See [`Failure`].
pub async fn change(
    view: View<'_>,
    table: &Table,
    key: &[Bind],
    write: Write,
    members: &body::Members<'_>,
    demand: Demand,
) -> Result<Option<Written>, Failure> {
    let context = view.context();
    if matches!(context.verdict(&table.rules.update), sql::predicate::Verdict::Nothing) {
        return Ok(None);
    }
    let assignments = body::assignments(table, context.caller, &view.request.app.clock, write, members)?;
    let returning = Returning::new(table, context.caller)?;
    let columns = &returning.projection.columns;
    let Some(statement) = sql::write::update(&context, table, key, &assignments, demand.version(), columns)?
    else {
        return Ok(None);
    };
    let rows = store::rows(&view.request.lanes.writes, table, &statement).await?;
    Ok(rows.first().map(|row| returning.read(table, row)).transpose()?)
}

/// Why a write found no row: another version where the caller may view one, and no record otherwise.
///
/// # Errors
/// See [`Failure`].
pub async fn missed(view: View<'_>, table: &Table, key: &[Bind], demand: Demand) -> Result<Problem, Failure> {
    if let Demand::Version(version) = demand
        && let Some(statement) = select::get(&view.context(), table, &[], key)?
    {
        let rows = store::rows(&view.request.lanes.points, table, &statement).await?;
        let now = rows.first().and_then(|row| store::version(row, 1));
        if now.is_some_and(|now| now != version) {
            return Ok(etag::changed());
        }
    }
    Ok(no_such_record(table))
}

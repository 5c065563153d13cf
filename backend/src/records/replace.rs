//! `PUT /v1/records/{collection}/{id}`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::body::{self, Members, Write};
use super::create::{check_writable, denied};
use super::etag::Demand;
use super::request::{Request, View, no_such_record};
use super::sql::write::{Assignment, Value};
use super::sql::{self, Bind};
use super::store::{self, Failure};
use super::update::{change, missed};
use super::write::{Returning, Written};
use crate::app::App;
use crate::collections::catalogue::Table;
use crate::db::Lanes;
use crate::extract::{Caller, JsonBytes, Prefer};
use crate::problem::{Code, Problem, Result};

/// Replaces a record, or creates it under that key. Each half is guarded by its own rule.
///
/// # Errors
/// `validation_failed`, `not_unique`, `precondition_failed`, `forbidden` where the create rule denies, `not_found`
/// where the record is there and the update rule denies.
pub async fn replace(
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
            let mut members = body::members(&body.0)?;
            drop_key(table, &key, &mut members)?;
            if let Some(written) = change(view, table, &key, Write::Replace, &members, demand).await? {
                return Ok(written.respond(table, false, prefer.minimal));
            }
            if demand != Demand::None {
                return Err(missed(view, table, &key, demand).await?.into());
            }
            let written = insert(view, table, &key, &members).await?;
            Ok(written.respond(table, true, prefer.minimal))
        })
        .await
}

/// The body may repeat the key that the path has, and nothing else for it.
fn drop_key(table: &Table, key: &[Bind], members: &mut Members<'_>) -> Result<()> {
    for (index, bind) in table.key.iter().zip(key) {
        let field = &table.collection.fields[*index];
        let Some(value) = members.remove(field.name.as_str()) else { continue };
        let said = super::wire::parse::json(field, &table.columns[*index], value);
        if said.ok() != Some(bind.0.clone()) {
            let detail = format!("`{}` is not the key in the path", field.name);
            return Err(Problem::validation(vec![crate::problem::FieldError::new(
                format!("/{}", field.name),
                "read_only",
                detail,
            )]));
        }
    }
    Ok(())
}

async fn insert(
    view: View<'_>,
    table: &Table,
    key: &[Bind],
    members: &Members<'_>,
) -> Result<Written, Failure> {
    let context = view.context();
    let denied = || denied(table, context.caller);
    let mut assignments =
        body::assignments(table, context.caller, &view.request.app.clock, Write::Replace, members)?;
    // What is missing is filled as in any insert.
    assignments.retain(|(_, value)| *value != Value::Default);
    assignments.extend(
        table.key.iter().zip(key).map(|(index, bind)| -> Assignment { (*index, Value::Given(bind.clone())) }),
    );
    assignments.sort_by_key(|(index, _)| *index);
    let returning = Returning::new(table, context.caller)?;
    let statement = sql::write::insert(&context, table, &assignments, &returning.projection.columns)?
        .ok_or_else(denied)?;
    match store::rows(&view.request.lanes.writes, table, &statement).await {
        Ok(rows) => Ok(returning.read(table, rows.first().ok_or_else(denied)?)?),
        // The record is there, but the caller may not change it.
        Err(Failure::Problem(problem)) if problem.code == Code::NotUnique && names_key(table, &problem) => {
            Err(no_such_record(table).into())
        }
        Err(failure) => Err(failure),
    }
}

/// Whether a uniqueness problem is about the key.
fn names_key(table: &Table, problem: &Problem) -> bool {
    let mut named: Vec<&str> =
        problem.errors.iter().map(|error| error.pointer.trim_start_matches('/')).collect();
    let mut key: Vec<&str> = table.collection.primary_key.iter().map(String::as_str).collect();
    named.sort_unstable();
    key.sort_unstable();
    named == key
}

//! `PUT /v1/records/{collection}/{id}`

use std::rc::Rc;

use actix_web::HttpResponse;

use super::body::{self, Members, Write};
use super::create::check_writable;
use super::etag::Demand;
use super::hooked;
use super::operation::{Operation, Target, Verb};
use super::request::{Request, View};
use super::sql::write::{Assignment, Replacement, Value};
use super::sql::{self, Bind};
use super::store::Failure;
use super::write::Returning;
use crate::collections::catalogue::{Filled, Table};
use crate::extract::{JsonBytes, Prefer};
use crate::problem::{FieldError, Problem, Result};

/// Replaces a record, or creates it under that key. Each half is guarded by its own rule.
///
/// # Errors
/// `validation_failed`, `not_unique`, `precondition_failed` (with `If-None-Match: *` where the record is there), `forbidden` where the create rule denies, `not_found`
/// where the record is there and the update rule denies; `refused`, `hook_failed`.
pub async fn replace(
    request: Request,
    demand: Demand,
    prefer: Prefer,
    body: JsonBytes,
) -> Result<HttpResponse> {
    request
        .attempt(async |view| {
            let table = view.table()?;
            let target = Target { key: view.key(table)?, demand };
            let operation = hooked::ask(view, table, Verb::Replace(target), &body.0).await?;
            Ok(operation.run(view).await?.respond(table, prefer.minimal))
        })
        .await
}

/// The change of all fields of a record, or its creation where nothing is demanded of it.
///
/// # Errors
/// See [`Failure`].
pub fn prepare<'a>(
    view: View<'a>,
    table: &'a Table,
    target: Target,
    mut members: Members<'_>,
) -> Result<Operation<'a>, Failure> {
    let context = view.context();
    check_writable(table)?;
    drop_key(table, &target.key, &mut members)?;
    let changes =
        body::assignments(table, context.caller, &view.request.app.clock, Write::Replace, &members)?;
    let returning = Returning::new(table, context.caller)?;
    let columns = &returning.projection.columns;
    let row = target.may_be_made(table).then(|| inserted(table, &target.key, &changes));
    let version = target.demand.version();
    let changes = (target.demand != Demand::Absent).then_some(changes.as_slice());
    let replacement = Replacement { changes, version, row: row.as_deref() };
    let statement = sql::write::replace(&context, table, &target.key, replacement, columns)?.map(Rc::new);
    Ok(Operation { table, verb: Verb::Replace(target), statement, returning: Some(returning), made: None })
}

/// Whether a row can be inserted under a key of one's own; the database makes it otherwise.
pub fn takes_key(table: &Table) -> bool {
    let made =
        |index: &usize| matches!(table.columns[*index].filled, Filled::AlwaysIdentity | Filled::Generated(_));
    !table.key.iter().any(made)
}

/// The row to insert: what is missing is filled as in any insert.
fn inserted(table: &Table, key: &[Bind], changes: &[Assignment]) -> Vec<Assignment> {
    let given = changes.iter().filter(|(_, value)| *value != Value::Default).cloned();
    let key = table.key.iter().zip(key).map(|(index, bind)| (*index, Value::Given(bind.clone())));
    let mut row: Vec<Assignment> = given.chain(key).collect();
    row.sort_by_key(|(index, _)| *index);
    row
}

/// The body may repeat the key that the path has, and nothing else for it.
fn drop_key(table: &Table, key: &[Bind], members: &mut Members<'_>) -> Result<()> {
    for (index, bind) in table.key.iter().zip(key) {
        let field = &table.collection.fields[*index];
        let Some(value) = members.remove(field.name.as_str()) else { continue };
        let said = super::wire::parse::json(field, &table.columns[*index], value);
        if said.ok() != Some(bind.0.clone()) {
            let detail = format!("`{}` is not the key in the path", field.name);
            return Err(Problem::validation(vec![FieldError::new(
                format!("/{}", field.name),
                "read_only",
                detail,
            )]));
        }
    }
    Ok(())
}

/// Whether a uniqueness problem is about the key.
pub fn names_key(table: &Table, problem: &Problem) -> bool {
    let mut named: Vec<&str> =
        problem.errors.iter().map(|error| error.pointer.trim_start_matches('/')).collect();
    let mut key: Vec<&str> = table.collection.primary_key.iter().map(String::as_str).collect();
    named.sort_unstable();
    key.sort_unstable();
    named == key
}

//! `PATCH /v1/records/{collection}/{id}`

use std::rc::Rc;

use actix_web::HttpResponse;

use super::body::{self, Members, Write};
use super::create::check_writable;
use super::etag::Demand;
use super::hooked;
use super::operation::{Operation, Target, Verb};
use super::request::{Request, View};
use super::sql;
use super::sql::predicate::Verdict;
use super::store::Failure;
use super::write::Returning;
use crate::collections::catalogue::Table;
use crate::extract::{JsonBytes, Prefer};
use crate::problem::Result;

/// Changes the fields of a record that the body names.
///
/// # Errors
/// `validation_failed`, `not_unique`, `precondition_failed`, `not_found` also where the update rule denies; `refused`, `hook_failed`.
pub async fn update(
    request: Request,
    demand: Demand,
    prefer: Prefer,
    body: JsonBytes,
) -> Result<HttpResponse> {
    request
        .attempt(async |view| {
            let table = view.table()?;
            let target = Target { key: view.key(table)?, demand };
            let operation = hooked::ask(view, table, Verb::Update(target), &body.0).await?;
            Ok(operation.run(view).await?.respond(table, prefer.minimal))
        })
        .await
}

/// The change of the fields of a record that the members name.
///
/// # Errors
/// See [`Failure`].
pub fn prepare<'a>(
    view: View<'a>,
    table: &'a Table,
    target: Target,
    members: &Members<'_>,
) -> Result<Operation<'a>, Failure> {
    let context = view.context();
    check_writable(table)?;
    if matches!(context.verdict(&table.rules.update), Verdict::Nothing) {
        return Ok(Operation {
            table,
            verb: Verb::Update(target),
            statement: None,
            returning: None,
            made: None,
        });
    }
    let assignments =
        body::assignments(table, context.caller, &view.request.app.clock, Write::Update, members)?;
    let returning = Returning::new(table, context.caller)?;
    let columns = &returning.projection.columns;
    let version = target.demand.version();
    let statement =
        sql::write::update(&context, table, &target.key, &assignments, version, columns)?.map(Rc::new);
    Ok(Operation { table, verb: Verb::Update(target), statement, returning: Some(returning), made: None })
}

//! `DELETE /v1/records/{collection}/{id}`

use std::rc::Rc;

use actix_web::HttpResponse;

use super::create::check_writable;
use super::etag::Demand;
use super::hooked;
use super::operation::{Operation, Target, Verb};
use super::request::{Request, View};
use super::sql;
use super::store::{self, Failure};
use crate::collections::catalogue::Table;
use crate::problem::Result;

/// Deletes a record.
///
/// # Errors
/// `still_referenced`, `precondition_failed`, `not_found` also where the delete rule denies; `refused`, `hook_failed`.
pub async fn delete(request: Request, demand: Demand) -> Result<HttpResponse> {
    request
        .attempt(async |view| {
            let table = view.table()?;
            let target = Target { key: view.key(table)?, demand };
            let operation = hooked::ask(view, table, Verb::Delete(target), b"{}").await?;
            Ok(operation.run(view).await?.respond(table, false))
        })
        .await
}

/// Tells a failure as that of a deletion.
pub fn refused(failure: Failure) -> Failure {
    match failure {
        // Rows of the same table point at it: Postgres names the constraint as it does for a row that points nowhere.
        Failure::Problem(problem) if problem.errors.iter().any(|error| error.code == "no_such_row") => {
            store::still_referenced().into()
        }
        failure => failure,
    }
}

/// The deletion of a record.
///
/// # Errors
/// See [`Failure`].
pub fn prepare<'a>(view: View<'a>, table: &'a Table, target: Target) -> Result<Operation<'a>, Failure> {
    check_writable(table)?;
    let statement =
        sql::write::delete(&view.context(), table, &target.key, target.demand.version())?.map(Rc::new);
    Ok(Operation { table, verb: Verb::Delete(target), statement, returning: None, made: None })
}

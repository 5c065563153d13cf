//! `POST /v1/records/{collection}`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::body::{self, Members, Write};
use super::request::{Request, View};
use super::sql;
use super::store::{self, Failure};
use super::write::{Returning, Written};
use crate::app::App;
use crate::collections::catalogue::Table;
use crate::db::Lanes;
use crate::extract::{Caller, JsonBytes, Prefer};
use crate::problem::{Code, Problem, Result};

/// Creates a record.
///
/// # Errors
/// `validation_failed`, `not_unique`, `forbidden` where the create rule denies.
pub async fn create(
    http: HttpRequest,
    app: Data<App>,
    lanes: Data<Lanes>,
    caller: Caller,
    prefer: Prefer,
    body: JsonBytes,
) -> Result<HttpResponse> {
    let request = Request::new(&http, app, lanes, caller);
    request
        .attempt(async |view| {
            let table = view.table()?;
            let written = insert(view, table, &body::members(&body.0)?).await?;
            Ok(written.respond(table, true, prefer.minimal))
        })
        .await
}

async fn insert(view: View<'_>, table: &Table, members: &Members<'_>) -> Result<Written, Failure> {
    let context = view.context();
    check_writable(table)?;
    let denied = || denied(table, context.caller);
    if matches!(context.verdict(&table.rules.create), sql::predicate::Verdict::Nothing) {
        return Err(denied().into());
    }
    let assignments =
        body::assignments(table, context.caller, &view.request.app.clock, Write::Create, members)?;
    let returning = Returning::new(table, context.caller)?;
    let statement = sql::write::insert(&context, table, &assignments, &returning.projection.columns)?
        .ok_or_else(denied)?;
    let rows = store::rows(&view.request.lanes.writes, table, &statement).await?;
    Ok(returning.read(table, rows.first().ok_or_else(denied)?)?)
}

/// The create rule denies.
pub fn denied(table: &Table, caller: &Caller) -> Problem {
    let name = &table.collection.name;
    match caller.identity() {
        Some(_) => {
            Problem::new(Code::Forbidden, format!("The create rule of `{name}` does not allow this record"))
        }
        None => Problem::new(
            Code::Unauthenticated,
            format!("The create rule of `{name}` does not allow this without an account"),
        )
        .with_hint("Send an access token from POST /v1/auth/login as `Authorization: Bearer …`"),
    }
}

/// A view can be read only.
///
/// # Errors
/// `method_not_allowed`
pub fn check_writable(table: &Table) -> Result<()> {
    if table.writable {
        return Ok(());
    }
    Err(Problem::new(
        Code::MethodNotAllowed,
        format!("`{}` is a view: it can be read only", table.collection.name),
    ))
}

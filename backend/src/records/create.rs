//! `POST /v1/records/{collection}`

use std::rc::Rc;

use actix_web::HttpResponse;

use super::body::{self, Members, Write};
use super::hooked;
use super::operation::{Operation, Verb};
use super::request::{Request, View};
use super::sql::predicate::Verdict;
use super::sql::write::Value;
use super::sql::{self, Bind};
use super::store::Failure;
use super::write::Returning;
use crate::collections::catalogue::{Table, Wire};
use crate::extract::{Caller, JsonBytes, Prefer};
use crate::problem::{Code, Problem, Result};

/// Creates a record.
///
/// # Errors
/// `validation_failed`, `not_unique`, `forbidden` where the create rule denies; `refused`, `hook_failed`.
pub async fn create(request: Request, prefer: Prefer, body: JsonBytes) -> Result<HttpResponse> {
    request
        .attempt(async |view| {
            let table = view.table()?;
            let operation = hooked::ask(view, table, Verb::Create, &body.0).await?;
            Ok(operation.run(view).await?.respond(table, prefer.minimal))
        })
        .await
}

/// The creation of a record of those members, under the key that was made for it where that is known already.
///
/// # Errors
/// See [`Failure`].
pub fn prepare<'a>(
    view: View<'a>,
    table: &'a Table,
    members: &Members<'_>,
    made: Option<&str>,
) -> Result<Operation<'a>, Failure> {
    let context = view.context();
    check_writable(table)?;
    if matches!(context.verdict(&table.rules.create), Verdict::Nothing) {
        return Err(denied(table, context.caller).into());
    }
    let mut assignments =
        body::assignments(table, context.caller, &view.request.app.clock, Write::Create, members)?;
    if let (Some(made), Some(key)) = (made, body::made_key(table))
        && !members.contains_key(table.collection.fields[key].name.as_str())
    {
        let assigned = assignments.iter_mut().filter(|(index, _)| *index == key);
        assigned.for_each(|(_, value)| *value = Value::Given(Bind::text(made)));
    }
    let returning = Returning::new(table, context.caller)?;
    let statement =
        sql::write::insert(&context, table, &assignments, &returning.projection.columns)?.map(Rc::new);
    let made = assignments.into_iter().find_map(|(index, value)| match value {
        Value::Given(bind) if table.key == [index] && table.columns[index].wire == Wire::Uuid => bind.0,
        _ => None,
    });
    Ok(Operation { table, verb: Verb::Create, statement, returning: Some(returning), made })
}

/// The create rule denies.
pub fn denied(table: &Table, caller: &Caller) -> Problem {
    let name = &table.collection.name;
    refused_by_rule(caller, format!("The create rule of `{name}` does not allow this record"))
}

/// A rule denies, and that may be told. An account may help whoever has none.
pub fn refused_by_rule(caller: &Caller, detail: String) -> Problem {
    match caller.identity() {
        Some(_) => Problem::new(Code::Forbidden, detail),
        None => Problem::new(Code::Unauthenticated, format!("{detail} without an account"))
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

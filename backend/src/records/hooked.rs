//! Asks the hooks about writes of records, wherever these come from.

use actix_web::web::Data;
use annex_openapi::hooks::HookMethod;
use serde_json::{Map, Value};

use super::body::{self, Members};
use super::key;
use super::operation::{Operation, Verb};
use super::request::View;
use super::store::Failure;
use crate::app::App;
use crate::collections::catalogue::{Snapshot, Table};
use crate::hooks::{Change, Due};
use crate::problem::{Code, FieldError, Problem, Result};

impl Verb {
    /// What hooks are told that it is.
    pub fn method(&self) -> HookMethod {
        match self {
            Self::Create => HookMethod::Create,
            Self::Update(_) => HookMethod::Update,
            Self::Replace(_) => HookMethod::Replace,
            Self::Delete(_) => HookMethod::Delete,
        }
    }
}

/// Those that are asked about that write.
pub fn due<'a>(view: View<'a>, table: &Table, method: HookMethod) -> Due<'a> {
    let app: &'a Data<App> = &view.request.app;
    app.hooks.due(&view.snapshot.hooks, method, &table.collection.name)
}

/// A write of all rows that match, or an import, asks nobody: it is refused where somebody would have to be asked.
///
/// # Errors
/// `conflict`
pub fn check_unasked(app: &App, snapshot: &Snapshot, table: &Table, methods: &[HookMethod]) -> Result<()> {
    let name = &table.collection.name;
    if methods.iter().all(|method| app.hooks.due(&snapshot.hooks, *method, name).is_empty()) {
        return Ok(());
    }
    let detail = format!("`{name}` has hooks, which are asked about each record");
    Err(Problem::new(Code::Conflict, detail).with_hint(
        "Write the records with POST /v1/batch, up to 1,000 at a time, or disable the hooks meanwhile",
    ))
}

/// What hooks are told of that operation, which was made from those members.
///
/// # Errors
/// `validation_failed` where a number is beyond a double, which hooks could not read.
pub fn change(view: View<'_>, operation: &Operation<'_>, members: &Members<'_>) -> Result<Change> {
    let mut body = Map::new();
    for (name, raw) in members {
        let value = serde_json::from_str(raw.get()).map_err(|_| {
            let detail = format!(
                "`{name}` has a number beyond a double, which the hooks of `{}` could not read",
                operation.table.collection.name
            );
            Problem::validation(vec![FieldError::new(body::pointer(name), "out_of_range", detail)])
        })?;
        body.insert(name.clone().into_owned(), value);
    }
    let id = match &operation.verb {
        Verb::Create => Value::Null,
        Verb::Update(target) | Verb::Replace(target) | Verb::Delete(target) => {
            key::json(operation.table, &target.key)
        }
    };
    Ok(Change {
        method: operation.verb.method(),
        collection: operation.table.collection.name.clone(),
        caller: view.request.caller.clone(),
        id,
        body,
    })
}

/// The operation as the hooks have left it; none where they have let it be.
///
/// # Errors
/// What they have made of it cannot be written, by the caller or at all.
pub fn settle<'a>(
    view: View<'a>,
    operation: &Operation<'a>,
    sent: &Members<'_>,
    change: &Change,
) -> Result<Option<Operation<'a>>, Failure> {
    // What they have let be stays the text that it was, so that no digit of a number is lost.
    let mut made = Vec::new();
    let mut members = Members::new();
    for (name, value) in &change.body {
        match sent.get(name.as_str()) {
            Some(raw) if serde_json::from_str::<Value>(raw.get()).is_ok_and(|sent| sent == *value) => {
                members.insert(name.as_str().into(), raw);
            }
            _ => made.push((name, serde_json::value::to_raw_value(value).map_err(Problem::internal)?)),
        }
    }
    if made.is_empty() && members.len() == sent.len() {
        return Ok(None);
    }
    members.extend(made.iter().map(|(name, raw)| (name.as_str().into(), &**raw)));
    let made = operation.made.as_deref();
    Operation::prepare(view, operation.table, operation.verb.clone(), &members, made).map(Some)
}

/// Prepares a write of one record from a body, and asks the hooks about it. A write that is denied without looking is not asked about.
///
/// # Errors
/// See [`Failure`]; `refused`, `hook_failed`.
pub async fn ask<'a>(
    view: View<'a>,
    table: &'a Table,
    verb: Verb,
    body: &[u8],
) -> Result<Operation<'a>, Failure> {
    let members = body::members(body)?;
    let operation = Operation::prepare(view, table, verb, &members, None)?;
    let due = due(view, table, operation.verb.method());
    if due.is_empty() || operation.statement.is_none() {
        return Ok(operation);
    }
    let mut change = change(view, &operation, &members)?;
    let answered = due.ask(&view.request.app, std::slice::from_mut(&mut change)).await;
    answered.map_err(|refused| refused.problem)?;
    Ok(settle(view, &operation, &members, &change)?.unwrap_or(operation))
}

//! Taking in a table that exists: what only the database can say of it.

use annex_openapi::collections::AdoptRequest;
use sqlx::PgConnection;

use super::catalogue::Unserved;
use super::plan::{Entry, Settings, State, TableReference, check_collection_name, clean_name};
use crate::problem::{Code, FieldError, Problem, Result};

/// What would be kept of the table, and whether it is a collection already.
///
/// # Errors
/// There is no such table, it cannot be served, or the name is taken.
pub(super) async fn settings(
    transaction: &mut PgConnection,
    state: &State,
    request: &AdoptRequest,
    pointer: &str,
) -> Result<(Settings, bool)> {
    let at = format!("{pointer}/table");
    let wrong =
        |code: &str, detail: String| Problem::validation(vec![FieldError::new(at.clone(), code, detail)]);
    let reference = TableReference::parse(&request.table).map_err(|detail| wrong("invalid", detail))?;
    if let Some(refusal) = reference.refusal() {
        return Err(wrong("not_allowed", refusal));
    }
    check_table(transaction, &reference, &wrong).await?;
    place(state, &reference, request, pointer)
}

/// What would be kept of a table that is there, and whether it is a collection already.
///
/// # Errors
/// The name is taken, or is none.
pub(super) fn place(
    state: &State,
    reference: &TableReference,
    request: &AdoptRequest,
    pointer: &str,
) -> Result<(Settings, bool)> {
    let there = state
        .entries
        .values()
        .find(|entry| (&entry.origin.schema, &entry.origin.table) == (&reference.schema, &reference.table));
    let name = request.name.clone().or_else(|| there.map(|entry| entry.collection.name.clone()));
    let name = name.unwrap_or_else(|| clean_name(&reference.table));
    if let Err((code, detail)) = check_collection_name(&name) {
        let problem = Problem::validation(vec![FieldError::new(format!("{pointer}/name"), code, detail)]);
        return Err(problem.with_hint("Give the collection a `name` of its own"));
    }
    let settings = Settings {
        name: name.clone(),
        schema: reference.schema.clone(),
        table: reference.table.clone(),
        managed: false,
        primary_key: None,
        hidden: request.hidden.clone(),
        rules: request.rules.clone(),
    };
    let taken = |detail: String, pointer: String| {
        Err(Problem::new(Code::Conflict, detail.clone()).with_errors(vec![FieldError::new(
            pointer,
            "duplicate",
            detail,
        )]))
    };
    match there {
        Some(entry) if entry.origin.managed || entry.collection.name != name => {
            let detail = format!("{reference} is the collection `{}` already", entry.collection.name);
            taken(detail, format!("{pointer}/table"))
        }
        Some(_) => Ok((settings, true)),
        None if state.entries.contains_key(&name) => {
            taken(format!("There is a collection `{name}` already"), format!("{pointer}/name"))
        }
        None => Ok((settings, false)),
    }
}

/// Fails where there is no such table, or it is one that only its parent can stand for.
async fn check_table(
    transaction: &mut PgConnection,
    reference: &TableReference,
    wrong: &impl Fn(&str, String) -> Problem,
) -> Result<()> {
    let found: Option<(String, Option<String>)> = sqlx::query_as(
        "select r.relkind::text,
                (select i.inhparent::regclass::text from pg_inherits i where i.inhrelid = r.oid and r.relispartition)
           from pg_class r join pg_namespace n on n.oid = r.relnamespace
          where n.nspname = $1 and r.relname = $2",
    )
    .bind(&reference.schema)
    .bind(&reference.table)
    .fetch_optional(&mut *transaction)
    .await?;
    let Some((kind, parent)) = found else {
        let near: Option<String> = sqlx::query_scalar(
            "select format('%s.%s', n.nspname, r.relname)
               from pg_class r join pg_namespace n on n.oid = r.relnamespace
              where lower(r.relname) = lower($1) and r.relkind in ('r', 'p', 'v', 'm', 'f')
                and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'annex')
              order by 1 limit 1",
        )
        .bind(&reference.table)
        .fetch_optional(&mut *transaction)
        .await?;
        let problem = wrong("unknown_table", format!("There is no table {reference}"));
        return Err(match near {
            Some(near) => problem.with_hint(format!("Did you mean `{near}`?")),
            None => problem,
        });
    };
    if let Some(parent) = parent {
        let problem = wrong("not_allowed", format!("{reference} is a partition"));
        return Err(problem.with_hint(format!("Adopt {parent}, of which it is a part")));
    }
    if !matches!(kind.as_str(), "r" | "p" | "v" | "m" | "f") {
        return Err(wrong("not_allowed", format!("{reference} is neither a table nor a view")));
    }
    Ok(())
}

/// Fails where a column has a type that cannot be served.
///
/// # Errors
/// All such columns, each with its type.
pub(super) fn check_columns(entry: &Entry, pointer: &str) -> Result<()> {
    let errors: Vec<FieldError> = entry
        .unserved
        .iter()
        .map(|Unserved { column, native_type }| {
            let detail = format!("The column `{column}` has the type {native_type}, which cannot be served");
            FieldError::new(format!("{pointer}/table"), "unsupported_type", detail)
        })
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    let hint = "Adopt a view that leaves such columns out, or turns them into JSON with `to_jsonb`";
    Err(Problem::validation(errors).with_hint(hint))
}

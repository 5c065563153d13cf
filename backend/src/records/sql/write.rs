//! Statements that write one row, each guarded by its rule within itself.
//!
//! What they return: the columns that were asked for, the row's version where it has one, and last whether the
//! caller may view the row as it is now.

use super::predicate::{Context, Rows, Slot, Source, Stale, Trust, Verdict, Written};
use super::select::{guard, key_equals, read_columns};
use super::{Alias, Bind, Sql};
use crate::collections::catalogue::{Column, Filled, Rule, Table};

/// The row as an insert computes it before it is written.
const NEW: Alias = Alias(1);

/// What is written into a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// That.
    Given(Bind),
    /// What the column has when nobody gives a value.
    Default,
}

/// A column, by index, and what to write into it.
pub type Assignment = (usize, Value);

/// Inserts a row. None where the rule denies without looking; no row comes back where it denies.
///
/// # Errors
/// A rule was checked against another schema.
pub fn insert(
    context: &Context<'_>,
    table: &Table,
    values: &[Assignment],
    returning: &[usize],
) -> Result<Option<Sql>, Stale> {
    let mut sql = Sql::new();
    if !insert_row(context, &mut sql, table, values, Unless::Never)? {
        return Ok(None);
    }
    returned(context, &mut sql, table, returning)?;
    Ok(Some(sql))
}

/// What keeps an insert from happening, beside its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unless {
    /// Nothing.
    Never,
    /// That the statement has changed a row already.
    Changed,
}

fn insert_row(
    context: &Context<'_>,
    sql: &mut Sql,
    table: &Table,
    values: &[Assignment],
    unless: Unless,
) -> Result<bool, Stale> {
    match context.verdict(&table.rules.create) {
        Verdict::Nothing => Ok(false),
        Verdict::All => {
            insert_into(sql, table, values.iter().map(|(index, _)| *index));
            if values.is_empty() {
                sql.push(" default values");
                return Ok(true);
            }
            sql.push(if unless == Unless::Never { " values (" } else { " select " });
            sql.separated(", ", values, |sql, (index, value)| match value {
                Value::Given(bind) => drop(sql.value(&table.columns[*index], bind.clone())),
                Value::Default => drop(sql.push("default")),
            });
            sql.push(if unless == Unless::Never { ")" } else { " where not exists (select from changed)" });
            Ok(true)
        }
        Verdict::Some(rule) => {
            // The rule sees the row with its defaults in it, and nothing is written where it is not true.
            sql.push("with new as materialized (select ");
            with_generated(sql, table, |sql| new_row(sql, table, values));
            sql.push(") ");
            let filled = |column: &Column| matches!(column.filled, Filled::Default(_) | Filled::Null);
            let given = |index: &usize| values.iter().any(|(given, _)| given == index);
            let written: Vec<usize> = (0..table.columns.len())
                .filter(|index| given(index) || filled(&table.columns[*index]))
                .collect();
            insert_into(sql, table, written.iter().copied());
            sql.push(" select ");
            sql.separated(", ", &written, |sql, index| {
                sql.column(NEW, &table.columns[*index]);
            });
            sql.push(" from new ").alias(NEW).push(" where ");
            if unless == Unless::Changed {
                sql.push("not exists (select from changed) and ");
            }
            sql.push("(");
            let rows = Rows::of(table, Source::Alias(NEW)).with_new(Source::Alias(NEW));
            context.write(sql, &mut { NEW.0 }, rows, Trust::Rule, rule)?;
            sql.push(")");
            Ok(true)
        }
    }
}

fn insert_into(sql: &mut Sql, table: &Table, columns: impl ExactSizeIterator<Item = usize>) {
    sql.push("insert into ").name(&table.name).push(" as ").alias(Alias::ROOT);
    if columns.len() > 0 {
        sql.push(" (");
        sql.separated(", ", columns, |sql, index| {
            sql.name(&table.columns[index].name);
        });
        sql.push(")");
    }
}

/// What `plain` writes of a row's columns, with those that are generated from it.
pub(super) fn with_generated(sql: &mut Sql, table: &Table, plain: impl FnOnce(&mut Sql)) {
    let generated: Vec<&Column> =
        table.columns.iter().filter(|column| matches!(column.filled, Filled::Generated(_))).collect();
    if generated.is_empty() {
        return plain(sql);
    }
    sql.push("plain.*");
    for column in generated {
        let Filled::Generated(expression) = &column.filled else { continue };
        sql.push(", ").fragment(expression).push(" as ").name(&column.name);
    }
    sql.push(" from (select ");
    plain(sql);
    sql.push(") plain");
}

/// Every column of the row to insert except the generated ones, each under its own name.
pub(super) fn new_row(sql: &mut Sql, table: &Table, values: &[Assignment]) {
    let plain =
        table.columns.iter().enumerate().filter(|(_, column)| !matches!(column.filled, Filled::Generated(_)));
    sql.separated(", ", plain, |sql, (index, column)| {
        let given = values.iter().find(|(given, _)| *given == index);
        match (given, &column.filled) {
            (Some((_, Value::Given(bind))), _) => sql.value(column, bind.clone()),
            _ => default_value(sql, column),
        };
        sql.push(" as ").name(&column.name);
    });
}

/// What a column has when nobody gives a value. A sequence is not asked: a rule sees null there.
pub(super) fn default_value<'s>(sql: &'s mut Sql, column: &Column) -> &'s mut Sql {
    match &column.filled {
        Filled::Default(default) => sql.push("(").fragment(default).push(")::").fragment(&column.type_),
        _ => sql.push("null::").fragment(&column.type_),
    };
    if column.array { sql.push("[]") } else { sql }
}

/// Changes the row of that key, where it still has that version. None where the rule denies without looking; no row comes
/// back where it denies, or where there is none.
///
/// # Errors
/// A rule was checked against another schema.
pub fn update(
    context: &Context<'_>,
    table: &Table,
    key: &[Bind],
    values: &[Assignment],
    version: Option<u32>,
    returning: &[usize],
) -> Result<Option<Sql>, Stale> {
    let mut sql = Sql::new();
    let allowed = update_row(context, &mut sql, table, key, values, version, returning)?;
    Ok(allowed.then_some(sql))
}

fn update_row(
    context: &Context<'_>,
    sql: &mut Sql,
    table: &Table,
    key: &[Bind],
    values: &[Assignment],
    version: Option<u32>,
    returning: &[usize],
) -> Result<bool, Stale> {
    let slots = place(sql, table, values);
    update_table(sql, table, &slots);
    sql.push(" where ");
    key_equals(sql, table, key);
    has_version(sql, version);
    if !update_guard(context, sql, table, &slots)? {
        return Ok(false);
    }
    returned(context, sql, table, returning)?;
    Ok(true)
}

/// Gives values to a statement in which they will stand.
pub(super) fn place(sql: &mut Sql, table: &Table, values: &[Assignment]) -> Vec<Slot> {
    let mut slots = vec![Slot::Unchanged; table.columns.len()];
    for (index, value) in values {
        slots[*index] = match value {
            Value::Given(bind) => {
                sql.binds.push(bind.clone());
                Slot::Place(sql.binds.len())
            }
            Value::Default => Slot::Default,
        };
    }
    slots
}

/// Writes the beginning of an update, up to what it sets.
pub(super) fn update_table(sql: &mut Sql, table: &Table, slots: &[Slot]) {
    sql.push("update ").name(&table.name).push(" as ").alias(Alias::ROOT).push(" set ");
    let changed: Vec<_> =
        table.columns.iter().zip(slots).filter(|(_, slot)| **slot != Slot::Unchanged).collect();
    if changed.is_empty() {
        // Nothing changes, but the rule and the version are asked all the same.
        let column = &table.columns[table.key[0]];
        sql.name(&column.name).push(" = ").column(Alias::ROOT, column);
    }
    sql.separated(", ", changed, |sql, (column, slot)| {
        sql.name(&column.name).push(" = ");
        match slot {
            Slot::Place(place) => sql.value_at(column, *place),
            _ => sql.push("default"),
        };
    });
}

/// What a [`replace`] writes.
#[derive(Debug, Clone, Copy)]
pub struct Replacement<'a> {
    /// The new values of all columns of the row that is there; none to leave it alone.
    pub changes: Option<&'a [Assignment]>,
    /// The version that this row must have.
    pub version: Option<u32>,
    /// The row to insert where none was changed; none to insert nothing.
    pub row: Option<&'a [Assignment]>,
}

/// Changes the row of that key, or inserts one where none was changed; each half is guarded by its own rule. None where
/// the rules deny without looking. What comes back has one more column than that of other writes: whether the row was
/// inserted. Where there is a row that must not be changed, the insert violates the key.
///
/// # Errors
/// A rule was checked against another schema.
pub fn replace(
    context: &Context<'_>,
    table: &Table,
    key: &[Bind],
    replacement: Replacement<'_>,
    returning: &[usize],
) -> Result<Option<Sql>, Stale> {
    let Replacement { changes, version, row } = replacement;
    let may = |rule| !matches!(context.verdict(rule), Verdict::Nothing);
    let row = row.filter(|_| may(&table.rules.create));
    let changes = changes.filter(|_| may(&table.rules.update));
    let mut sql = Sql::new();
    match (changes, row) {
        (None, None) => return Ok(None),
        (Some(changes), None) => {
            update_row(context, &mut sql, table, key, changes, version, returning)?;
            sql.push(", false");
        }
        (None, Some(row)) => {
            insert_row(context, &mut sql, table, row, Unless::Never)?;
            returned(context, &mut sql, table, returning)?;
            sql.push(", true");
        }
        (Some(changes), Some(row)) => {
            sql.push("with changed as (");
            update_row(context, &mut sql, table, key, changes, version, returning)?;
            sql.push("), inserted as (");
            insert_row(context, &mut sql, table, row, Unless::Changed)?;
            returned(context, &mut sql, table, returning)?;
            sql.push(
                ") select changed.*, false from changed union all select inserted.*, true from inserted",
            );
        }
    }
    Ok(Some(sql))
}

fn update_guard(context: &Context<'_>, sql: &mut Sql, table: &Table, slots: &[Slot]) -> Result<bool, Stale> {
    match context.verdict(&table.rules.update) {
        Verdict::All => {}
        Verdict::Nothing => return Ok(false),
        Verdict::Some(rule) => {
            sql.push(" and (");
            let new = Source::Written(Written { slots, base: Alias::ROOT });
            context.write(
                sql,
                &mut 0,
                Rows::of(table, Source::Alias(Alias::ROOT)).with_new(new),
                Trust::Rule,
                rule,
            )?;
            sql.push(")");
        }
    }
    Ok(true)
}

/// Deletes the row of that key, where it still has that version. None where the rule denies without looking; no row comes
/// back where it denies, or where there is none.
///
/// # Errors
/// A rule was checked against another schema.
pub fn delete(
    context: &Context<'_>,
    table: &Table,
    key: &[Bind],
    version: Option<u32>,
) -> Result<Option<Sql>, Stale> {
    let mut sql = Sql::new();
    sql.push("delete from ").name(&table.name).push(" as ").alias(Alias::ROOT).push(" where ");
    key_equals(&mut sql, table, key);
    has_version(&mut sql, version);
    if !guard(context, &mut sql, &mut 0, table, &table.rules.delete)? {
        return Ok(None);
    }
    sql.push(" returning 1");
    Ok(Some(sql))
}

fn has_version(sql: &mut Sql, version: Option<u32>) {
    if let Some(version) = version {
        sql.push(" and ").alias(Alias::ROOT).push(".xmin = ").bind(Bind::text(version.to_string()), "xid");
    }
}

fn returned(context: &Context<'_>, sql: &mut Sql, table: &Table, columns: &[usize]) -> Result<(), Stale> {
    sql.push(" returning ");
    read_columns(sql, table, columns);
    if table.versioned {
        sql.push(", ").alias(Alias::ROOT).push(".xmin");
    }
    sql.push(", ");
    visible(context, sql, table, &table.rules.view)
}

fn visible(context: &Context<'_>, sql: &mut Sql, table: &Table, rule: &Rule) -> Result<(), Stale> {
    match context.verdict(rule) {
        Verdict::All => drop(sql.push("true")),
        Verdict::Nothing => drop(sql.push("false")),
        Verdict::Some(rule) => {
            sql.push("coalesce((");
            context.write(sql, &mut 0, Rows::of(table, Source::Alias(Alias::ROOT)), Trust::Rule, rule)?;
            sql.push("), false)");
        }
    }
    Ok(())
}

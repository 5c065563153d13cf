//! Statements that write all rows that a list would have.
//!
//! They look at the rows that the list rule shows and the caller's condition holds for; the rule of the write is asked of each,
//! within the same statement. What they return: how many rows were written, and for how many others the rule allows the write
//! as such but not what would become of them. Where there are any of these, nothing is written.

use annex_openapi::expression::Predicate;

use super::predicate::{Context, Rows, Slot, Source, Stale, Trust, Verdict, Written};
use super::select::{Matching, conditions, from_table, guard};
use super::write::{Assignment, place, update_table};
use super::{Alias, Sql};
use crate::collections::catalogue::{Rule, Table};

/// Changes the rows. None where a rule denies without looking.
///
/// # Errors
/// A rule was checked against another schema.
pub fn update(
    context: &Context<'_>,
    table: &Table,
    matching: Matching<'_>,
    values: &[Assignment],
) -> Result<Option<Sql>, Stale> {
    let mut sql = Sql::new();
    let slots = place(&mut sql, table, values);
    let Some(rule) = rule_of_new(context, &table.rules.update) else {
        sql.push("with changed as (");
        update_table(&mut sql, table, &slots);
        let found = rows(context, &mut sql, &mut 0, table, matching, &table.rules.update)?;
        sql.push(" returning 1) select count(*), 0::int8 from changed");
        return Ok(found.then_some(sql));
    };
    sql.push("with matched as materialized (");
    if !judged(context, &mut sql, table, matching, rule, &slots)? {
        return Ok(None);
    }
    sql.push(" for no key update of ").alias(Alias::ROOT).push("), changed as (");
    update_table(&mut sql, table, &slots);
    sql.push(" from matched m where ").separated(" and ", &table.key, |sql, index| {
        sql.column(Alias::ROOT, &table.columns[*index]).push(" = m.k").number(*index);
    });
    sql.push(" and not exists (select from matched where not allowed) returning 1)");
    sql.push(" select (select count(*) from changed), (select count(*) from matched where not allowed)");
    Ok(Some(sql))
}

/// Counts the rows that [`update`] would change.
///
/// # Errors
/// A rule was checked against another schema.
pub fn updatable(
    context: &Context<'_>,
    table: &Table,
    matching: Matching<'_>,
    values: &[Assignment],
) -> Result<Option<Sql>, Stale> {
    let Some(rule) = rule_of_new(context, &table.rules.update) else {
        return counted(context, table, matching, &table.rules.update);
    };
    let mut sql = Sql::new();
    let slots = place(&mut sql, table, values);
    if !values.is_empty() {
        // The rule may look at few of them; Postgres wants to know the type of each.
        let given = table.columns.iter().zip(&slots).filter_map(|(column, slot)| match slot {
            Slot::Place(place) => Some((column, *place)),
            _ => None,
        });
        sql.push("with given as (select ").separated(", ", given, |sql, (column, place)| {
            sql.value_at(column, place);
        });
        sql.push(") ");
    }
    sql.push("select count(*) filter (where allowed), count(*) filter (where not allowed) from (");
    let found = judged(context, &mut sql, table, matching, rule, &slots)?;
    sql.push(") matched");
    Ok(found.then_some(sql))
}

/// Deletes the rows. None where a rule denies without looking.
///
/// # Errors
/// A rule was checked against another schema.
pub fn delete(context: &Context<'_>, table: &Table, matching: Matching<'_>) -> Result<Option<Sql>, Stale> {
    let mut sql = Sql::new();
    sql.push("with deleted as (delete from ").name(&table.name).push(" as ").alias(Alias::ROOT);
    let found = rows(context, &mut sql, &mut 0, table, matching, &table.rules.delete)?;
    sql.push(" returning 1) select count(*), 0::int8 from deleted");
    Ok(found.then_some(sql))
}

/// Counts the rows that [`delete`] would delete.
///
/// # Errors
/// A rule was checked against another schema.
pub fn deletable(context: &Context<'_>, table: &Table, matching: Matching<'_>) -> Result<Option<Sql>, Stale> {
    counted(context, table, matching, &table.rules.delete)
}

fn counted(
    context: &Context<'_>,
    table: &Table,
    matching: Matching<'_>,
    rule: &Rule,
) -> Result<Option<Sql>, Stale> {
    let mut sql = Sql::new();
    sql.push("select count(*), 0::int8");
    from_table(&mut sql, table);
    Ok(rows(context, &mut sql, &mut 0, table, matching, rule)?.then_some(sql))
}

/// The rule, where it looks at what would become of a row.
fn rule_of_new<'a>(context: &Context<'a>, rule: &'a Rule) -> Option<&'a Predicate> {
    match context.verdict(rule) {
        Verdict::Some(predicate) => Some(predicate).filter(|predicate| predicate.uses_new()),
        Verdict::All | Verdict::Nothing => None,
    }
}

/// Writes which rows those are that a rule is true of; false where one denies without looking.
fn rows(
    context: &Context<'_>,
    sql: &mut Sql,
    aliases: &mut usize,
    table: &Table,
    matching: Matching<'_>,
    rule: &Rule,
) -> Result<bool, Stale> {
    Ok(conditions(context, sql, aliases, table, matching)? && guard(context, sql, aliases, table, rule)?)
}

/// Writes a query of the keys of the rows that the rule would allow to be written as they are or as they would become, and
/// whether it allows what they would become; false where the list rule denies without looking.
fn judged(
    context: &Context<'_>,
    sql: &mut Sql,
    table: &Table,
    matching: Matching<'_>,
    rule: &Predicate,
    slots: &[Slot],
) -> Result<bool, Stale> {
    let row = Rows::of(table, Source::Alias(Alias::ROOT));
    let becoming = row.with_new(Source::Written(Written { slots, base: Alias::ROOT }));
    let staying = row.with_new(Source::Alias(Alias::ROOT));
    let aliases = &mut 0;
    sql.push("select ");
    for index in &table.key {
        sql.column(Alias::ROOT, &table.columns[*index]).push(" as k").number(*index).push(", ");
    }
    sql.push("(");
    context.write(sql, aliases, becoming, Trust::Rule, rule)?;
    sql.push(") is true as allowed");
    from_table(sql, table);
    if !conditions(context, sql, aliases, table, matching)? {
        return Ok(false);
    }
    sql.push(" and ((");
    context.write(sql, aliases, staying, Trust::Rule, rule)?;
    sql.push(") or (");
    context.write(sql, aliases, becoming, Trust::Rule, rule)?;
    sql.push("))");
    Ok(true)
}

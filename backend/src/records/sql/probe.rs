//! Statements that ask what conditions say of a row, without doing anything with it.

use annex_openapi::expression::Predicate;

use super::predicate::{Context, Rows, Slot, Source, Stale, Trust};
use super::select::{from_table, key_equals};
use super::write::{Assignment, default_value, new_row, place, with_generated};
use super::{Alias, Bind, Sql};
use crate::collections::catalogue::{Filled, Table, Wire};

/// The row as it would be written.
const NEW: Alias = Alias(1);

/// The row that conditions are about.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// The row of that key.
    Stored(&'a [Bind]),
    /// A row that is not there.
    Sample(&'a [Assignment]),
}

/// What becomes of it.
#[derive(Debug, Clone, Copy)]
pub enum Becoming<'a> {
    /// Nothing.
    Nothing,
    /// It is the new row itself.
    Itself,
    /// It changes.
    Changed(&'a [Assignment]),
}

/// Asks what the conditions say. Its row has the columns of the row as text, then those of the row as it would be written
/// where it changes, then a value for each condition.
///
/// # Errors
/// A condition was checked against another schema.
pub fn ask(
    context: &Context<'_>,
    table: &Table,
    subject: Subject<'_>,
    becoming: Becoming<'_>,
    conditions: &[&Predicate],
) -> Result<Sql, Stale> {
    let mut sql = Sql::new();
    let slots = match becoming {
        Becoming::Changed(values) => place(&mut sql, table, values),
        Becoming::Nothing | Becoming::Itself => Vec::new(),
    };
    sql.push("with this as materialized (select ");
    match subject {
        Subject::Stored(key) => {
            sql.alias(Alias::ROOT).push(".*");
            from_table(&mut sql, table);
            sql.push(" where ");
            key_equals(&mut sql, table, key);
        }
        Subject::Sample(values) => with_generated(&mut sql, table, |sql| new_row(sql, table, values)),
    }
    sql.push(")");
    let root = Rows::of(table, Source::Alias(Alias::ROOT));
    let rows = match becoming {
        Becoming::Nothing => root,
        Becoming::Itself => root.with_new(Source::Alias(Alias::ROOT)),
        Becoming::Changed(_) => {
            sql.push(", new as materialized (select ");
            with_generated(&mut sql, table, |sql| changed_row(sql, table, &slots));
            sql.push(")");
            root.with_new(Source::Alias(NEW))
        }
    };
    sql.push(" select ");
    texts(&mut sql, table, Alias::ROOT);
    if let Becoming::Changed(_) = becoming {
        sql.push(", ");
        texts(&mut sql, table, NEW);
    }
    let mut aliases = NEW.0;
    for condition in conditions {
        sql.push(", (");
        context.write(&mut sql, &mut aliases, rows, Trust::Rule, condition)?;
        sql.push(")");
    }
    sql.push(" from this ").alias(Alias::ROOT);
    if let Becoming::Changed(_) = becoming {
        sql.push(", new ").alias(NEW);
    }
    Ok(sql)
}

/// At most so many rows of a table, every column as text.
pub fn rows(table: &Table, limit: usize) -> Sql {
    let mut sql = Sql::new();
    sql.push("select ");
    texts(&mut sql, table, Alias::ROOT);
    from_table(&mut sql, table);
    sql.push(" limit ").number(limit);
    sql
}

/// About how many rows Postgres takes a table to have.
pub fn estimate(table: &Table) -> Sql {
    let mut sql = Sql::new();
    sql.push("select reltuples::int8 from pg_catalog.pg_class where oid = ")
        .bind(Bind::text(table.name.as_sql()), "regclass");
    sql
}

/// How Postgres would go about a statement.
pub fn explain(statement: &Sql) -> Sql {
    Sql { text: format!("explain {}", statement.text), binds: statement.binds.clone(), result: Vec::new() }
}

fn texts(sql: &mut Sql, table: &Table, alias: Alias) {
    sql.separated(", ", &table.columns, |sql, column| {
        sql.column(alias, column).push("::text");
        sql.result.push((Wire::Text, false));
    });
}

/// The columns of the row after a change, except those that are generated, each under its own name.
fn changed_row(sql: &mut Sql, table: &Table, slots: &[Slot]) {
    let plain =
        table.columns.iter().zip(slots).filter(|(column, _)| !matches!(column.filled, Filled::Generated(_)));
    sql.separated(", ", plain, |sql, (column, slot)| {
        match slot {
            Slot::Unchanged => sql.column(Alias::ROOT, column),
            Slot::Place(place) => sql.value_at(column, *place),
            Slot::Default => default_value(sql, column),
        };
        sql.push(" as ").name(&column.name);
    });
    sql.push(" from this ").alias(Alias::ROOT);
}

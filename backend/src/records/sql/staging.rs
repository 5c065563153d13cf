//! Statements that take an import from its staging table into the collection's table.
//!
//! The staging table has the values as the text that Postgres reads, and the line that each row came from. A row goes on
//! only where its rule is true of it, within the same statement.
//!
//! Beside the columns of such a row its line is called `ctid`: no column of a table can have that name.

use super::predicate::{Context, Rows, Source, Stale, Trust, Verdict};
use super::staging_check::answer;
use super::write::default_value;
use super::{Alias, Bind, Sql};
use crate::collections::catalogue::{Column, Filled, Rule, Table};

/// The row as it would be written.
const NEW: Alias = Alias(1);
/// Makes rows of the staging table quick to find by their line.
pub const INDEX: &str = "create index on pg_temp.annex_import (line); analyze pg_temp.annex_import";
/// Begins the transaction that writes; deferred constraints speak with the statement that breaks them.
pub const BEGIN: &str = "begin; set constraints all immediate";
/// Begins a try at some rows.
pub const TRY: &str = "savepoint annex_import";
/// Keeps what was tried.
pub const KEEP: &str = "release savepoint annex_import";
/// Undoes what was tried; the savepoint goes too, or each would nest in the one before.
pub const UNDO: &str = "rollback to savepoint annex_import; release savepoint annex_import";

/// A column of the staging table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staged {
    /// The column that it is for, by index.
    pub column: usize,
    /// Whether a flag beside it says for each row if there is a value at all (null being one).
    pub flagged: bool,
}

/// What a statement takes from the staging table.
#[derive(Debug, Clone, Copy)]
pub struct Import<'a> {
    /// Where rows go.
    pub table: &'a Table,
    /// The columns that rows have values for.
    pub columns: &'a [Staged],
    /// The columns by which a row is one that is there already; empty where every row is new.
    pub upsert: &'a [usize],
}

/// Makes the staging table, which is the connection's own.
pub fn create(columns: &[Staged]) -> Sql {
    let mut sql = Sql::new();
    sql.push("create temporary table annex_import (line int8 not null");
    for staged in columns {
        sql.push(", c").number(staged.column).push(" text");
        if staged.flagged {
            sql.push(", g").number(staged.column).push(" bool not null");
        }
    }
    sql.push(")");
    sql
}

/// Takes rows into the staging table, in the order of its columns.
pub fn copy() -> Sql {
    let mut sql = Sql::new();
    sql.push("copy pg_temp.annex_import from stdin (format binary)");
    sql
}

/// Looks at a table anew for the planner.
pub fn analyze(table: &Table) -> Sql {
    let mut sql = Sql::new();
    sql.push("analyze ").name(&table.name);
    sql
}

/// Writes the rows from the line `$1` to the line `$2`. The answer: how many were inserted, how many updated, how many a rule
/// denied, and the lines of the first `most` of those.
///
/// # Errors
/// A rule was checked against another schema.
pub fn write(context: &Context<'_>, import: Import<'_>, most: usize) -> Result<Sql, Stale> {
    let mut sql = Sql::new();
    sql.binds.extend([Bind::text("0"), Bind::text(i64::MAX.to_string())]);
    if import.upsert.is_empty() {
        insert(context, &mut sql, import, most)?;
    } else {
        upsert(context, &mut sql, import, most)?;
    }
    Ok(sql)
}

/// Takes out the rows that the create rule denies. None where it denies none.
///
/// # Errors
/// The rule was checked against another schema.
pub fn denied(context: &Context<'_>, import: Import<'_>, most: usize) -> Result<Option<Sql>, Stale> {
    let table = import.table;
    if matches!(context.verdict(&table.rules.create), Verdict::All) {
        return Ok(None);
    }
    let mut sql = Sql::new();
    sql.push("with new as materialized (");
    with_generated(&mut sql, table, |sql| {
        new_row(sql, import);
        sql.push(" from pg_temp.annex_import s");
    });
    sql.push("), denied as (select \"ctid\" from new except select \"ctid\" from new ");
    sql.alias(NEW).push(" where ");
    condition(context, &mut sql, table, &table.rules.create, Source::Alias(NEW))?;
    sql.push("), removed as (delete from pg_temp.annex_import s using denied d");
    sql.push(" where s.line = d.\"ctid\" returning s.line)");
    answer(&mut sql, "line", most);
    Ok(Some(sql))
}

fn insert(context: &Context<'_>, sql: &mut Sql, import: Import<'_>, most: usize) -> Result<(), Stale> {
    let table = import.table;
    if matches!(context.verdict(&table.rules.create), Verdict::All) {
        sql.push("with written as (");
        insert_into(sql, table, import.columns.iter().map(|staged| staged.column));
        sql.push(" select ");
        sql.separated(", ", import.columns, |sql, staged| {
            given_or_default(sql, table, *staged);
        });
        sql.push(" from pg_temp.annex_import s where s.line between $1::int8 and $2::int8 returning 1)");
        sql.push(" select count(*), 0::int8, 0::int8, '{}'::int8[] from written");
        return Ok(());
    }
    sql.push("with new as materialized (");
    with_generated(sql, table, |sql| {
        new_row(sql, import);
        sql.push(" from pg_temp.annex_import s where s.line between $1::int8 and $2::int8");
    });
    sql.push("), allowed as materialized (select * from new ").alias(NEW).push(" where ");
    condition(context, sql, table, &table.rules.create, Source::Alias(NEW))?;
    sql.push("), written as (");
    insert_new(sql, import);
    sql.push(" from allowed ").alias(NEW).push(" returning 1)");
    sql.push(" select (select count(*) from written), 0::int8, (select count(*) from new) - (select count(*) from allowed)");
    sql.push(", array(select \"ctid\" from new except select \"ctid\" from allowed order by 1 limit ");
    sql.number(most).push(")");
    Ok(())
}

fn upsert(context: &Context<'_>, sql: &mut Sql, import: Import<'_>, most: usize) -> Result<(), Stale> {
    let table = import.table;
    sql.push("with matched as materialized (");
    with_generated(sql, table, |sql| {
        sql.push("s.line as \"ctid\"");
        for (index, column) in plain(table) {
            sql.push(", ");
            match import.columns.iter().find(|staged| staged.column == index) {
                Some(staged) if updates(import, *staged) => {
                    given_or(sql, table, *staged, |sql| {
                        sql.column(Alias::ROOT, column);
                    });
                }
                _ => drop(sql.column(Alias::ROOT, column)),
            }
            sql.push(" as ").name(&column.name);
        }
        sql.push(" from pg_temp.annex_import s join ").name(&table.name).push(" ").alias(Alias::ROOT);
        sql.push(" on ").separated(" and ", import.upsert, |sql, index| {
            let column = &table.columns[*index];
            sql.column(Alias::ROOT, column).push(" = ");
            staged_value(sql, table, *index);
        });
        sql.push(" where s.line between $1::int8 and $2::int8 for update of ").alias(Alias::ROOT);
    });
    sql.push("), new as materialized (");
    with_generated(sql, table, |sql| {
        new_row(sql, import);
        sql.push(" from pg_temp.annex_import s where s.line between $1::int8 and $2::int8");
        sql.push(" and not exists (select from matched m where m.\"ctid\" = s.line)");
    });
    sql.push("), allowed as materialized (select * from new ").alias(NEW).push(" where ");
    condition(context, sql, table, &table.rules.create, Source::Alias(NEW))?;
    sql.push("), inserted as (");
    insert_new(sql, import);
    sql.push(" from allowed ").alias(NEW).push(" returning 1), updated as (update ");
    sql.name(&table.name).push(" as ").alias(Alias::ROOT).push(" set ");
    let changed: Vec<usize> = import
        .columns
        .iter()
        .filter(|staged| updates(import, **staged))
        .map(|staged| staged.column)
        .collect();
    let set = if changed.is_empty() { import.upsert } else { &changed };
    sql.separated(", ", set, |sql, index| {
        let column = &table.columns[*index];
        sql.name(&column.name).push(" = ").column(NEW, column);
    });
    sql.push(" from matched ").alias(NEW).push(" where ");
    sql.separated(" and ", import.upsert, |sql, index| {
        let column = &table.columns[*index];
        sql.column(Alias::ROOT, column).push(" = ").column(NEW, column);
    });
    sql.push(" and ");
    condition(context, sql, table, &table.rules.update, Source::Alias(Alias::ROOT))?;
    sql.push(" returning ").alias(NEW).push(".\"ctid\"), denied as (");
    sql.push("(select \"ctid\" from new except select \"ctid\" from allowed) union all ");
    sql.push("(select \"ctid\" from matched except select \"ctid\" from updated))");
    sql.push(" select (select count(*) from inserted), (select count(*) from updated), (select count(*) from denied)");
    sql.push(", array(select \"ctid\" from denied order by 1 limit ").number(most).push(")");
    Ok(())
}

/// Whether a staged column changes rows that are there: the key of a row stays.
fn updates(import: Import<'_>, staged: Staged) -> bool {
    !import.table.collection.fields[staged.column].primary_key && !import.upsert.contains(&staged.column)
}

/// What a rule demands of `this`, the row as it would be written beside it.
fn condition(
    context: &Context<'_>,
    sql: &mut Sql,
    table: &Table,
    rule: &Rule,
    this: Source<'_>,
) -> Result<(), Stale> {
    match context.verdict(rule) {
        Verdict::All => drop(sql.push("true")),
        Verdict::Nothing => drop(sql.push("false")),
        Verdict::Some(rule) => {
            sql.push("(");
            let rows = Rows::of(table, this).with_new(Source::Alias(NEW));
            context.write(sql, &mut { NEW.0 }, rows, Trust::Rule, rule)?;
            sql.push(")");
        }
    }
    Ok(())
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

/// Inserts rows of `new`, with the defaults that the rule saw.
fn insert_new(sql: &mut Sql, import: Import<'_>) {
    let table = import.table;
    let staged = |index: usize| import.columns.iter().any(|staged| staged.column == index);
    let written: Vec<usize> = (0..table.columns.len())
        .filter(|index| {
            staged(*index) || matches!(table.columns[*index].filled, Filled::Default(_) | Filled::Null)
        })
        .collect();
    insert_into(sql, table, written.iter().copied());
    sql.push(" select ").separated(", ", &written, |sql, index| {
        sql.column(NEW, &table.columns[*index]);
    });
}

/// The columns that somebody can give a value.
fn plain(table: &Table) -> impl Iterator<Item = (usize, &Column)> {
    table.columns.iter().enumerate().filter(|(_, column)| !matches!(column.filled, Filled::Generated(_)))
}

/// Writes a query of rows of the table, to which the generated columns are added; `query` writes it without `select`.
fn with_generated(sql: &mut Sql, table: &Table, query: impl FnOnce(&mut Sql)) {
    let generated: Vec<(&Column, _)> = table
        .columns
        .iter()
        .filter_map(|column| match &column.filled {
            Filled::Generated(expression) => Some((column, expression)),
            _ => None,
        })
        .collect();
    sql.push("select ");
    if generated.is_empty() {
        return query(sql);
    }
    sql.push("plain.*");
    for (column, expression) in generated {
        sql.push(", ").fragment(expression).push(" as ").name(&column.name);
    }
    sql.push(" from (select ");
    query(sql);
    sql.push(") plain");
}

/// The line and every column of a new row except the generated ones, each under its own name.
fn new_row(sql: &mut Sql, import: Import<'_>) {
    sql.push("s.line as \"ctid\"");
    for (index, column) in plain(import.table) {
        sql.push(", ");
        match import.columns.iter().find(|staged| staged.column == index) {
            Some(staged) => given_or_default(sql, import.table, *staged),
            None => drop(default_value(sql, column)),
        }
        sql.push(" as ").name(&column.name);
    }
}

fn given_or_default(sql: &mut Sql, table: &Table, staged: Staged) {
    let column = &table.columns[staged.column];
    given_or(sql, table, staged, |sql| match column.filled {
        Filled::Identity => {
            let name = table.collection.fields[staged.column].name.as_str();
            sql.push("nextval(pg_get_serial_sequence(");
            sql.bind(Bind::text(table.name.as_sql()), "text").push(", ").bind(Bind::text(name), "text");
            sql.push("))");
        }
        _ => drop(default_value(sql, column)),
    });
}

fn given_or(sql: &mut Sql, table: &Table, staged: Staged, otherwise: impl FnOnce(&mut Sql)) {
    if !staged.flagged {
        return staged_value(sql, table, staged.column);
    }
    sql.push("(case when s.g").number(staged.column).push(" then ");
    staged_value(sql, table, staged.column);
    sql.push(" else ");
    otherwise(sql);
    sql.push(" end)");
}

pub(super) fn staged_value(sql: &mut Sql, table: &Table, column: usize) {
    sql.cast(&table.columns[column], |sql| {
        sql.push("s.c").number(column);
    });
}

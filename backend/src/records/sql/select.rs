//! Statements that read.

use annex_openapi::expression::Predicate;

use super::predicate::{Context, Rows, Source, Stale, Trust, Verdict};
use super::{Alias, Bind, Sql};
use crate::collections::catalogue::{Column, Constraint, Demand, Rule, Table, Wire};

/// A column that a list is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortKey {
    /// The column, by index.
    pub column: usize,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// Which rows of those that the list rule shows are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Matching<'a> {
    /// The caller's own condition.
    pub filter: Option<&'a Predicate>,
    /// Words to look for.
    pub search: Option<&'a str>,
}

/// Which rows of a table a list has, and in what order.
#[derive(Debug, Clone)]
pub struct List<'a> {
    /// The columns to read, by index.
    pub columns: &'a [usize],
    /// Which rows.
    pub matching: Matching<'a>,
    /// The order; it ends with the key, so that no two rows are equal in it.
    pub sort: &'a [SortKey],
    /// The values of `sort` in the row after which to begin.
    pub after: Option<&'a [Option<String>]>,
    /// How many rows to skip from there.
    pub offset: usize,
    /// At most so many rows; none for all.
    pub limit: Option<usize>,
}

/// The row of that key, with its version last where it has one. None where the rule denies without looking.
///
/// # Errors
/// A rule was checked against another schema.
pub fn get(
    context: &Context<'_>,
    table: &Table,
    columns: &[usize],
    key: &[Bind],
) -> Result<Option<Sql>, Stale> {
    let mut sql = Sql::new();
    sql.push("select ");
    read_columns(&mut sql, table, columns);
    if table.versioned {
        sql.push(", ").alias(Alias::ROOT).push(".xmin");
    }
    from_table(&mut sql, table);
    sql.push(" where ");
    key_equals(&mut sql, table, key);
    Ok(guard(context, &mut sql, &mut 0, table, &table.rules.view)?.then_some(sql))
}

/// The rows of a list. None where the rule denies without looking.
///
/// # Errors
/// A rule was checked against another schema.
pub fn list(context: &Context<'_>, table: &Table, list: &List<'_>) -> Result<Option<Sql>, Stale> {
    let mut sql = Sql::new();
    sql.push("select ");
    read_columns(&mut sql, table, list.columns);
    if let Some(limit) = list.limit
        && list.offset > 0
        && is_found_by_key(table)
    {
        return Ok(skip(context, &mut sql, table, list, limit)?.then_some(sql));
    }
    from_table(&mut sql, table);
    if !ordered(context, &mut sql, table, list)? {
        return Ok(None);
    }
    if list.offset > 0 {
        sql.push(" offset ").bind(Bind::text(list.offset.to_string()), "int8");
    }
    if let Some(limit) = list.limit {
        sql.push(" limit ").bind(Bind::text(limit.to_string()), "int8");
    }
    Ok(Some(sql))
}

/// Looks for the keys of the rows behind those to skip, and only then at the rows: with an index on what is sorted by, the
/// skipped rows themselves are not read, and without one only keys are sorted. False where the rule denies without looking.
fn skip(
    context: &Context<'_>,
    sql: &mut Sql,
    table: &Table,
    list: &List<'_>,
    limit: usize,
) -> Result<bool, Stale> {
    sql.push(" from (select ");
    sql.separated(", ", &table.key, |sql, index| {
        sql.column(Alias::ROOT, &table.columns[*index]).push(" as k").number(*index);
    });
    from_table(sql, table);
    if !ordered(context, sql, table, list)? {
        return Ok(false);
    }
    sql.push(" offset ").bind(Bind::text(list.offset.to_string()), "int8");
    // A number in the text: not knowing it, the planner takes it for a tenth of the table, and joins with the whole of it.
    sql.push(" limit ").number(limit).push(") k join ").name(&table.name).push(" ").alias(Alias::ROOT);
    sql.push(" on ").separated(" and ", &table.key, |sql, index| {
        sql.column(Alias::ROOT, &table.columns[*index]).push(" = k.k").number(*index);
    });
    order(sql, table, list.sort);
    Ok(true)
}

/// Whether the database itself holds that a key is that of one row, which it then finds quickly.
fn is_found_by_key(table: &Table) -> bool {
    let is_key = |columns: &[usize]| {
        columns.len() == table.key.len() && columns.iter().all(|column| table.key.contains(column))
    };
    let unique = |constraint: &Constraint| constraint.demand == Demand::Unique && is_key(&constraint.columns);
    table.constraints.iter().any(unique) && !table.key.iter().any(|column| is_nullable(table, *column))
}

/// Which rows a list has from its beginning on, and their order; false where the rule denies without looking.
fn ordered(context: &Context<'_>, sql: &mut Sql, table: &Table, list: &List<'_>) -> Result<bool, Stale> {
    if !conditions(context, sql, &mut 0, table, list.matching)? {
        return Ok(false);
    }
    if let Some(values) = list.after {
        sql.push(" and ");
        after(sql, table, list.sort, values);
    }
    order(sql, table, list.sort);
    Ok(true)
}

fn order(sql: &mut Sql, table: &Table, sort: &[SortKey]) {
    sql.push(" order by ");
    sql.separated(", ", sort, |sql, key| {
        sql.column(Alias::ROOT, &table.columns[key.column]);
        if key.descending {
            sql.push(" desc");
        }
    });
}

/// The rows that the caller may view and the filter fits, by key, at most so many. None where the rule denies without looking.
///
/// # Errors
/// A rule was checked against another schema.
pub fn viewed(
    context: &Context<'_>,
    table: &Table,
    columns: &[usize],
    filter: Option<&Predicate>,
    limit: usize,
) -> Result<Option<Sql>, Stale> {
    let mut sql = Sql::new();
    sql.push("select ");
    read_columns(&mut sql, table, columns);
    from_table(&mut sql, table);
    sql.push(" where true");
    let mut aliases = 0;
    if !guard(context, &mut sql, &mut aliases, table, &table.rules.view)? {
        return Ok(None);
    }
    if let Some(filter) = filter {
        sql.push(" and (");
        let rows = Rows::of(table, Source::Alias(Alias::ROOT));
        context.write(&mut sql, &mut aliases, rows, Trust::Filter, filter)?;
        sql.push(")");
    }
    sql.push(" order by ").separated(", ", &table.key, |sql, index| {
        sql.column(Alias::ROOT, &table.columns[*index]);
    });
    sql.push(" limit ").bind(Bind::text(limit.to_string()), "int8");
    Ok(Some(sql))
}

/// All rows, whoever may see them: columns as text.
pub fn whole(table: &Table, columns: impl IntoIterator<Item = usize>) -> Sql {
    let mut sql = Sql::new();
    sql.push("select ").separated(", ", columns, |sql, index| {
        sql.column(Alias::ROOT, &table.columns[index]).push("::text");
    });
    from_table(&mut sql, table);
    sql
}

/// How many rows a list has in all. None where the rule denies without looking.
///
/// # Errors
/// A rule was checked against another schema.
pub fn count(context: &Context<'_>, table: &Table, matching: Matching<'_>) -> Result<Option<Sql>, Stale> {
    let mut sql = Sql::new();
    sql.push("select count(*)");
    from_table(&mut sql, table);
    Ok(conditions(context, &mut sql, &mut 0, table, matching)?.then_some(sql))
}

/// About how many rows a list has, as Postgres's planner sees it. None where the rule denies without looking.
///
/// # Errors
/// A rule was checked against another schema.
pub fn estimate(context: &Context<'_>, table: &Table, matching: Matching<'_>) -> Result<Option<Sql>, Stale> {
    let mut sql = Sql::new();
    sql.push("explain (format json) select 1");
    from_table(&mut sql, table);
    Ok(conditions(context, &mut sql, &mut 0, table, matching)?.then_some(sql))
}

/// Values of one table's column that are looked for in a column of another.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The column that has the values. They are compared as its type, which the other column's may be narrower than.
    pub of: &'a Column,
    /// The text of an array of their texts.
    pub values: String,
    /// The column in which they are looked for, by index.
    pub column: usize,
    /// At most so many rows in all.
    pub limit: usize,
}

impl Wanted<'_> {
    /// Writes the values as the rows `k(value, n)`, `n` being the place of the value among them, from one.
    fn rows(&self, sql: &mut Sql) {
        sql.push("unnest(").bind(Bind::text(self.values.as_str()), "text[]");
        sql.push(") with ordinality k(value, n)");
    }

    /// Writes that the root row has the value. Postgres alone knows which are equal: `1.0` and `1.00` are.
    fn equals(&self, sql: &mut Sql, table: &Table) {
        sql.column(Alias::ROOT, &table.columns[self.column]).push(" = ");
        sql.cast(self.of, |sql| {
            sql.push("k.value");
        });
    }
}

/// The rows that have one of the values of a unique column, with the place of the value last. None where the rule denies without
/// looking.
///
/// # Errors
/// A rule was checked against another schema.
pub fn by_values(
    context: &Context<'_>,
    table: &Table,
    columns: &[usize],
    wanted: &Wanted<'_>,
) -> Result<Option<Sql>, Stale> {
    let mut sql = Sql::new();
    sql.push("select ");
    for index in columns {
        sql.read(Alias::ROOT, &table.columns[*index]).push(", ");
    }
    sql.push("k.n");
    sql.result = types_with_place(table, columns);
    from_table(&mut sql, table);
    sql.push(" join ");
    wanted.rows(&mut sql);
    sql.push(" on ");
    wanted.equals(&mut sql, table);
    sql.push(" where true");
    if !guard(context, &mut sql, &mut 0, table, &table.rules.view)? {
        return Ok(None);
    }
    sql.push(" order by k.n limit ").bind(Bind::text(wanted.limit.to_string()), "int8");
    Ok(Some(sql))
}

/// The first `each` rows, by key, for each of the values, with the place of the value last. None where the rule denies without
/// looking.
///
/// # Errors
/// A rule was checked against another schema.
pub fn first_by_value(
    context: &Context<'_>,
    table: &Table,
    columns: &[usize],
    wanted: &Wanted<'_>,
    each: usize,
) -> Result<Option<Sql>, Stale> {
    let mut sql = Sql::new();
    sql.push("select ");
    for index in columns {
        sql.push("r.c").number(*index).push(", ");
    }
    sql.push("k.n from ");
    sql.result = types_with_place(table, columns);
    wanted.rows(&mut sql);
    sql.push(" cross join lateral (select ");
    for index in columns {
        sql.read(Alias::ROOT, &table.columns[*index]).push(" as c").number(*index).push(", ");
    }
    sql.separated(", ", &table.key, |sql, index| {
        sql.column(Alias::ROOT, &table.columns[*index]).push(" as k").number(*index);
    });
    from_table(&mut sql, table);
    sql.push(" where ");
    wanted.equals(&mut sql, table);
    if !guard(context, &mut sql, &mut 0, table, &table.rules.view)? {
        return Ok(None);
    }
    sql.push(" order by ");
    sql.separated(", ", &table.key, |sql, index| {
        sql.column(Alias::ROOT, &table.columns[*index]);
    });
    sql.push(" limit ").number(each).push(") r order by k.n");
    for index in &table.key {
        sql.push(", r.k").number(*index);
    }
    sql.push(" limit ").bind(Bind::text(wanted.limit.to_string()), "int8");
    Ok(Some(sql))
}

fn types(table: &Table, columns: &[usize]) -> Vec<(Wire, bool)> {
    columns.iter().map(|index| (table.columns[*index].wire, table.columns[*index].array)).collect()
}

fn types_with_place(table: &Table, columns: &[usize]) -> Vec<(Wire, bool)> {
    let mut types = types(table, columns);
    types.push((Wire::Int8, false));
    types
}

/// Reads columns of the root row.
pub(super) fn read_columns(sql: &mut Sql, table: &Table, columns: &[usize]) {
    if columns.is_empty() {
        sql.push("1");
    }
    sql.result = types(table, columns);
    sql.separated(", ", columns, |sql, index| {
        sql.read(Alias::ROOT, &table.columns[*index]);
    });
}

pub(super) fn from_table(sql: &mut Sql, table: &Table) {
    sql.push(" from ").name(&table.name).push(" ").alias(Alias::ROOT);
}

/// Writes that the root row has that key.
pub(super) fn key_equals(sql: &mut Sql, table: &Table, key: &[Bind]) {
    sql.separated(" and ", table.key.iter().zip(key), |sql, (index, bind)| {
        let column = &table.columns[*index];
        sql.column(Alias::ROOT, column).push(" = ").value(column, bind.clone());
    });
}

/// Adds what a rule demands of the root row; false where it denies without looking.
pub(super) fn guard(
    context: &Context<'_>,
    sql: &mut Sql,
    aliases: &mut usize,
    table: &Table,
    rule: &Rule,
) -> Result<bool, Stale> {
    match context.verdict(rule) {
        Verdict::All => {}
        Verdict::Nothing => return Ok(false),
        Verdict::Some(predicate) => {
            sql.push(" and (");
            context.write(
                sql,
                aliases,
                Rows::of(table, Source::Alias(Alias::ROOT)),
                Trust::Rule,
                predicate,
            )?;
            sql.push(")");
        }
    }
    Ok(true)
}

/// The list rule, the filter and the search; false where the rule denies without looking.
pub(super) fn conditions(
    context: &Context<'_>,
    sql: &mut Sql,
    aliases: &mut usize,
    table: &Table,
    matching: Matching<'_>,
) -> Result<bool, Stale> {
    sql.push(" where true");
    if !guard(context, sql, aliases, table, &table.rules.list)? {
        return Ok(false);
    }
    if let Some(filter) = matching.filter {
        sql.push(" and (");
        context.write(sql, aliases, Rows::of(table, Source::Alias(Alias::ROOT)), Trust::Filter, filter)?;
        sql.push(")");
    }
    if let (Some(words), Some(search)) = (matching.search, &table.search) {
        sql.push(" and ")
            .fragment(&search.vector)
            .push(" @@ websearch_to_tsquery(")
            .fragment(&search.configuration);
        sql.push("::regconfig, ").bind(Bind::text(words), "text").push(")");
    }
    Ok(true)
}

fn is_nullable(table: &Table, column: usize) -> bool {
    !table.collection.fields[column].required
}

/// Writes that the root row comes after the one with those values. Nulls come last in ascending and first in
/// descending order, as Postgres has them by default.
fn after(sql: &mut Sql, table: &Table, sort: &[SortKey], values: &[Option<String>]) {
    let same_direction = sort.iter().all(|key| key.descending == sort[0].descending);
    let never_null = sort.iter().all(|key| !is_nullable(table, key.column));
    if same_direction && never_null {
        // A row comparison is one range of an index.
        sql.push("(");
        sql.separated(", ", sort, |sql, key| {
            sql.column(Alias::ROOT, &table.columns[key.column]);
        });
        sql.push(if sort[0].descending { ") < (" } else { ") > (" });
        sql.separated(", ", sort.iter().zip(values), |sql, (key, value)| {
            sql.value(&table.columns[key.column], Bind(value.clone()));
        });
        sql.push(")");
        return;
    }
    sql.push("(");
    sql.separated(" or ", 0..sort.len(), |sql, last| {
        sql.push("(");
        for (key, value) in sort[..last].iter().zip(values) {
            equals(sql, &table.columns[key.column], value);
            sql.push(" and ");
        }
        beyond(sql, table, sort[last], &values[last]);
        sql.push(")");
    });
    sql.push(")");
}

fn equals(sql: &mut Sql, column: &Column, value: &Option<String>) {
    sql.column(Alias::ROOT, column);
    match value {
        None => sql.push(" is null"),
        Some(value) => sql.push(" = ").value(column, Bind::text(value)),
    };
}

fn beyond(sql: &mut Sql, table: &Table, key: SortKey, value: &Option<String>) {
    let column = &table.columns[key.column];
    match (value, key.descending) {
        (None, false) => drop(sql.push("false")),
        (None, true) => drop(sql.column(Alias::ROOT, column).push(" is not null")),
        (Some(value), true) => {
            sql.column(Alias::ROOT, column).push(" < ").value(column, Bind::text(value));
        }
        (Some(value), false) => {
            sql.push("(").column(Alias::ROOT, column).push(" > ").value(column, Bind::text(value));
            if is_nullable(table, key.column) {
                sql.push(" or ").column(Alias::ROOT, column).push(" is null");
            }
            sql.push(")");
        }
    }
}

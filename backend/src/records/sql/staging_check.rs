//! Statements that find the bad rows of a staging table many at a time, and take them out of it.
//!
//! Each answers with the lines that it took out, first to last, and how many they are in all. A check never takes out a row that
//! the table would take; what none of them finds is found row by row.

use super::staging::{Staged, staged_value};
use super::{Alias, Sql};
use crate::collections::catalogue::Table;

/// Rows whose columns repeat those of an earlier row; with the line of that row.
pub fn repeated(table: &Table, key: &[usize], most: usize) -> Sql {
    let mut sql = Sql::new();
    numbered(&mut sql, table, key);
    sql.push("removed as (delete from pg_temp.annex_import s using numbered n");
    sql.push(" where s.line = n.line and n.line <> n.first returning n.line, n.first)");
    answer(&mut sql, "first", most);
    sql
}

/// Puts rows aside whose columns repeat those of an earlier row: their lines are negative until [`BRING_BACK`].
pub fn put_aside(table: &Table, key: &[usize]) -> Sql {
    let mut sql = Sql::new();
    numbered(&mut sql, table, key);
    sql.push("aside as (update pg_temp.annex_import s set line = -s.line from numbered n");
    sql.push(" where s.line = n.line and n.line <> n.first returning 1) select count(*) from aside");
    sql
}

/// Brings back the rows that were put aside, and forgets the others, which have been tried.
pub const BRING_BACK: &str = "delete from pg_temp.annex_import where line >= 0; \
    update pg_temp.annex_import set line = -line; analyze pg_temp.annex_import";

/// Rows whose columns are those of a row that is in the table.
pub fn taken(table: &Table, key: &[usize], most: usize) -> Sql {
    let mut sql = Sql::new();
    sql.push(
        "with removed as (delete from pg_temp.annex_import s where s.line >= 0 and exists (select from ",
    );
    sql.name(&table.name).push(" ").alias(Alias::ROOT).push(" where ");
    sql.separated(" and ", key, |sql, index| {
        sql.column(Alias::ROOT, &table.columns[*index]).push(" = ");
        staged_value(sql, table, *index);
    });
    sql.push(") returning s.line)");
    answer(&mut sql, "line", most);
    sql
}

/// Rows that point at a row of another table, by `target` there, which is not in it.
pub fn dangling(table: &Table, staged: Staged, other: &Table, target: usize, most: usize) -> Sql {
    let mut sql = Sql::new();
    sql.push("with removed as (delete from pg_temp.annex_import s where s.c").number(staged.column);
    sql.push(" is not null and not exists (select from ").name(&other.name).push(" ").alias(Alias::ROOT);
    sql.push(" where ").column(Alias::ROOT, &other.columns[target]).push(" = ");
    staged_value(&mut sql, table, staged.column);
    sql.push(") returning s.line)");
    answer(&mut sql, "line", most);
    sql
}

/// Each line that has the whole key, and the first line with the same.
fn numbered(sql: &mut Sql, table: &Table, key: &[usize]) {
    sql.push("with numbered as (select s.line, min(s.line) over (partition by ");
    sql.separated(", ", key, |sql, index| staged_value(sql, table, *index));
    sql.push(") as first from pg_temp.annex_import s where s.line >= 0 and ");
    sql.separated(" and ", key, |sql, index| {
        sql.push("s.c").number(*index).push(" is not null");
    });
    sql.push("), ");
}

pub(super) fn answer(sql: &mut Sql, with: &'static str, most: usize) {
    sql.push(" select count(*) over (), line, ")
        .push(with)
        .push(" from removed order by line limit ")
        .number(most);
}

//! A field of a row: one that is there, one that is about to be written, or one that relations lead to.

use std::sync::Arc;

use annex_openapi::expression::{FieldRef, Row};

use super::writer::Writer;
use super::{Rows, Slot, Source, Stale, Written};
use crate::collections::catalogue::{Column, Filled, Table, Wire};
use crate::records::sql::write::default_value;
use crate::records::sql::{Alias, Sql};

impl Writer<'_, '_> {
    pub(super) fn field(&mut self, rows: Rows<'_>, field: &FieldRef) -> Result<(), Stale> {
        let (table, source) = match field.row {
            Row::This => (rows.table, rows.this),
            Row::New => (rows.written, rows.new.ok_or_else(|| Stale("@new".to_owned()))?),
            Row::Outer => rows.outer.ok_or_else(|| Stale("$".to_owned()))?,
        };
        let Some((first, rest)) = field.hops.split_first() else {
            return self.source_column(table, source, &field.field);
        };
        // One sub-select that follows the relations; no row on the way makes it null.
        let mut target = self.table(&first.target)?;
        let mut alias = self.alias();
        let mut joins = vec![(Arc::clone(&target), alias)];
        let mut conditions = Vec::new();
        for hop in rest {
            let next = self.table(&hop.target)?;
            let next_alias = self.alias();
            conditions.push((
                (alias, column(&target, &hop.field)?.clone()),
                (next_alias, column(&next, &hop.key)?.clone()),
            ));
            joins.push((Arc::clone(&next), next_alias));
            (target, alias) = (next, next_alias);
        }
        self.sql.push("(select ");
        self.readable(alias, column(&target, &field.field)?);
        self.sql.push(" from ");
        for (index, (table, alias)) in joins.iter().enumerate() {
            if index > 0 {
                self.sql.push(", ");
            }
            self.sql.name(&table.name).push(" ").alias(*alias);
        }
        self.sql.push(" where ");
        for (table, alias) in &joins {
            self.visible(table, *alias)?;
        }
        for ((from, relation), (to, key)) in &conditions {
            self.sql.column(*to, key).push(" = ").column(*from, relation).push(" and ");
        }
        let (first_table, first_alias) = &joins[0];
        self.sql.column(*first_alias, column(first_table, &first.key)?).push(" = ");
        self.source_column(table, source, &first.field)?;
        self.close()
    }

    /// A column in the form in which conditions use it.
    fn readable(&mut self, alias: Alias, column: &Column) {
        self.sql.column(alias, column).push(as_condition(column));
    }

    fn source_column(&mut self, table: &Table, source: Source<'_>, field: &str) -> Result<(), Stale> {
        let index = table.column(field).ok_or_else(|| Stale(field.to_owned()))?;
        let column = &table.columns[index];
        match source {
            Source::Alias(alias) => self.readable(alias, column),
            Source::Written(written) => match (written.slots[index], &column.filled) {
                (_, Filled::Generated(expression)) => {
                    self.sql.push("(select ").fragment(expression).push(" from (select ");
                    self.written_row(table, written);
                    self.sql.push(") written)").push(as_condition(column));
                }
                (Slot::Unchanged, _) => self.readable(written.base, column),
                (slot, _) => {
                    self.sql.push("(");
                    written_value(self.sql, column, slot, written.base).push(")").push(as_condition(column));
                }
            },
        }
        Ok(())
    }

    /// The columns of the row as it would be written, each under its own name, for an expression over them.
    fn written_row(&mut self, table: &Table, written: Written<'_>) {
        let plain = table
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| !matches!(column.filled, Filled::Generated(_)));
        self.sql.separated(", ", plain, |sql, (index, column)| {
            written_value(sql, column, written.slots[index], written.base).push(" as ").name(&column.name);
        });
    }
}

/// The cast after a column's own value that brings it into the form in which conditions use it.
fn as_condition(column: &Column) -> &'static str {
    match (column.wire, column.array) {
        (Wire::Other, false) => "::text",
        (Wire::Other, true) => "::text[]",
        (Wire::Json, false) => "::jsonb",
        (Wire::Json, true) => "::jsonb[]",
        _ => "",
    }
}

/// A column's value in the row as it would be written.
fn written_value<'s>(sql: &'s mut Sql, column: &Column, slot: Slot, base: Alias) -> &'s mut Sql {
    match slot {
        Slot::Unchanged => sql.column(base, column),
        Slot::Place(place) => sql.value_at(column, place),
        Slot::Default => default_value(sql, column),
    }
}

/// The column of a field.
pub(super) fn column<'t>(table: &'t Table, field: &str) -> Result<&'t Column, Stale> {
    table.column(field).map(|index| &table.columns[index]).ok_or_else(|| Stale(field.to_owned()))
}

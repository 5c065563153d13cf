//! The statements, as text. Names come quoted, values through [`quote`].

use annex_openapi::collections::OnDelete;

use super::literal::quote;
use crate::collections::catalogue::Identifier;

/// A column to make.
#[derive(Debug, Clone)]
pub(in crate::collections) struct ColumnDefinition {
    pub(in crate::collections) name: Identifier,
    pub(in crate::collections) type_sql: String,
    pub(in crate::collections) required: bool,
    /// The name of its unique constraint.
    pub(in crate::collections) unique: Option<Identifier>,
    pub(in crate::collections) default: Option<String>,
    pub(in crate::collections) references: Option<Reference>,
}

impl ColumnDefinition {
    fn sql(&self) -> String {
        let mut sql = format!("{} {}", self.name.as_sql(), self.type_sql);
        if self.required {
            sql.push_str(" not null");
        }
        if let Some(default) = &self.default {
            sql.push_str(&format!(" default {default}"));
        }
        if let Some(constraint) = &self.unique {
            sql.push_str(&format!(" constraint {} unique", constraint.as_sql()));
        }
        if let Some(reference) = &self.references {
            sql.push_str(&format!(" constraint {} {}", reference.constraint.as_sql(), reference.sql()));
        }
        sql
    }
}

/// What a foreign key points at.
#[derive(Debug, Clone)]
pub(in crate::collections) struct Reference {
    pub(in crate::collections) constraint: Identifier,
    pub(in crate::collections) table: Identifier,
    pub(in crate::collections) column: Identifier,
    pub(in crate::collections) on_delete: OnDelete,
}

impl Reference {
    fn sql(&self) -> String {
        let on_delete = match self.on_delete {
            OnDelete::Restrict => "restrict",
            OnDelete::Cascade => "cascade",
            OnDelete::SetNull => "set null",
        };
        format!("references {} ({}) on delete {on_delete}", self.table.as_sql(), self.column.as_sql())
    }
}

pub(in crate::collections) fn create_table(table: &Identifier, columns: &[ColumnDefinition]) -> String {
    let mut lines = vec!["\"id\" uuid primary key default annex.uuid_v7()".to_owned()];
    lines.extend(columns.iter().map(ColumnDefinition::sql));
    lines.push("\"created_at\" timestamp with time zone not null default now()".to_owned());
    lines.push("\"updated_at\" timestamp with time zone not null default now()".to_owned());
    format!("create table {} (\n    {}\n)", table.as_sql(), lines.join(",\n    "))
}

pub(in crate::collections) fn touch_updated_at(table: &Identifier) -> String {
    format!(
        "create trigger \"touch_updated_at\" before update on {} for each row execute function annex.touch_updated_at()",
        table.as_sql()
    )
}

/// Publishes the changes of a table, with the rows as they were, or stops it.
pub(in crate::collections) fn set_realtime(table: &Identifier, wanted: bool) -> String {
    format!("select annex.set_realtime({}, {wanted})", quote(table.as_sql()))
}

pub(in crate::collections) fn create_enum(name: &Identifier, values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| quote(value)).collect();
    format!("create type {} as enum ({})", name.as_sql(), values.join(", "))
}

/// Adds a value to an enum, after another one or before all.
pub(in crate::collections) fn add_enum_value(type_sql: &str, value: &str, place: EnumPlace<'_>) -> String {
    let place = match place {
        EnumPlace::After(other) => format!("after {}", quote(other)),
        EnumPlace::Before(other) => format!("before {}", quote(other)),
    };
    format!("alter type {type_sql} add value {} {place}", quote(value))
}

/// Where a new value of an enum goes.
#[derive(Debug, Clone, Copy)]
pub(in crate::collections) enum EnumPlace<'a> {
    After(&'a str),
    Before(&'a str),
}

pub(in crate::collections) fn drop_type(type_sql: &str) -> String {
    format!("drop type {type_sql}")
}

pub(in crate::collections) fn create_index(
    name: &Identifier,
    table: &Identifier,
    columns: &[(Identifier, bool)],
    unique: bool,
) -> String {
    let columns: Vec<String> = columns
        .iter()
        .map(|(column, descending)| format!("{}{}", column.as_sql(), if *descending { " desc" } else { "" }))
        .collect();
    let unique = if unique { "unique " } else { "" };
    format!("create {unique}index {} on {} ({})", name.as_sql(), table.as_sql(), columns.join(", "))
}

/// `||` and `coalesce` rather than `concat_ws`, which is not immutable.
pub(in crate::collections) fn create_search_index(
    name: &Identifier,
    table: &Identifier,
    columns: &[Identifier],
) -> String {
    let texts: Vec<String> =
        columns.iter().map(|column| format!("coalesce({}, '')", column.as_sql())).collect();
    format!(
        "create index {} on {} using gin (to_tsvector('simple', {}))",
        name.as_sql(),
        table.as_sql(),
        texts.join(" || ' ' || ")
    )
}

/// `name` with its schema.
pub(in crate::collections) fn drop_index(name: &Identifier) -> String {
    format!("drop index {}", name.as_sql())
}

pub(in crate::collections) fn drop_relation(kind: &str, name: &Identifier) -> String {
    format!("drop {kind} {}", name.as_sql())
}

/// A change of a table.
#[derive(Debug, Clone)]
pub(in crate::collections) enum Alteration<'a> {
    Rename(&'a Identifier),
    AddColumn(&'a ColumnDefinition),
    RenameColumn(&'a Identifier, &'a Identifier),
    DropColumn(&'a Identifier),
    /// The column, its type and how its values become of it.
    Type(&'a Identifier, &'a str, &'a str),
    SetDefault(&'a Identifier, &'a str),
    DropDefault(&'a Identifier),
    SetNotNull(&'a Identifier),
    DropNotNull(&'a Identifier),
    AddUnique(&'a Identifier, &'a Identifier),
    AddForeignKey(&'a Identifier, &'a Reference),
    DropConstraint(&'a Identifier),
}

pub(in crate::collections) fn alter_table(table: &Identifier, alteration: &Alteration<'_>) -> String {
    let change = match alteration {
        Alteration::Rename(name) => format!("rename to {}", name.as_sql()),
        Alteration::AddColumn(column) => format!("add column {}", column.sql()),
        Alteration::RenameColumn(column, to) => {
            format!("rename column {} to {}", column.as_sql(), to.as_sql())
        }
        Alteration::DropColumn(column) => format!("drop column {}", column.as_sql()),
        Alteration::Type(column, type_sql, using) => {
            format!("alter column {} type {type_sql} using {using}", column.as_sql())
        }
        Alteration::SetDefault(column, default) => {
            format!("alter column {} set default {default}", column.as_sql())
        }
        Alteration::DropDefault(column) => format!("alter column {} drop default", column.as_sql()),
        Alteration::SetNotNull(column) => format!("alter column {} set not null", column.as_sql()),
        Alteration::DropNotNull(column) => format!("alter column {} drop not null", column.as_sql()),
        Alteration::AddUnique(constraint, column) => {
            format!("add constraint {} unique ({})", constraint.as_sql(), column.as_sql())
        }
        Alteration::AddForeignKey(column, reference) => format!(
            "add constraint {} foreign key ({}) {}",
            reference.constraint.as_sql(),
            column.as_sql(),
            reference.sql()
        ),
        Alteration::DropConstraint(constraint) => format!("drop constraint {}", constraint.as_sql()),
    };
    format!("alter table {} {change}", table.as_sql())
}

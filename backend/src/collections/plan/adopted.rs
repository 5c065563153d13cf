//! Taking in a table that exists: what can be said of it without the database.

use std::fmt;

use annex_openapi::collections::{AdoptRequest, CollectionKind};

use super::state::Entry;
use super::{Planner, conflict};
use crate::collections::catalogue::{Demand, Identifier};
use crate::problem::{FieldError, Problem, Result};

/// A table as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::collections) struct TableReference {
    pub(in crate::collections) schema: String,
    pub(in crate::collections) table: String,
}

impl TableReference {
    /// Takes `table`, `schema.table`, and parts in double quotes. Case is kept: the names are as Postgres spells them.
    ///
    /// # Errors
    /// In a sentence, what is wrong with it.
    pub(in crate::collections) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            let part;
            if let Some(quoted) = rest.strip_prefix('"') {
                let end = end_of_quoted(quoted).ok_or("A name in double quotes does not end")?;
                part = quoted[..end].replace("\"\"", "\"");
                rest = &quoted[end + 1..];
            } else {
                let end = rest.find('.').unwrap_or(rest.len());
                part = rest[..end].to_owned();
                rest = &rest[end..];
            }
            if part.is_empty() || part.contains('\0') {
                return Err("It must be `table` or `schema.table`".to_owned());
            }
            parts.push(part);
            match rest.strip_prefix('.') {
                Some(after) => rest = after,
                None if rest.is_empty() => break,
                None => return Err("It must be `table` or `schema.table`".to_owned()),
            }
        }
        match <[String; 2]>::try_from(parts) {
            Ok([schema, table]) => Ok(Self { schema, table }),
            Err(mut parts) if parts.len() == 1 => {
                Ok(Self { schema: "public".to_owned(), table: parts.remove(0) })
            }
            Err(_) => Err("It must be `table` or `schema.table`".to_owned()),
        }
    }

    /// As [`TableReference::parse`] takes it, and as short as it can be said.
    pub(in crate::collections) fn spelled(&self) -> String {
        let part = |part: &str| {
            let plain = !part.contains('.') && !part.starts_with('"');
            if plain { part.to_owned() } else { Identifier::quote(part).as_sql().to_owned() }
        };
        format!("{}.{}", part(&self.schema), part(&self.table))
    }

    /// Why nothing of its schema can be taken in.
    pub(in crate::collections) fn refusal(&self) -> Option<String> {
        if self.schema == "annex" {
            return Some("The schema `annex` is Annex's own".to_owned());
        }
        let system = self.schema.starts_with("pg_") || self.schema == "information_schema";
        system.then(|| format!("The schema `{}` is Postgres's own", self.schema))
    }
}

impl fmt::Display for TableReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.table)
    }
}

/// Where a quoted name ends: at a double quote that is not doubled.
fn end_of_quoted(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let end = from + text[from..].find('"')?;
        if !text[end + 1..].starts_with('"') {
            return Some(end);
        }
        from = end + 2;
    }
}

/// A collection's name made from a table's: `Order Lines` and `OrderLines` become `order_lines`.
pub(in crate::collections) fn clean_name(table: &str) -> String {
    let mut name = String::new();
    let mut before_lower = false;
    for character in table.chars() {
        let lower = character.to_ascii_lowercase();
        if character.is_ascii_alphanumeric() {
            if character.is_ascii_uppercase() && before_lower {
                name.push('_');
            }
            name.push(lower);
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        before_lower = character.is_ascii_lowercase() || character.is_ascii_digit();
    }
    let mut name = name.trim_matches('_').to_owned();
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name = format!("t_{name}").trim_end_matches('_').to_owned();
    }
    name.truncate(crate::collections::ddl::names::LONGEST);
    name
}

impl Planner {
    /// Checks what was taken in against the request.
    ///
    /// # Errors
    /// What of it cannot be served, or is wrong with the request.
    pub(in crate::collections) fn check_adopted(
        &mut self,
        name: &str,
        request: &AdoptRequest,
        pointer: &str,
    ) -> Result<()> {
        let entry = self.entry(name)?.clone();
        for (place, hidden) in request.hidden.iter().enumerate() {
            let at = format!("{pointer}/hidden/{place}");
            match entry.collection.field(hidden) {
                None => self.error(at, "unknown_field", format!("There is no column `{hidden}`")),
                Some(field) if field.primary_key => {
                    let detail = format!("`{hidden}` is part of the key, which every record shows");
                    self.error(at, "not_allowed", detail);
                }
                Some(_) => {}
            }
        }
        for field in &entry.collection.fields {
            if let Some(why) = unservable(&field.name) {
                let detail = format!("The column {:?} cannot be served: its name {why}", field.name);
                self.error(format!("{pointer}/table"), "invalid_name", detail);
            }
        }
        self.no_errors()?;
        self.check_key(&entry, request, pointer)?;
        self.set_realtime(name, request.realtime, &format!("{pointer}/realtime"));
        self.no_errors()?;
        self.rules_given.push((name.to_owned(), format!("{pointer}/rules")));
        self.asked.push(name.to_owned());
        Ok(())
    }

    fn check_key(&mut self, entry: &Entry, request: &AdoptRequest, pointer: &str) -> Result<()> {
        let at = format!("{pointer}/primary_key");
        let wrong =
            |code: &str, detail: String| Problem::validation(vec![FieldError::new(at.clone(), code, detail)]);
        let table = &entry.collection.table;
        let Some(named) = &request.primary_key else {
            if entry.collection.primary_key.is_empty() {
                let detail = format!("{table} has no primary key, and records are found by one");
                let missing = FieldError::new(at, "required", detail.clone());
                return Err(conflict(detail).with_errors(vec![missing]).with_hint(
                    "Name the columns that tell its rows apart as `primary_key`, or give it a primary key",
                ));
            }
            return Ok(());
        };
        for (place, column) in named.iter().enumerate() {
            let detail = match entry.collection.field(column) {
                None => format!("There is no column `{column}`"),
                Some(_) if named[..place].contains(column) => format!("`{column}` is there twice"),
                Some(_) => continue,
            };
            self.error(format!("{at}/{place}"), "invalid", detail);
        }
        self.no_errors()?;
        if named.is_empty() {
            return Err(wrong("required", "A key has at least one column".to_owned()));
        }
        if entry.origin.named_key.is_none() {
            if *named != entry.collection.primary_key {
                let own = entry.collection.primary_key.join(", ");
                return Err(wrong("not_allowed", format!("{table} has a primary key of its own: {own}")));
            }
            return Ok(());
        }
        if entry.collection.kind == CollectionKind::View {
            return Ok(());
        }
        let same = |fields: &[String]| {
            fields.len() == named.len() && fields.iter().all(|field| named.contains(field))
        };
        let unique = entry.constraints.iter().any(|constraint| {
            matches!(constraint.demand, Demand::Unique | Demand::UniqueIndex) && same(&constraint.fields)
        });
        let empty = entry.collection.fields.iter().find(|field| field.primary_key && !field.required);
        let why = if !unique {
            "there is no unique index over exactly these columns".to_owned()
        } else if let Some(empty) = empty {
            format!("`{}` may be null", empty.name)
        } else {
            return Ok(());
        };
        let named = named.join(", ");
        Err(wrong(
            "not_unique",
            format!("({named}) does not tell the rows of {table} apart for certain: {why}"),
        )
        .with_hint("Make a unique index over these columns, and make them `not null`"))
    }
}

/// Why no parameter could name such a column.
fn unservable(name: &str) -> Option<&'static str> {
    if name.contains(',') {
        return Some("has a comma in it");
    }
    if name.contains('.') {
        return Some("has a full stop in it");
    }
    if name.starts_with('-') {
        return Some("begins with `-`");
    }
    if name.chars().any(char::is_control) {
        return Some("has a control character in it");
    }
    (name.trim() != name).then_some("begins or ends with a space")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_from_tables() {
        for (table, name) in [
            ("posts", "posts"),
            ("User", "user"),
            ("OrderLines", "order_lines"),
            ("Order Lines", "order_lines"),
            ("_prisma_migrations", "prisma_migrations"),
            ("2024 sales", "t_2024_sales"),
            ("HTTPRequests", "httprequests"),
            ("Größe", "gr_e"),
            ("表", "t"),
        ] {
            assert_eq!(clean_name(table), name, "{table}");
        }
    }

    #[test]
    fn tables_are_named_as_postgres_spells_them() {
        let parsed = |text| TableReference::parse(text).map(|table| (table.schema, table.table));
        let is = |schema: &str, table: &str| Ok((schema.to_owned(), table.to_owned()));
        assert_eq!(parsed("Orders"), is("public", "Orders"));
        assert_eq!(parsed("shop.Orders"), is("shop", "Orders"));
        assert_eq!(parsed(r#""my.shop"."a ""b"" c""#), is("my.shop", "a \"b\" c"));
        assert_eq!(parsed(r#"shop."Orders""#), is("shop", "Orders"));
        for table in ["a", "A b", "a.b", "\"", "a\"b", "\"a\".\"b\"", "ü"] {
            let reference = TableReference { schema: "my.shop".to_owned(), table: table.to_owned() };
            assert_eq!(TableReference::parse(&reference.spelled()), Ok(reference), "{table}");
        }
        for wrong in ["", ".", "a.", ".a", "a.b.c", "\"a", "\"a\"b", "a..b"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}

//! What collections and fields may be called.

use super::Planner;
use crate::collections::catalogue::Identifier;
use crate::collections::catalogue::assemble::SYSTEM_FIELDS;
use crate::collections::ddl::names;

/// Columns that every table of Postgres has.
const POSTGRES_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// Collections that there cannot be: accounts, and the words that stand in the same place in URLs.
const RESERVED_COLLECTIONS: [&str; 3] = ["users", "adopt", "apply"];

pub(super) fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_lowercase())
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && name.len() <= names::LONGEST
}

/// Whether a collection may be called that.
///
/// # Errors
/// The code of what is wrong with it, and a sentence.
pub(in crate::collections) fn check_collection_name(name: &str) -> Result<(), (&'static str, String)> {
    if !is_name(name) {
        return Err(("invalid_name", name_rule("A collection's name")));
    }
    if RESERVED_COLLECTIONS.contains(&name) {
        return Err(("reserved", format!("`{name}` has a meaning of its own: choose another name")));
    }
    Ok(())
}

impl Planner {
    /// Checks the name of a collection to be.
    pub(super) fn check_collection_name(&mut self, name: &str, pointer: &str) {
        if let Err((code, detail)) = check_collection_name(name) {
            self.error(pointer, code, detail);
        }
    }

    /// Checks the name of a field to be.
    pub(super) fn check_field_name(&mut self, name: &str, pointer: &str) {
        if !is_name(name) {
            self.error(pointer, "invalid_name", name_rule("A field's name"));
        } else if SYSTEM_FIELDS.contains(&name) {
            self.error(pointer, "reserved", format!("`{name}` comes by itself: leave it out"));
        } else if POSTGRES_COLUMNS.contains(&name) {
            self.error(pointer, "reserved", format!("Postgres keeps the name `{name}` for itself"));
        }
    }
}

pub(super) fn name_rule(what: &str) -> String {
    format!(
        "{what} has lower-case letters, digits and underscores, begins with a letter and has at most 63 of them"
    )
}

/// A qualified name as Postgres itself spells it: in quotes only where it must be.
pub(super) fn spelled(schema: &str, name: &str) -> String {
    let part = |part: &str| {
        if is_name(part) { part.to_owned() } else { Identifier::quote(part).as_sql().to_owned() }
    };
    format!("{}.{}", part(schema), part(name))
}

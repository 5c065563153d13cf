//! What a list or a read asks for.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use annex_openapi::expression::{self, Predicate, Purpose, Scope};

use super::projection::{is_readable, readable};
use super::sql::select::SortKey;
use crate::collections::catalogue::{Snapshot, Table, Wire};
use crate::extract::{Caller, Parameters};
use crate::problem::{Code, FieldError, Problem, Result};

/// The most rows of a page.
pub const MAX_LIMIT: usize = 1000;
/// The rows of a page where nothing is said.
pub const DEFAULT_LIMIT: usize = 20;
/// The most rows to skip.
const MAX_OFFSET: usize = 10_000_000;
/// The most fields to sort by.
const MAX_SORT: usize = 8;

/// The query parameters of a read by key.
#[derive(Debug, Clone, Default)]
pub struct ReadParameters {
    /// The fields of the answer.
    pub fields: Option<Vec<String>>,
    /// The relations to follow.
    pub expand: Vec<String>,
}

impl Parameters for ReadParameters {
    const NAMES: &'static [&'static str] = &["fields", "expand"];

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        match name {
            "fields" => self.fields = Some(names(&value)?),
            _ => self.expand = names(&value)?,
        }
        Ok(())
    }
}

/// The query parameters of a list.
#[derive(Debug, Clone)]
pub struct ListParameters {
    /// One expression that the rows fulfil.
    pub filter: Option<String>,
    /// The fields to sort by, `-` in front for descending.
    pub sort: Vec<String>,
    /// Words to look for.
    pub search: Option<String>,
    /// The fields and the relations of each row.
    pub read: ReadParameters,
    /// Where to begin.
    pub cursor: Option<String>,
    /// How many rows to skip from there.
    pub offset: usize,
    /// At most so many rows.
    pub limit: usize,
}

impl Default for ListParameters {
    fn default() -> Self {
        Self {
            filter: None,
            sort: Vec::new(),
            search: None,
            read: ReadParameters::default(),
            cursor: None,
            offset: 0,
            limit: DEFAULT_LIMIT,
        }
    }
}

impl Parameters for ListParameters {
    const NAMES: &'static [&'static str] =
        &["filter", "sort", "search", "fields", "expand", "cursor", "offset", "limit"];

    fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), String> {
        match name {
            "filter" => self.filter = Some(value.into_owned()),
            "sort" => self.sort = names(&value)?,
            "search" => self.search = Some(value.into_owned()),
            "cursor" => self.cursor = Some(value.into_owned()),
            "offset" => self.offset = number(&value, 0..=MAX_OFFSET)?,
            "limit" => self.limit = number(&value, 1..=MAX_LIMIT)?,
            _ => self.read.set(name, value)?,
        }
        Ok(())
    }
}

fn number(value: &str, range: RangeInclusive<usize>) -> Result<usize, String> {
    let number = value.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end()))
}

/// Names with commas between them.
///
/// # Errors
/// In a sentence, what they must be.
pub fn names(value: &str) -> Result<Vec<String>, String> {
    let names: Vec<String> = value.split(',').map(|name| name.trim().to_owned()).collect();
    if names.iter().any(String::is_empty) {
        return Err("must be names with commas between them".to_owned());
    }
    Ok(names)
}

/// The order of a list: the fields that were asked for and then the key, so that no two rows are equal in it.
///
/// # Errors
/// `invalid_parameter` for a field that does not exist for the caller, or has no order.
pub fn sort(table: &Table, caller: &Caller, asked: &[String]) -> Result<Vec<SortKey>> {
    if asked.len() > MAX_SORT {
        return Err(Problem::parameter("sort", format!("`sort` takes at most {MAX_SORT} fields")));
    }
    let mut keys: Vec<SortKey> = Vec::with_capacity(asked.len() + table.key.len());
    for name in asked {
        let (name, descending) = name.strip_prefix('-').map_or((name.as_str(), false), |name| (name, true));
        let column = readable(table, caller, name, "sort")?;
        let has_order =
            !table.columns[column].array && !matches!(table.columns[column].wire, Wire::Json | Wire::Jsonb);
        if !has_order {
            return Err(Problem::parameter("sort", format!("`{name}` has no order to sort by")));
        }
        if keys.iter().any(|key| key.column == column) {
            return Err(Problem::parameter("sort", format!("`{name}` is there twice")));
        }
        keys.push(SortKey { column, descending });
    }
    // A page goes on from its last row: what tells rows apart has the direction of the last field, for one index to serve it all.
    let descending = keys.last().is_some_and(|key| key.descending);
    for column in &table.key {
        if !keys.iter().any(|key| key.column == *column) {
            keys.push(SortKey { column: *column, descending });
        }
    }
    Ok(keys)
}

/// The caller's condition, where the text has one, checked against what the caller may read.
///
/// # Errors
/// `invalid_expression`, with the place in the text.
pub fn filter(
    snapshot: &Snapshot,
    table: &Table,
    caller: &Caller,
    text: Option<&str>,
) -> Result<Option<Predicate>> {
    condition(snapshot, table, caller.is_admin(), "?filter", text)
}

/// A condition on the rows of a table, where the text has one; `hidden` says whether it may name hidden fields, `pointer` where it
/// stands.
///
/// # Errors
/// `invalid_expression`, with the place in the text.
pub fn condition(
    snapshot: &Snapshot,
    table: &Table,
    hidden: bool,
    pointer: &str,
    text: Option<&str>,
) -> Result<Option<Predicate>> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let scope =
        Scope { collection: &table.collection, collections: snapshot, purpose: Purpose::Filter { hidden } };
    let checked = expression::parse(text).and_then(|parsed| expression::check(&parsed, &scope));
    checked.map(Some).map_err(|error| {
        let position = error.position();
        let detail = format!("{} (line {}, column {})", error.message, position.line, position.column);
        let code = error.code.as_str().to_owned();
        let mut problem = Problem::new(Code::InvalidExpression, detail.clone())
            .with_errors(vec![FieldError::new(pointer, code, detail)]);
        problem.hint = error.hint;
        problem
    })
}

/// The words to look for, where there are any.
///
/// # Errors
/// `search_unavailable` where the caller cannot search the collection.
pub fn search(table: &Table, caller: &Caller, words: Option<&str>) -> Result<Option<String>> {
    let Some(words) = words else { return Ok(None) };
    let open = table
        .search
        .as_ref()
        .is_some_and(|search| search.columns.iter().all(|column| is_readable(table, caller, *column)));
    if open {
        return Ok(Some(negated_once(words)));
    }
    Err(Problem::new(Code::SearchUnavailable, format!("`{}` has no full-text index", table.collection.name))
        .with_hint("Add an index of the kind `full_text` to the collection"))
}

/// The words with `-` at most once before each: Postgres keeps what is not yet negated on a small stack, and fails beyond it.
fn negated_once(words: &str) -> String {
    let mut kept = String::with_capacity(words.len());
    let mut before_word = true;
    for (place, character) in words.char_indices() {
        let repeated = || words[place + 1..].trim_start().starts_with('-');
        if character == '-' && before_word && repeated() {
            continue;
        }
        before_word = character.is_whitespace();
        kept.push(character);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_negated_once() {
        for (words, kept) in [
            ("a -b", "a -b"),
            ("--a - -b a--b", "-a  -b a--b"),
            ("-", "-"),
            (&"-".repeat(1000), "-"),
            (&"- ".repeat(3), "  - "),
        ] {
            assert_eq!(negated_once(words), kept);
        }
    }
}

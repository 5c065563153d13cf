//! Keys of rows, as they stand in paths: the parts of a composite key with commas between them, each
//! percent-encoded (RFC 3986).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio_postgres::Row;

use super::sql::Bind;
use super::store::raw;
use super::wire::encode::{Malformed, write_text};
use super::wire::parse;
use crate::collections::catalogue::{Table, Wire};
use crate::problem::{Problem, Result};

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The key that a path's last segment (still percent-encoded) names.
///
/// # Errors
/// `not_found` where it cannot be the key of any row.
pub fn parse_key(table: &Table, segment: &str) -> Result<Vec<Bind>> {
    let nothing = || Problem::not_found(format_args!("such record in `{}`", table.collection.name));
    let parts: Vec<&str> = if table.key.len() == 1 { vec![segment] } else { segment.split(',').collect() };
    if parts.len() != table.key.len() {
        return Err(nothing().with_hint(format!(
            "The key has {} parts: {}",
            table.key.len(),
            table.collection.primary_key.join(",")
        )));
    }
    let binds = table.key.iter().zip(parts).map(|(index, part)| {
        let text = percent_decode_str(part).decode_utf8().map_err(|_| nothing())?;
        let text = parse::text(&table.collection.fields[*index], &table.columns[*index], &text)
            .map_err(|_| nothing())?;
        Ok(Bind::text(text))
    });
    binds.collect()
}

/// The key that a JSON value names: its value, or a list of the parts of a composite key. Text counts as it does in a path.
///
/// # Errors
/// `not_found` where it cannot be the key of any row.
pub fn parse_json(table: &Table, value: &RawValue) -> Result<Vec<Bind>> {
    let nothing = || Problem::not_found(format_args!("such record in `{}`", table.collection.name));
    let parts: Vec<&RawValue> = match table.key.len() {
        1 => vec![value],
        _ => serde_json::from_str(value.get()).map_err(|_| nothing())?,
    };
    if parts.len() != table.key.len() {
        let parts = table.collection.primary_key.join("`, `");
        return Err(nothing().with_hint(format!("The key is a list of `{parts}`")));
    }
    let binds = table.key.iter().zip(parts).map(|(index, part)| {
        let (field, column) = (&table.collection.fields[*index], &table.columns[*index]);
        let text = match serde_json::from_str::<String>(part.get()) {
            Ok(text) => parse::text(field, column, &text).map(Some),
            Err(_) => parse::json(field, column, part),
        };
        text.ok().flatten().map(Bind::text).ok_or_else(nothing)
    });
    binds.collect()
}

/// The JSON of a key: its value, or a list of the parts of a composite key.
pub fn json(table: &Table, key: &[Bind]) -> Value {
    let mut parts = table.key.iter().zip(key).map(|(index, bind)| {
        let text = bind.0.as_deref().unwrap_or_default();
        match table.columns[*index].wire {
            Wire::Int2 | Wire::Int4 => text.parse::<i32>().map_or_else(|_| text.into(), Value::from),
            Wire::Bool => Value::from(text == "true"),
            _ => text.into(),
        }
    });
    if key.len() == 1 { parts.next().unwrap_or_default() } else { parts.collect() }
}

/// The path segment of a row's key, from the columns at those places of the row.
///
/// # Errors
/// A value is not in its type's format.
pub fn segment(table: &Table, row: &Row, places: &[usize]) -> Result<String, Malformed> {
    let mut segment = String::new();
    for (part, (index, place)) in table.key.iter().zip(places).enumerate() {
        let mut text = Vec::new();
        write_text(&mut text, table.columns[*index].wire, raw(row, *place).ok_or(Malformed)?)?;
        let text = String::from_utf8(text).map_err(|_| Malformed)?;
        if part > 0 {
            segment.push(',');
        }
        segment.extend(utf8_percent_encode(&text, ENCODED));
    }
    Ok(segment)
}

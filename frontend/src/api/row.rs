//! A row, whose values stay the JSON text that came, so that no digit of them is lost.

use std::collections::BTreeMap;

use annex_openapi::collections::Collection;
use serde_json::Value;
use serde_json::value::RawValue;

use super::ApiError;
use crate::url;

/// A row: for each field of its collection, in order, the JSON text of its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    key: String,
    values: Box<[Option<Box<str>>]>,
}

/// The members of a row as they came.
pub(super) type Members<'a> = BTreeMap<String, &'a RawValue>;

impl Row {
    pub(super) fn new(collection: &Collection, mut members: Members<'_>) -> Self {
        let values = collection.fields.iter().map(|field| members.remove(&field.name));
        let values = values.map(|value| value.map(|value| value.get().into())).collect();
        let mut row = Self { key: String::new(), values };
        row.key = key_segment(collection, &row);
        row
    }

    /// Reads a row from the text of a JSON object.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(collection: &Collection, text: &str) -> Result<Self, ApiError> {
        Ok(Self::new(collection, parse::<Members<'_>>(text)?))
    }

    /// Its key, as it stands in a path: different for each row of the collection.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The JSON text of a field's value, by the field's place; `None` where the answer does not have it.
    pub fn value(&self, field: usize) -> Option<&str> {
        self.values.get(field)?.as_deref()
    }

    /// The row as the text of a JSON object.
    pub fn to_json(&self, collection: &Collection) -> String {
        let values = collection.fields.iter().zip(&self.values);
        object(values.filter_map(|(field, value)| Some((field.name.as_str(), value.as_deref()?))))
    }
}

/// The text of a JSON object with these members, whose values are JSON text.
pub fn object<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::from("{");
    for (name, value) in members {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&Value::from(name).to_string());
        text.push(':');
        text.push_str(value);
    }
    text.push('}');
    text
}

/// The row's key as a segment of a path: its parts with commas between them, each percent-encoded.
fn key_segment(collection: &Collection, row: &Row) -> String {
    let parts = collection.primary_key.iter().map(|name| {
        let value = collection.fields.iter().position(|field| field.name == *name);
        let value = value.and_then(|field| row.value(field)).unwrap_or_default();
        match serde_json::from_str::<String>(value) {
            Ok(text) => url::segment(&text),
            Err(_) => url::segment(value),
        }
    });
    parts.collect::<Vec<_>>().join(",")
}

/// Reads JSON text.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, ApiError> {
    serde_json::from_str(text).map_err(|error| ApiError::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_keep_the_values_that_they_are_given() {
        assert_eq!(object([("a\"b", "1.10"), ("c", "null")]), r#"{"a\"b":1.10,"c":null}"#);
        assert_eq!(object([]), "{}");
    }
}

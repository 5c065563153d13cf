//! JSON into the text that Postgres reads, checked against the field first, so that a wrong value is told by
//! its place and not by the database.

use annex_openapi::collections::{Field, FieldType};
use annex_openapi::near;
use serde_json::value::RawValue;

use super::{calendar, numeric};
use crate::collections::catalogue::{Column, Wire};
use crate::extract::find_number;

/// A value for a statement: the text that Postgres reads, or null.
pub type Text = Option<String>;

/// What is wrong with a value, and where within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A JSON pointer from the value on; empty for the value itself.
    pub pointer: String,
    /// The stable name of the fault.
    pub code: &'static str,
    /// What the value must be: the end of a sentence that starts with the field's name.
    pub detail: String,
}

impl Fault {
    fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: String::new(), code, detail: detail.into() }
    }
}

/// Parses the JSON value of a field.
///
/// # Errors
/// The value is not one of the field.
pub fn json(field: &Field, column: &Column, value: &RawValue) -> Result<Text, Fault> {
    let raw = value.get();
    if raw == "null" && !(field.type_ == FieldType::Json && field.required && !column.array) {
        return Ok(None);
    }
    if column.wire == Wire::Jsonb {
        check_jsonb(raw)?;
    }
    if !column.array {
        return scalar(field, column, raw).map(Some);
    }
    let mut zeros = 0;
    let items: Vec<&RawValue> =
        serde_json::from_str(raw).map_err(|_| Fault::new("not_a_list", "must be a list"))?;
    let mut texts = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let text = match item.get() {
            "null" if field.type_ == FieldType::Files => Err(Fault::new("required", "must not be null")),
            "null" => Ok(None),
            item => scalar(field, column, item).map(Some),
        };
        let at = |fault: Fault| Fault { pointer: format!("/{index}{}", fault.pointer), ..fault };
        let text = text.map_err(at)?;
        if column.wire == Wire::Numeric {
            zeros += text.as_deref().map_or(0, numeric::zeros);
            check_zeros(zeros).map_err(at)?;
        }
        texts.push(text);
    }
    Ok(Some(array(texts.iter().map(Option::as_deref))))
}

/// Checks that `jsonb` holds each number, and that they do not grow beyond measure when they are written out.
fn check_jsonb(raw: &str) -> Result<(), Fault> {
    let (mut zeros, mut fault) = (0, None);
    let pointer = find_number(raw.as_bytes(), |number| {
        zeros += numeric::zeros(number);
        fault = numeric::check(number).map_err(beyond_numeric).and_then(|()| check_zeros(zeros)).err();
        fault.is_some()
    });
    match (pointer, fault) {
        (Some(pointer), Some(fault)) => Err(Fault { pointer, ..fault }),
        _ => Ok(()),
    }
}

fn check_zeros(zeros: u64) -> Result<(), Fault> {
    if zeros <= numeric::MOST_ZEROS {
        return Ok(());
    }
    let detail =
        format!("must have numbers that are written out with at most {} zeros in all", numeric::MOST_ZEROS);
    Err(Fault::new("out_of_range", detail))
}

/// Parses the text of a field's value, as it stands in a path, a query or a CSV file. For an array it is JSON.
///
/// # Errors
/// The text is not a value of the field.
pub fn text(field: &Field, column: &Column, text: &str) -> Result<String, Fault> {
    if column.array || field.value_type() == FieldType::Json {
        return json_text(field, column, text)?.ok_or_else(|| Fault::new("invalid", "must not be null"));
    }
    value_of_text(field, column, text)
}

/// Parses the text of a field's value as JSON.
///
/// # Errors
/// The text is not JSON, or not a value of the field.
pub fn json_text(field: &Field, column: &Column, text: &str) -> Result<Text, Fault> {
    let raw = serde_json::from_str::<&RawValue>(text).map_err(|_| Fault::new("invalid", "must be JSON"))?;
    json(field, column, raw)
}

/// Postgres's text of an array: `{"a",NULL}`.
pub fn array<'a>(items: impl Iterator<Item = Option<&'a str>>) -> String {
    let mut text = String::from("{");
    for (index, item) in items.enumerate() {
        if index > 0 {
            text.push(',');
        }
        match item {
            None => text.push_str("NULL"),
            Some(item) => {
                text.push('"');
                for c in item.chars() {
                    if matches!(c, '"' | '\\') {
                        text.push('\\');
                    }
                    text.push(c);
                }
                text.push('"');
            }
        }
    }
    text.push('}');
    text
}

fn scalar(field: &Field, column: &Column, raw: &str) -> Result<String, Fault> {
    let first = raw.as_bytes().first().copied().unwrap_or_default();
    let is_number = first == b'-' || first.is_ascii_digit();
    match field.value_type() {
        FieldType::Json => {
            if has_nul(raw) {
                return Err(Fault::new("invalid", "must not have a NUL character (\\u0000) in it"));
            }
            Ok(raw.to_owned())
        }
        FieldType::Bool => match raw {
            "true" | "false" => Ok(raw.to_owned()),
            _ => Err(Fault::new("invalid", "must be true or false")),
        },
        FieldType::Int if !is_number => Err(Fault::new("invalid", "must be a whole number")),
        FieldType::Float if !is_number && first != b'"' => Err(Fault::new("invalid", "must be a number")),
        FieldType::Bigint | FieldType::Numeric if !is_number && first != b'"' => {
            Err(Fault::new("invalid", "must be a number, as a string so that no digit is lost"))
        }
        _ if is_number && is_numeric_type(field.value_type()) => value_of_text(field, column, raw),
        _ => {
            let text: String =
                serde_json::from_str(raw).map_err(|_| Fault::new("invalid", "must be a string"))?;
            value_of_text(field, column, &text)
        }
    }
}

/// Whether a string in the JSON has a NUL character in it: `\u0000`, but not `\\u0000`.
fn has_nul(raw: &str) -> bool {
    raw.match_indices("\\u0000").any(|(at, _)| {
        let before = raw[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        before.is_multiple_of(2)
    })
}

fn is_numeric_type(type_: FieldType) -> bool {
    matches!(type_, FieldType::Int | FieldType::Bigint | FieldType::Float | FieldType::Numeric)
}

fn value_of_text(field: &Field, column: &Column, text: &str) -> Result<String, Fault> {
    if text.contains('\0') {
        return Err(Fault::new("invalid", "must not have a NUL character in it"));
    }
    let invalid = |detail: &str| Fault::new("invalid", detail);
    match field.value_type() {
        FieldType::Bool => match text {
            "true" | "false" => Ok(text.to_owned()),
            _ => Err(invalid("must be true or false")),
        },
        FieldType::Int => {
            let range = if column.wire == Wire::Int2 {
                i16::MIN.into()..=i16::MAX.into()
            } else {
                i32::MIN..=i32::MAX
            };
            match text.parse::<i32>() {
                Ok(number) if range.contains(&number) => Ok(number.to_string()),
                _ if is_whole(text) => Err(Fault::new(
                    "out_of_range",
                    format!("must be from {} to {}", range.start(), range.end()),
                )),
                _ => Err(invalid("must be a whole number")),
            }
        }
        FieldType::Bigint => match text.parse::<i64>() {
            Ok(number) => Ok(number.to_string()),
            Err(_) if is_whole(text) => {
                Err(Fault::new("out_of_range", format!("must be from {} to {}", i64::MIN, i64::MAX)))
            }
            Err(_) => Err(invalid("must be a whole number, as a string so that no digit is lost")),
        },
        FieldType::Float => float(column.wire, text),
        FieldType::Numeric => match numeric::check(text) {
            Ok(()) => check_precision(field, text).map(|()| text.to_owned()),
            Err(unfit) => Err(beyond_numeric(unfit)),
        },
        FieldType::Uuid | FieldType::File | FieldType::Files => uuid::Uuid::try_parse(text)
            .map(|id| id.hyphenated().to_string())
            .map_err(|_| invalid("must be a UUID")),
        FieldType::Date => calendar::parse_date(text).map_err(invalid),
        FieldType::Timestamp => calendar::parse_timestamp(text).map_err(invalid),
        FieldType::Email if !is_email(text) => Err(invalid("must be an e-mail address")),
        FieldType::Url if !is_url(text) => Err(invalid("must be an absolute URL")),
        FieldType::Enum => enum_value(field, text),
        FieldType::Text | FieldType::Email | FieldType::Url | FieldType::Json | FieldType::Relation => {
            check_length(field, text)?;
            Ok(text.to_owned())
        }
    }
}

fn beyond_numeric(unfit: numeric::Unfit) -> Fault {
    match unfit {
        numeric::Unfit::OutOfRange => Fault::new(
            "out_of_range",
            format!(
                "must have at most {} digits before the point and {} after it",
                numeric::MOST_WHOLE,
                numeric::MOST_FRACTION
            ),
        ),
        numeric::Unfit::NoNumber => {
            Fault::new("invalid", "must be a decimal number, as a string so that no digit is lost")
        }
    }
}

fn float(wire: Wire, text: &str) -> Result<String, Fault> {
    if matches!(text, "NaN" | "Infinity" | "-Infinity") {
        return Ok(text.to_owned());
    }
    let number = match wire {
        Wire::Float4 => text.parse::<f32>().map(f64::from),
        _ => text.parse::<f64>(),
    };
    let number = number.map_err(|_| Fault::new("invalid", "must be a number"))?;
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let vanished = number == 0.0 && mantissa.contains(|digit| ('1'..='9').contains(&digit));
    if !number.is_finite() || vanished {
        let precision = if wire == Wire::Float4 { "single" } else { "double" };
        return Err(Fault::new("out_of_range", format!("is beyond a {precision}-precision number")));
    }
    Ok(text.to_owned())
}

fn enum_value(field: &Field, text: &str) -> Result<String, Fault> {
    let values = field.values.as_deref().unwrap_or_default();
    if values.iter().any(|value| value == text) {
        return Ok(text.to_owned());
    }
    let mut detail = format!("must be one of {}", values.join(", "));
    if let Some(near) = near::nearest(text, values.iter().map(String::as_str)) {
        detail.push_str(&format!("; did you mean {near}?"));
    }
    Err(Fault::new("not_a_value", detail))
}

/// What stands in brackets behind the name of a field's type, where that is its name.
fn modifiers<'a>(field: &'a Field, name: &str) -> Option<&'a str> {
    let (modifiers, _) = field.native_type.strip_prefix(name)?.strip_prefix('(')?.split_once(')')?;
    Some(modifiers)
}

/// A `varchar(n)` says its limit in its type's name.
fn check_length(field: &Field, text: &str) -> Result<(), Fault> {
    let limit = modifiers(field, "character varying").and_then(|limit| limit.parse::<usize>().ok());
    match limit {
        Some(limit) if text.chars().count() > limit => {
            Err(Fault::new("too_long", format!("must have at most {limit} characters")))
        }
        _ => Ok(()),
    }
}

/// So does a `numeric(p,s)`.
fn check_precision(field: &Field, text: &str) -> Result<(), Fault> {
    let limits = modifiers(field, "numeric").and_then(|limits| limits.split_once(','));
    let limits = limits.and_then(|(precision, scale)| Some((precision.parse().ok()?, scale.parse().ok()?)));
    match limits {
        Some((precision, scale)) if !numeric::fits(text, precision, scale) => {
            let detail =
                format!("must be less than 10^{} after it is rounded, and finite", precision - scale);
            Err(Fault::new("out_of_range", detail))
        }
        _ => Ok(()),
    }
}

fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// As the domain `annex.email` checks it.
fn is_email(text: &str) -> bool {
    let mut parts = text.split('@');
    let sides = (parts.next(), parts.next(), parts.next());
    matches!(sides, (Some(local), Some(host), None) if !local.is_empty() && !host.is_empty())
        && text.chars().count() <= 254
        && !text.contains(char::is_whitespace)
}

/// As the domain `annex.url` checks it.
fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b))
        && !rest.is_empty()
        && !text.contains(char::is_whitespace)
}

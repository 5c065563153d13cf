//! Values as they are written by hand: from JSON text to the text of an editor, and back.

use annex_openapi::collections::{Field, FieldType};
use serde::de::IgnoredAny;
use uuid::Uuid;

use super::super::value::string;
use crate::json::{compact, indented};

/// How a field's values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// On a line.
    Line,
    /// On several lines.
    Lines,
    /// As JSON.
    Json,
    /// By choosing one of a few.
    Choice,
    /// By choosing a row of another collection.
    Relation,
    /// One after the other.
    List,
    /// By choosing a day.
    Day,
}

impl Writing {
    /// How values of a field are written; `value` is the JSON text of the one that is there.
    pub fn of(field: &Field, value: &str) -> Self {
        if field.array || field.type_ == FieldType::Files {
            return if is_plain_list(value) { Self::List } else { Self::Json };
        }
        match field.type_ {
            FieldType::Relation => Self::Relation,
            FieldType::Bool | FieldType::Enum => Self::Choice,
            FieldType::Json => Self::Json,
            FieldType::Date if value == "null" || is_plain_day(&string(value)) => Self::Day,
            FieldType::Text if string(value).contains(['\n', '\r']) || value.len() > 80 => Self::Lines,
            _ => Self::Line,
        }
    }
}

/// Whether an editor of lists can show it: no nulls, no lists within.
fn is_plain_list(value: &str) -> bool {
    value == "null" || items(value).is_some()
}

/// A day as the browser's own editor takes it.
fn is_plain_day(text: &str) -> bool {
    text.len() == 10 && !text.starts_with('-') && text != "-infinity"
}

/// The text to begin with.
pub fn text_of(field: &Field, value: &str) -> String {
    if value == "null" {
        return String::new();
    }
    match field.type_ {
        _ if field.array => indented(value),
        FieldType::Json | FieldType::Files => indented(value),
        _ => string(value).into_owned(),
    }
}

/// The texts of a list's items, where each has one.
pub fn items(value: &str) -> Option<Vec<String>> {
    if value == "null" {
        return Some(Vec::new());
    }
    let items: Vec<&serde_json::value::RawValue> = serde_json::from_str(value).ok()?;
    let plain = items.iter().all(|item| item.get() != "null" && !item.get().starts_with(['[', '{']));
    plain.then(|| items.iter().map(|item| string(item.get()).into_owned()).collect())
}

/// The JSON text of a list with these items.
///
/// # Errors
/// Which item is wrong, and why.
pub fn value_of_items(field: &Field, items: &[String]) -> Result<String, String> {
    let mut value = String::from("[");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            value.push(',');
        }
        value.push_str(&scalar(field, item).map_err(|why| format!("Item {}: {why}", index + 1))?);
    }
    value.push(']');
    Ok(value)
}

/// The JSON text of what was written.
///
/// # Errors
/// What is wrong with it, in a few words.
pub fn value_of(field: &Field, text: &str) -> Result<String, String> {
    if field.array || matches!(field.type_, FieldType::Json | FieldType::Files) {
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| format!("Not JSON: {error}"))?;
        return Ok(compact(text));
    }
    scalar(field, text)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn scalar(field: &Field, text: &str) -> Result<String, String> {
    let trimmed = text.trim();
    let number = |fits: bool, what: &str| if fits { Ok(trimmed.to_owned()) } else { Err(what.to_owned()) };
    match field.value_type() {
        FieldType::Text | FieldType::Enum => Ok(quoted(text)),
        FieldType::Email | FieldType::Url => Ok(quoted(trimmed)),
        FieldType::Bool => number(matches!(trimmed, "true" | "false"), "Write true or false"),
        FieldType::Int => trimmed
            .parse::<i32>()
            .map(|number| number.to_string())
            .map_err(|_| "Not a whole number of 32 bits".to_owned()),
        FieldType::Bigint => trimmed
            .parse::<i64>()
            .map(|number| quoted(&number.to_string()))
            .map_err(|_| "Not a whole number of 64 bits".to_owned()),
        FieldType::Numeric => {
            number(is_decimal(trimmed) || trimmed == "NaN", "Not a number").map(|number| quoted(&number))
        }
        FieldType::Float => match trimmed {
            "NaN" | "Infinity" | "-Infinity" => Ok(quoted(trimmed)),
            _ if !is_decimal(trimmed) => Err("Not a number".to_owned()),
            _ => Ok(trimmed
                .parse::<f64>()
                .ok()
                .and_then(|number| serde_json::Number::from_f64(number).map(|number| number.to_string()))
                .ok_or("The number is too large")?),
        },
        FieldType::Date => number(is_day(trimmed), "Write a day as 2026-01-31").map(|day| quoted(&day)),
        FieldType::Timestamp => instant(trimmed).map(|instant| quoted(&instant)),
        FieldType::Uuid | FieldType::File => Uuid::parse_str(trimmed)
            .map(|uuid| quoted(&uuid.to_string()))
            .map_err(|_| "Not a UUID".to_owned()),
        // A relation's value has the type of its key.
        FieldType::Relation | FieldType::Json | FieldType::Files => Ok(quoted(text)),
    }
}

/// Digits, with a point and an exponent where there are, as JSON has them but for what may be left out before the point.
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let mantissa = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole.is_empty() || digits(whole)) && digits(fraction),
        None => digits(mantissa),
    };
    mantissa && exponent.is_none_or(digits)
}

fn is_day(text: &str) -> bool {
    if matches!(text, "infinity" | "-infinity") {
        return true;
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut parts = unsigned.split('-');
    let number = |part: Option<&str>, from: u32, to: u32| {
        part.filter(|part| part.len() >= 2)
            .and_then(|part| part.parse::<u32>().ok())
            .is_some_and(|number| (from..=to).contains(&number))
    };
    let year =
        parts.next().is_some_and(|year| year.len() >= 4 && year.bytes().all(|byte| byte.is_ascii_digit()));
    year && number(parts.next(), 1, 12) && number(parts.next(), 1, 31) && parts.next().is_none()
}

/// An instant as the API takes it: a space may stand for the `T`, and UTC is meant where no zone is said.
fn instant(text: &str) -> Result<String, String> {
    const WHY: &str = "Write an instant as 2026-01-31 12:00:00 (UTC)";
    if matches!(text, "infinity" | "-infinity") {
        return Ok(text.to_owned());
    }
    let (day, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, "00:00:00"));
    let zone = time.find(['Z', 'z', '+', '-']);
    let (clock, zone) = zone.map_or((time, ""), |at| time.split_at(at));
    let (clock, zone) = (clock.trim(), zone.trim());
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts: Vec<&str> = whole.split(':').collect();
    if parts.len() == 2 {
        parts.push("00");
    }
    let in_range =
        |part: &&str, most: u32| part.len() == 2 && part.parse::<u32>().is_ok_and(|number| number <= most);
    let fits = match parts.as_slice() {
        [hour, minute, second] => in_range(hour, 24) && in_range(minute, 59) && in_range(second, 60),
        _ => false,
    };
    if !is_day(day) || !fits || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(WHY.to_owned());
    }
    let fraction = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
    let zone = if zone.is_empty() { "Z" } else { zone };
    Ok(format!("{day}T{}{fraction}{}", parts.join(":"), zone.to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::collection::data::fixture::books;

    fn field(type_: FieldType) -> Field {
        Field { type_, array: false, key_type: None, ..books().field("title").expect("a title").clone() }
    }

    fn written(type_: FieldType, text: &str) -> Result<String, String> {
        value_of(&field(type_), text)
    }

    #[test]
    fn no_digit_is_lost() {
        assert_eq!(written(FieldType::Bigint, " 9007199254740993 ").as_deref(), Ok("\"9007199254740993\""));
        assert_eq!(
            written(FieldType::Numeric, "123456789012345678901234567890.10").as_deref(),
            Ok("\"123456789012345678901234567890.10\"")
        );
        assert_eq!(written(FieldType::Int, "007").as_deref(), Ok("7"));
        assert_eq!(written(FieldType::Float, "1.50").as_deref(), Ok("1.5"));
        assert_eq!(
            written(FieldType::Json, "{\"a\": 12345678901234567890.10}").as_deref(),
            Ok("{\"a\":12345678901234567890.10}")
        );
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for (type_, text) in [
            (FieldType::Int, "2147483648"),
            (FieldType::Int, "1.5"),
            (FieldType::Bigint, "9223372036854775808"),
            (FieldType::Numeric, "1,5"),
            (FieldType::Numeric, ""),
            (FieldType::Float, "inf"),
            (FieldType::Bool, "yes"),
            (FieldType::Date, "2026-13-01"),
            (FieldType::Date, "31.1.2026"),
            (FieldType::Timestamp, "2026-01-31 25:00"),
            (FieldType::Timestamp, "now"),
            (FieldType::Uuid, "17"),
            (FieldType::Json, "{a: 1}"),
        ] {
            assert!(written(type_, text).is_err(), "{type_:?} {text}");
        }
    }

    #[test]
    fn instants_may_be_written_shortly() {
        for (text, instant) in [
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31 12:30", "2026-01-31T12:30:00Z"),
            ("2026-01-31T12:30:15.25z", "2026-01-31T12:30:15.25Z"),
            ("2026-01-31 12:30:15+02:00", "2026-01-31T12:30:15+02:00"),
            ("-infinity", "-infinity"),
        ] {
            assert_eq!(written(FieldType::Timestamp, text), Ok(format!("\"{instant}\"")), "{text}");
        }
    }

    #[test]
    fn text_stays_as_it_is() {
        assert_eq!(written(FieldType::Text, " a\n\"b\" ").as_deref(), Ok("\" a\\n\\\"b\\\" \""));
        assert_eq!(text_of(&field(FieldType::Text), "\" a\\n\\\"b\\\" \""), " a\n\"b\" ");
        assert_eq!(written(FieldType::Text, "").as_deref(), Ok("\"\""));
    }

    #[test]
    fn lists_are_written_item_by_item() {
        let tags = books().field("tags").expect("tags").clone();
        assert_eq!(items(r#"["a","b c"]"#), Some(vec!["a".to_owned(), "b c".to_owned()]));
        assert_eq!(items(r#"["a",null]"#), None);
        assert_eq!(value_of_items(&tags, &["a".to_owned(), "b".to_owned()]).as_deref(), Ok(r#"["a","b"]"#));
        let numbers = Field { type_: FieldType::Int, ..tags };
        assert_eq!(
            value_of_items(&numbers, &["1".to_owned(), "x".to_owned()]),
            Err("Item 2: Not a whole number of 32 bits".to_owned())
        );
        assert_eq!(Writing::of(&numbers, "[1,null]"), Writing::Json);
    }
}

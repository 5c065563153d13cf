//! Postgres's text format into the same JSON that its binary format becomes: the log brings values as text.

use super::encode::{float, write_string};
use crate::collections::catalogue::{Column, Table, Wire};
use crate::evaluator::Image;
use crate::evaluator::array::{self, Part};

/// Writes columns of a row as a JSON object, but for its closing brace.
pub fn open_object(out: &mut Vec<u8>, table: &Table, columns: &[usize], row: &Image) {
    out.push(b'{');
    for (place, &index) in columns.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(table.json_key(index));
        write_json(out, &table.columns[index], row.get(index));
    }
}

/// Writes a column's value as JSON.
pub fn write_json(out: &mut Vec<u8>, column: &Column, text: Option<&str>) {
    match text {
        None => out.extend_from_slice(b"null"),
        Some(text) if column.array => write_array(out, column.wire, text),
        Some(text) => write_value(out, column.wire, text),
    }
}

fn write_value(out: &mut Vec<u8>, wire: Wire, text: &str) {
    match wire {
        Wire::Text | Wire::Other => write_string(out, text.as_bytes()),
        Wire::Json | Wire::Jsonb | Wire::Int2 | Wire::Int4 => out.extend_from_slice(text.as_bytes()),
        Wire::Bool => out.extend_from_slice(if text == "t" { b"true" } else { b"false" }),
        Wire::Float4 => match text.parse::<f32>() {
            Ok(value) if value.is_finite() => float(out, ryu::Buffer::new().format_finite(value)),
            _ => quoted(out, |out| out.extend_from_slice(text.as_bytes())),
        },
        Wire::Float8 => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => float(out, ryu::Buffer::new().format_finite(value)),
            _ => quoted(out, |out| out.extend_from_slice(text.as_bytes())),
        },
        Wire::Int8 | Wire::Numeric | Wire::Uuid => {
            quoted(out, |out| out.extend_from_slice(text.as_bytes()));
        }
        Wire::Date => quoted(out, |out| write_date(out, text)),
        Wire::Timestamp | Wire::Timestamptz => quoted(out, |out| write_timestamp(out, text)),
    }
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}

/// `2026-01-31`, `12026-01-31`, `0044-03-15 BC`
fn write_date(out: &mut Vec<u8>, text: &str) {
    let (text, before_christ) = match text.strip_suffix(" BC") {
        Some(text) => (text, true),
        None => (text, false),
    };
    // Also `infinity`, `-infinity`.
    let year = text.split_once('-').and_then(|(year, _)| Some((year.parse::<i64>().ok()?, year.len())));
    let Some((year, digits)) = year.filter(|(_, digits)| before_christ || *digits > 4) else {
        return out.extend_from_slice(text.as_bytes());
    };
    // There is no year 0 in history, but in ISO 8601 there is: 1 BC.
    let year = if before_christ { 1 - year } else { year };
    let written = match year {
        0..=9999 => format!("{year:04}"),
        -999_999..=999_999 => format!("{year:+07}"),
        _ => format!("{year:+08}"),
    };
    out.extend_from_slice(written.as_bytes());
    out.extend_from_slice(&text.as_bytes()[digits..]);
}

/// `2026-01-31 12:00:00.5+00`, `0044-03-15 12:00:00 BC`
fn write_timestamp(out: &mut Vec<u8>, text: &str) {
    let (plain, era) = match text.strip_suffix(" BC") {
        Some(plain) => (plain, " BC"),
        None => (text, ""),
    };
    let Some((date, time)) = plain.split_once(' ') else {
        return out.extend_from_slice(text.as_bytes());
    };
    if era.is_empty() {
        write_date(out, date);
    } else {
        write_date(out, &format!("{date}{era}"));
    }
    out.push(b'T');
    let time = time.strip_suffix("+00").unwrap_or(time);
    out.extend_from_slice(time.as_bytes());
    // Postgres leaves off the last zeros; here there are 0, 3 or 6 digits.
    match time.len().saturating_sub("12:00:00.".len()) {
        1 | 4 => out.extend_from_slice(b"00"),
        2 | 5 => out.push(b'0'),
        _ => {}
    }
    out.push(b'Z');
}

fn write_array(out: &mut Vec<u8>, wire: Wire, text: &str) {
    let mut first = true;
    for part in array::parts(text) {
        if !first && !matches!(part, Part::Close) {
            out.push(b',');
        }
        match part {
            Part::Bounds(_) => {}
            Part::Open => {
                out.push(b'[');
                first = true;
            }
            Part::Close => {
                out.push(b']');
                first = false;
            }
            Part::Element(element) => {
                match element {
                    None => out.extend_from_slice(b"null"),
                    Some(element) => write_value(out, wire, &element),
                }
                first = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(wire: Wire, text: &str) -> String {
        let mut out = Vec::new();
        write_value(&mut out, wire, text);
        String::from_utf8(out).unwrap()
    }

    fn list(wire: Wire, text: &str) -> String {
        let mut out = Vec::new();
        write_array(&mut out, wire, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_are_as_in_an_answer() {
        for (wire, text, expected) in [
            (Wire::Bool, "t", "true"),
            (Wire::Int4, "-5", "-5"),
            (Wire::Int8, "9223372036854775807", "\"9223372036854775807\""),
            (Wire::Float8, "1e+20", "1e20"),
            (Wire::Float8, "3", "3"),
            (Wire::Float8, "-Infinity", "\"-Infinity\""),
            (Wire::Numeric, "0.10", "\"0.10\""),
            (Wire::Text, "a\"\n", "\"a\\\"\\n\""),
            (Wire::Jsonb, "{\"a\": 1.00}", "{\"a\": 1.00}"),
            (Wire::Date, "2026-01-31", "\"2026-01-31\""),
            (Wire::Date, "infinity", "\"infinity\""),
            (Wire::Date, "-infinity", "\"-infinity\""),
            (Wire::Date, "0044-03-15 BC", "\"-000043-03-15\""),
            (Wire::Date, "0001-12-31 BC", "\"0000-12-31\""),
            (Wire::Date, "5874897-12-31", "\"+5874897-12-31\""),
            (Wire::Timestamptz, "2026-01-31 12:00:00+00", "\"2026-01-31T12:00:00Z\""),
            (Wire::Timestamptz, "2026-01-31 12:00:00.5+00", "\"2026-01-31T12:00:00.500Z\""),
            (Wire::Timestamptz, "2026-01-31 12:00:00.1234+00", "\"2026-01-31T12:00:00.123400Z\""),
            (Wire::Timestamp, "2026-01-31 12:00:00.123456", "\"2026-01-31T12:00:00.123456Z\""),
            (Wire::Timestamp, "infinity", "\"infinity\""),
            (Wire::Timestamptz, "0044-03-15 12:00:00.25+00 BC", "\"-000043-03-15T12:00:00.250Z\""),
            (Wire::Timestamptz, "12026-01-31 12:00:00+00", "\"+012026-01-31T12:00:00Z\""),
        ] {
            assert_eq!(json(wire, text), expected, "{wire:?} {text}");
        }
    }

    #[test]
    fn lists_are_as_in_an_answer() {
        assert_eq!(list(Wire::Int4, "{}"), "[]");
        assert_eq!(list(Wire::Int4, "{1,NULL,3}"), "[1,null,3]");
        assert_eq!(list(Wire::Text, r#"{"a b",c,"NULL"}"#), r#"["a b","c","NULL"]"#);
        assert_eq!(list(Wire::Int4, "[0:1]={{1,2},{3,4}}"), "[[1,2],[3,4]]");
    }
}

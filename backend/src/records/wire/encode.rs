//! Postgres's binary format into JSON.

use super::{calendar, numeric};
use crate::collections::catalogue::{Column, Wire};

/// The bytes are not what their type says. It does not happen with a Postgres that we know.
#[derive(Debug, thiserror::Error)]
#[error("a value from the database is not in its type's format")]
pub struct Malformed;

/// Writes a column's value as JSON.
///
/// # Errors
/// The bytes are not of the column's type.
pub fn write_json(out: &mut Vec<u8>, column: &Column, raw: Option<&[u8]>) -> Result<(), Malformed> {
    match raw {
        None => out.extend_from_slice(b"null"),
        Some(raw) if column.array => write_array(out, column.wire, raw)?,
        Some(raw) => write_value(out, column.wire, raw)?,
    }
    Ok(())
}

/// Writes a value of that wire as JSON.
fn write_value(out: &mut Vec<u8>, wire: Wire, raw: &[u8]) -> Result<(), Malformed> {
    match wire {
        Wire::Text | Wire::Other => write_string(out, raw),
        Wire::Json | Wire::Jsonb => write_text(out, wire, raw)?,
        Wire::Bool | Wire::Int2 | Wire::Int4 => write_text(out, wire, raw)?,
        Wire::Float4 | Wire::Float8 if is_finite(wire, raw)? => write_text(out, wire, raw)?,
        _ => {
            out.push(b'"');
            write_text(out, wire, raw)?;
            out.push(b'"');
        }
    }
    Ok(())
}

/// Writes a value as the text that Postgres reads back into the very same value; JSON needs quotes around most.
///
/// # Errors
/// The bytes are not of that wire.
pub fn write_text(out: &mut Vec<u8>, wire: Wire, raw: &[u8]) -> Result<(), Malformed> {
    match wire {
        Wire::Text | Wire::Other | Wire::Json => out.extend_from_slice(raw),
        Wire::Jsonb => out.extend_from_slice(raw.get(1..).ok_or(Malformed)?),
        Wire::Bool => out.extend_from_slice(if fixed::<1>(raw)? == [0] { b"false" } else { b"true" }),
        Wire::Int2 => integer(out, i16::from_be_bytes(fixed(raw)?).into()),
        Wire::Int4 => integer(out, i32::from_be_bytes(fixed(raw)?).into()),
        Wire::Int8 => integer(out, i64::from_be_bytes(fixed(raw)?)),
        Wire::Float4 => {
            let value = f32::from_be_bytes(fixed(raw)?);
            if value.is_finite() {
                float(out, ryu::Buffer::new().format_finite(value))
            } else {
                not_finite(out, value.into())
            }
        }
        Wire::Float8 => {
            let value = f64::from_be_bytes(fixed(raw)?);
            if value.is_finite() {
                float(out, ryu::Buffer::new().format_finite(value))
            } else {
                not_finite(out, value)
            }
        }
        Wire::Numeric => numeric::write(out, raw)?,
        Wire::Uuid => {
            let id = uuid::Uuid::from_bytes(fixed(raw)?);
            let mut buffer = uuid::Uuid::encode_buffer();
            out.extend_from_slice(id.hyphenated().encode_lower(&mut buffer).as_bytes());
        }
        Wire::Date => match i32::from_be_bytes(fixed(raw)?) {
            i32::MAX => out.extend_from_slice(b"infinity"),
            i32::MIN => out.extend_from_slice(b"-infinity"),
            days => calendar::write_date(out, days.into()),
        },
        Wire::Timestamp | Wire::Timestamptz => match i64::from_be_bytes(fixed(raw)?) {
            i64::MAX => out.extend_from_slice(b"infinity"),
            i64::MIN => out.extend_from_slice(b"-infinity"),
            micros => calendar::write_timestamp(out, micros),
        },
    }
    Ok(())
}

/// Writes a column's value as the text that Postgres reads back, for binds made from rows. None stands for null.
///
/// # Errors
/// The bytes are not of the column's type.
pub fn bind_text(column: &Column, raw: Option<&[u8]>) -> Result<Option<String>, Malformed> {
    let Some(raw) = raw else { return Ok(None) };
    let mut out = Vec::with_capacity(36);
    write_text(&mut out, column.wire, raw)?;
    if matches!(column.wire, Wire::Date | Wire::Timestamp | Wire::Timestamptz) {
        let iso = String::from_utf8(out).map_err(|_| Malformed)?;
        let parsed = if column.wire == Wire::Date {
            calendar::parse_date(&iso)
        } else {
            calendar::parse_timestamp(&iso)
        };
        return parsed.map(Some).map_err(|_| Malformed);
    }
    String::from_utf8(out).map(Some).map_err(|_| Malformed)
}

/// Writes a JSON string. (Bytes that are not UTF-8, which only a database of another encoding sends, are replaced.)
pub fn write_string(out: &mut Vec<u8>, raw: &[u8]) {
    // Most text has nothing to escape; this loop has no early way out, so that it is done many bytes at a time.
    let plain =
        raw.iter().fold(true, |plain, byte| plain & (*byte >= 0x20) & (*byte != b'"') & (*byte != b'\\'));
    match std::str::from_utf8(raw) {
        Ok(text) if plain => {
            out.push(b'"');
            out.extend_from_slice(text.as_bytes());
            out.push(b'"');
        }
        Ok(text) => serde_json::to_writer(out, text).expect("a vector takes everything"),
        Err(_) => {
            serde_json::to_writer(out, &String::from_utf8_lossy(raw)).expect("a vector takes everything")
        }
    }
}

fn write_array(out: &mut Vec<u8>, wire: Wire, raw: &[u8]) -> Result<(), Malformed> {
    let mut reader = Reader(raw);
    let dimensions = reader.int()?;
    reader.take(8)?;
    if dimensions == 0 {
        out.extend_from_slice(b"[]");
        return Ok(());
    }
    let mut lengths = Vec::new();
    for _ in 0..dimensions {
        lengths.push(reader.int()?);
        reader.take(4)?;
    }
    write_dimension(out, wire, &mut reader, &lengths)
}

fn write_dimension(
    out: &mut Vec<u8>,
    wire: Wire,
    reader: &mut Reader<'_>,
    lengths: &[i32],
) -> Result<(), Malformed> {
    let (length, inner) = lengths.split_first().ok_or(Malformed)?;
    out.push(b'[');
    for index in 0..*length {
        if index > 0 {
            out.push(b',');
        }
        if inner.is_empty() {
            match reader.int()? {
                -1 => out.extend_from_slice(b"null"),
                length => write_value(out, wire, reader.take(length as usize)?)?,
            }
        } else {
            write_dimension(out, wire, reader, inner)?;
        }
    }
    out.push(b']');
    Ok(())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn int(&mut self) -> Result<i32, Malformed> {
        self.take(4).and_then(fixed).map(i32::from_be_bytes)
    }
}

fn fixed<const N: usize>(raw: &[u8]) -> Result<[u8; N], Malformed> {
    raw.try_into().map_err(|_| Malformed)
}

fn integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// A whole number is written without its `.0`, as JSON's own numbers are.
pub(super) fn float(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
}

fn is_finite(wire: Wire, raw: &[u8]) -> Result<bool, Malformed> {
    Ok(match wire {
        Wire::Float4 => f32::from_be_bytes(fixed(raw)?).is_finite(),
        _ => f64::from_be_bytes(fixed(raw)?).is_finite(),
    })
}

/// JSON has no such numbers: they are strings there.
fn not_finite(out: &mut Vec<u8>, value: f64) {
    let text: &[u8] = if value.is_nan() {
        b"NaN"
    } else if value > 0.0 {
        b"Infinity"
    } else {
        b"-Infinity"
    };
    out.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(wire: Wire, raw: &[u8]) -> String {
        let mut out = Vec::new();
        write_value(&mut out, wire, raw).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn number(words: &[i32]) -> Vec<u8> {
        words.iter().flat_map(|word| (*word as u16).to_be_bytes()).collect()
    }

    #[test]
    fn values_are_exact() {
        assert_eq!(text(Wire::Int8, &i64::MAX.to_be_bytes()), "\"9223372036854775807\"");
        assert_eq!(text(Wire::Int4, &(-5i32).to_be_bytes()), "-5");
        assert_eq!(text(Wire::Float8, &0.1f64.to_be_bytes()), "0.1");
        assert_eq!(text(Wire::Float8, &3f64.to_be_bytes()), "3");
        assert_eq!(text(Wire::Float8, &f64::NAN.to_be_bytes()), "\"NaN\"");
        assert_eq!(text(Wire::Text, "a\"\u{1}é".as_bytes()), "\"a\\\"\\u0001é\"");
        assert_eq!(text(Wire::Jsonb, b"\x01{\"a\": 1.00}"), "{\"a\": 1.00}");
    }

    #[test]
    fn numerics_keep_every_digit() {
        // groups, weight, sign, scale, digits
        assert_eq!(text(Wire::Numeric, &number(&[2, 0, 0, 2, 12, 3400])), "\"12.34\"");
        assert_eq!(text(Wire::Numeric, &number(&[0, 0, 0, 0])), "\"0\"");
        assert_eq!(text(Wire::Numeric, &number(&[0, 0, 0, 3])), "\"0.000\"");
        assert_eq!(text(Wire::Numeric, &number(&[1, -1, 0x4000, 4, 12])), "\"-0.0012\"");
        assert_eq!(text(Wire::Numeric, &number(&[1, 2, 0, 0, 1])), "\"100000000\"");
        assert_eq!(text(Wire::Numeric, &number(&[0, 0, 0xC000, 0])), "\"NaN\"");
    }

    #[test]
    fn what_is_too_short_is_refused() {
        let mut out = Vec::new();
        assert!(write_value(&mut out, Wire::Int8, b"abc").is_err());
        assert!(write_array(&mut out, Wire::Int4, &[0, 0, 0, 1]).is_err());
        assert!(numeric::write(&mut out, &[0, 9]).is_err());
    }
}

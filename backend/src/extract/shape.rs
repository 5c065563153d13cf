//! The shape of JSON, whatever it is to say: how deep it is nested, and no key twice.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::problem::{Code, Problem, Result};

/// The deepest JSON that is taken in.
const MAX_DEPTH: usize = 64;

/// Checks that the text is JSON, is not nested too deep and repeats no key.
///
/// # Errors
/// `invalid_json`, with the line and the column.
pub fn check_shape(bytes: &[u8]) -> Result<()> {
    walk(bytes).or_else(|_| walk(&without_large_numbers(bytes))).map_err(|error| {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let what = error.to_string().replace(&place, "");
        let detail = match error.classify() {
            serde_json::error::Category::Eof if bytes.is_empty() => {
                "The body is empty, but JSON is needed".to_owned()
            }
            _ => format!(
                "The body is not valid JSON at line {}, column {}: {what}",
                error.line(),
                error.column()
            ),
        };
        Problem::new(Code::InvalidJson, detail)
    })
}

fn walk(bytes: &[u8]) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Shape { depth: 0 }.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// The same text with a zero for each number that is beyond a double, which `serde_json` refuses to walk past: what is no JSON
/// stays as it is, where it is.
fn without_large_numbers(bytes: &[u8]) -> Vec<u8> {
    let mut text = bytes.to_vec();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let length = match rest[0] {
            b'"' => {
                let mut end = 1;
                while rest.get(end).is_some_and(|byte| *byte != b'"') {
                    end += if rest[end] == b'\\' { 2 } else { 1 };
                }
                end + 1
            }
            b'-' | b'0'..=b'9' => {
                let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
                let length = rest.iter().position(|byte| !goes_on(byte)).unwrap_or(rest.len());
                let number = std::str::from_utf8(&rest[..length]).unwrap_or_default();
                let is_large = number.parse::<f64>().is_ok_and(f64::is_infinite);
                if is_large && serde_json::from_str::<&RawValue>(number).is_ok() {
                    text[at..at + length].fill(b' ');
                    text[at] = b'0';
                }
                length
            }
            _ => 1,
        };
        at += length;
    }
    text
}

/// Walks through JSON without keeping it.
#[derive(Clone, Copy)]
struct Shape {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Shape {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Shape {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format_args!("it is nested deeper than {MAX_DEPTH}")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> Visitor<'de> for Shape {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inside = self.deeper()?;
        while items.next_element_seed(inside)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inside = self.deeper()?;
        let mut seen = HashSet::new();
        while let Some(key) = members.next_key::<std::borrow::Cow<'de, str>>()? {
            if seen.contains(&key) {
                return Err(A::Error::custom(format_args!("the key {key:?} is there twice")));
            }
            seen.insert(key);
            members.next_value_seed(inside)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_keys_and_deep_nesting_are_refused() {
        for (text, told) in [
            (r#"{"a": 1, "a": 2}"#, "twice"),
            (r#"{"a": {"b": [{"c": 1, "\u0063": 2}]}}"#, "twice"),
            (&format!("{}1{}", "[".repeat(65), "]".repeat(65)), "nested deeper"),
            ("{", "line 1, column 1"),
            ("", "empty"),
            ("{} {}", "trailing"),
            (r#"{"a": 1e400, "b": 1e400, "a": 1}"#, "line 1, column 28: the key \"a\""),
            ("[1e400, 01e400]", "line 1, column 10"),
            ("[1e400, -]", "line 1, column 10"),
            ("[1e400e]", "line 1, column 6"),
            (r#"[1e400, "\"]"#, "EOF"),
        ] {
            let problem = check_shape(text.as_bytes()).unwrap_err();
            assert!(problem.detail.contains(told), "{text}: {}", problem.detail);
        }
        check_shape(format!("{}1{}", "[".repeat(64), "]".repeat(64)).as_bytes()).unwrap();
        check_shape(r#"{"a": {"a": 1}, "b": [{"a": 1}, {"a": 1e400}, "\"1e400", -1.5E+99999]}"#.as_bytes())
            .unwrap();
    }
}

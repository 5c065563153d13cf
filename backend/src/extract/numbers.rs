//! Numbers that JSON can write and programs cannot keep: most read every number as a double, and some integers as 64 bits.
//! Fields of records keep every digit, and refuse only what grows when it is written out.

use super::json::escaped;
use crate::problem::{FieldError, Problem, Result};

/// Checks that no number in JSON whose shape was checked loses digits, which stands there in the body.
///
/// # Errors
/// `validation_failed`
pub fn check_numbers(at: &str, json: &[u8]) -> Result<()> {
    let Some(pointer) = lossy_number(json) else { return Ok(()) };
    let detail = "this number has more digits than programs keep; send it as a string";
    Err(Problem::validation(vec![FieldError::new(format!("{at}{pointer}"), "out_of_range", detail)]))
}

/// Where there is a number that would lose digits, as a JSON pointer, in JSON whose shape was checked.
fn lossy_number(json: &[u8]) -> Option<String> {
    find_number(json, |number| !is_kept(number))
}

/// Where the first number is that is wanted, as a JSON pointer, in JSON whose shape was checked.
pub fn find_number(json: &[u8], is_wanted: impl FnMut(&str) -> bool) -> Option<String> {
    Reader { json, at: 0, is_wanted }.value()
}

struct Reader<'a, F> {
    json: &'a [u8],
    at: usize,
    is_wanted: F,
}

impl<'a, F: FnMut(&str) -> bool> Reader<'a, F> {
    fn skip(&mut self, is_skipped: impl Fn(u8) -> bool) -> &'a str {
        let from = self.at;
        while self.json.get(self.at).copied().is_some_and(&is_skipped) {
            self.at += 1;
        }
        std::str::from_utf8(&self.json[from..self.at]).unwrap_or_default()
    }

    /// What is between values.
    fn space(&mut self) {
        self.skip(|byte| byte.is_ascii_whitespace() || byte == b',' || byte == b':');
    }

    fn value(&mut self) -> Option<String> {
        self.space();
        match *self.json.get(self.at)? {
            b'"' => _ = self.text(),
            b'[' => {
                self.at += 1;
                for index in 0.. {
                    self.space();
                    if self.json.get(self.at).is_none_or(|byte| *byte == b']') {
                        break;
                    }
                    if let Some(inner) = self.value() {
                        return Some(format!("/{index}{inner}"));
                    }
                }
                self.at += 1;
            }
            b'{' => {
                self.at += 1;
                loop {
                    self.space();
                    if self.json.get(self.at).is_none_or(|byte| *byte == b'}') {
                        break;
                    }
                    let name = self.text();
                    if let Some(inner) = self.value() {
                        return Some(format!("/{}{inner}", escaped(&name)));
                    }
                }
                self.at += 1;
            }
            _ => {
                let word = self.skip(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
                let is_number = !matches!(word, "true" | "false" | "null");
                return (is_number && (self.is_wanted)(word)).then(String::new);
            }
        }
        None
    }

    fn text(&mut self) -> String {
        let from = self.at;
        self.at += 1;
        while self.json.get(self.at).is_some_and(|byte| *byte != b'"') {
            self.at += if self.json[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        let text = self.json.get(from..self.at).unwrap_or_default();
        serde_json::from_slice(text).unwrap_or_default()
    }
}

/// Whether a number is the same when it was read and is written again.
fn is_kept(word: &str) -> bool {
    let has_exponent = word.contains(['e', 'E']);
    if (word.len() < 16 && !has_exponent) || word.parse::<i64>().is_ok() || word.parse::<u64>().is_ok() {
        return true;
    }
    let Ok(number) = word.parse::<f64>() else { return true };
    if !(has_exponent || word.contains('.')) {
        return false;
    }
    let said = digits(word);
    // The shortest that means the double, or as many as name it without doubt.
    said == digits(&format!("{number:e}")) || said == digits(&format!("{number:.16e}"))
}

/// The digits that count.
fn digits(number: &str) -> String {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_lose_digits_is_pointed_at() {
        for (json, pointer) in [
            (r#"123456789012345678901234567890"#, ""),
            (r#"{"a": [1, {"b/c": 18446744073709551616}]}"#, "/a/1/b~1c"),
            (r#"{"\"a\"": "1", "b": -9223372036854775809}"#, "/b"),
            (r#"[0.1, 3.14159265358979323846]"#, "/1"),
            (r#"[[], {}, "123456789012345678901", 123456789012345678.5]"#, "/3"),
            (r#"[true, 1e308, -1e309]"#, "/2"),
            (r#"[0e9, 1e-323, 1e-400]"#, "/2"),
        ] {
            assert_eq!(lossy_number(json.as_bytes()).as_deref(), Some(pointer), "{json}");
        }
        for json in [
            r#"[18446744073709551615, -9223372036854775808, 0.1, 1e300, 1.7976931348623157e308, -0.30000000000000004]"#,
            r#"{"a": 0.10000000000000001, "b": 1.0000000000000000, "c": 5e-324, "d": true, "e": null, "f": "\\\"9"}"#,
            r#"[100000000000000000000.0, 1e20, 2.2250738585072014e-308]"#,
        ] {
            assert_eq!(lossy_number(json.as_bytes()), None, "{json}");
        }
    }
}

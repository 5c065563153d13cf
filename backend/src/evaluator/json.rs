//! JSON as `jsonb` writes itself, read where it stands: keys in one order and without repeats, one way to escape, one to write a
//! number but for zeros behind its point.

use std::borrow::Cow;

use super::number::Number;

/// One step of a way into JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The member of an object, as its name stands in the text: escaped, in quotes.
    Key(Box<str>),
    /// The element of a list.
    Index(usize),
}

impl Step {
    pub(super) fn key(key: &str) -> Self {
        Self::Key(serde_json::Value::from(key).to_string().into())
    }
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    /// As it stands in the text: escaped, in quotes.
    Text(&'a str),
    List,
    Object,
}

/// What the value is.
pub(super) fn kind(value: &str) -> Kind<'_> {
    match value.as_bytes().first() {
        Some(b'n') | None => Kind::Null,
        Some(b't') => Kind::Bool(true),
        Some(b'f') => Kind::Bool(false),
        Some(b'"') => Kind::Text(value),
        Some(b'[') => Kind::List,
        Some(b'{') => Kind::Object,
        Some(_) => Kind::Number(value),
    }
}

/// What the quoted text says.
pub(super) fn unescape(quoted: &str) -> Option<Cow<'_, str>> {
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(quoted).ok().map(Cow::Owned)
}

/// What is found along the way; none where a step leads nowhere.
pub(super) fn at<'a>(value: &'a str, path: &[Step]) -> Option<&'a str> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => members(value).find_map(|(name, member)| (name == &**key).then_some(member)),
        Step::Index(index) => elements(value).nth(*index),
    })
}

/// The elements of a list; of anything else, none.
pub(super) fn elements(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = value.strip_prefix('[').unwrap_or_default();
    std::iter::from_fn(move || next(&mut rest))
}

/// The members of an object, each with its name as it stands there.
fn members(value: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = value.strip_prefix('{').unwrap_or_default();
    std::iter::from_fn(move || Some((next(&mut rest)?, next(&mut rest)?)))
}

/// The next value of a list or an object, past what stands between them.
fn next<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let text = rest.trim_start_matches([' ', ',', ':']);
    if text.is_empty() || text.starts_with([']', '}']) {
        return None;
    }
    let (value, after) = text.split_at(length(text.as_bytes()));
    *rest = after;
    Some(value)
}

/// How many bytes the value takes that the text starts with.
fn length(text: &[u8]) -> usize {
    match text.first() {
        Some(b'"') => quoted(text),
        Some(b'[' | b'{') => {
            let (mut depth, mut at) = (0, 0);
            while at < text.len() {
                match text[at] {
                    b'"' => {
                        at += quoted(&text[at..]);
                        continue;
                    }
                    b'[' | b'{' => depth += 1,
                    b']' | b'}' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    break;
                }
            }
            at
        }
        _ => text.iter().position(|byte| matches!(byte, b',' | b']' | b'}' | b' ')).unwrap_or(text.len()),
    }
}

/// How many bytes the quoted text takes.
fn quoted(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found + 1;
        if text[at - 1] == b'"' {
            return at;
        }
        at += 1;
    }
    text.len()
}

/// Whether two values are equal, as `jsonb` compares them: what differs is at most how their numbers are written.
pub(super) fn equal(a: &str, b: &str) -> bool {
    a == b || tokens(a).map(Token::of).eq(tokens(b).map(Token::of))
}

#[derive(PartialEq)]
enum Token<'a> {
    Number(Number<'a>),
    Other(&'a str),
}

impl<'a> Token<'a> {
    fn of(text: &'a str) -> Self {
        match text.as_bytes()[0] {
            b'-' | b'0'..=b'9' => Number::parse(text).map_or(Self::Other(text), Self::Number),
            _ => Self::Other(text),
        }
    }
}

/// The values and the marks between them.
fn tokens(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let text = rest.trim_start_matches(' ');
        let length = match text.as_bytes().first()? {
            b'[' | b']' | b'{' | b'}' | b',' | b':' => 1,
            _ => length(text.as_bytes()),
        };
        let (token, after) = text.split_at(length);
        rest = after;
        Some(token)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = r#"{"a": [1, {"b": "x\"]}y"}, null], "é\n": true, "empty": {}, "none": []}"#;

    #[test]
    fn ways_lead_to_values() {
        let found = |path: &[Step]| at(OBJECT, path);
        let key = Step::key;
        assert_eq!(found(&[]), Some(OBJECT));
        assert_eq!(found(&[key("a"), Step::Index(0)]), Some("1"));
        assert_eq!(found(&[key("a"), Step::Index(1), key("b")]), Some(r#""x\"]}y""#));
        assert_eq!(found(&[key("a"), Step::Index(2)]), Some("null"));
        assert_eq!(found(&[key("a"), Step::Index(3)]), None);
        assert_eq!(found(&[key("é\n")]), Some("true"));
        assert_eq!(found(&[key("none")]), Some("[]"));
        assert_eq!(found(&[key("none"), Step::Index(0)]), None);
        assert_eq!(found(&[key("empty"), key("a")]), None);
        assert_eq!(found(&[Step::Index(0)]), None);
        assert_eq!(at("5", &[Step::Index(0)]), None);
        assert_eq!(at("\"a\"", &[key("a")]), None);
        assert_eq!(elements(r#"[[1, 2], "a, b", -1.5]"#).collect::<Vec<_>>(), ["[1, 2]", "\"a, b\"", "-1.5"]);
    }

    #[test]
    fn texts_lose_their_escapes() {
        assert_eq!(unescape(r#""x\"\\\u0001ü""#).as_deref(), Some("x\"\\\u{1}ü"));
        assert!(matches!(unescape("\"plain\""), Some(Cow::Borrowed("plain"))));
    }

    #[test]
    fn equal_values_may_write_their_numbers_in_two_ways() {
        assert!(equal(r#"{"a": [1.0, "1.0"]}"#, r#"{"a": [1.00, "1.0"]}"#));
        assert!(!equal(r#"{"a": [1.0, "1.0"]}"#, r#"{"a": [1.0, "1.00"]}"#));
        assert!(!equal("[[1]]", "[1]"));
        assert!(!equal("[1, 2]", "[1]"));
        assert!(!equal("1", "[1]"));
    }
}

//! Arrays as Postgres writes them: `{a,"b c",NULL}`, `{{1,2},{3,4}}`, `[0:1]={1,2}`.

use std::borrow::Cow;

/// A part of an array's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// Where its first elements are not numbered from 1: how they are.
    Bounds(&'a str),
    Open,
    Close,
    /// None for null.
    Element(Option<Cow<'a, str>>),
}

/// The parts of an array, in order.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    let mut bounds = text.find('=').filter(|_| text.starts_with('['));
    std::iter::from_fn(move || {
        if let Some(end) = bounds.take() {
            rest = &text[end + 1..];
            return Some(Part::Bounds(&text[..end]));
        }
        rest = rest.trim_start_matches(',');
        let (part, length) = match rest.as_bytes().first()? {
            b'{' => (Part::Open, 1),
            b'}' => (Part::Close, 1),
            b'"' => quoted(rest),
            _ => {
                let end = memchr::memchr2(b',', b'}', rest.as_bytes()).unwrap_or(rest.len());
                let element =
                    (!rest[..end].eq_ignore_ascii_case("NULL")).then(|| Cow::Borrowed(&rest[..end]));
                (Part::Element(element), end)
            }
        };
        rest = &rest[length..];
        Some(part)
    })
}

/// The elements of an array, whatever its dimensions.
pub(crate) fn elements(text: &str) -> impl Iterator<Item = Option<Cow<'_, str>>> {
    parts(text).filter_map(|part| match part {
        Part::Element(element) => Some(element),
        _ => None,
    })
}

/// The element that the text starts with, in quotes, and how many bytes it takes.
fn quoted(text: &str) -> (Part<'_>, usize) {
    let bytes = text.as_bytes();
    let (mut element, mut from) = (Cow::Borrowed(""), 1);
    loop {
        let end = memchr::memchr2(b'"', b'\\', &bytes[from..]).map_or(bytes.len(), |found| from + found);
        element += &text[from..end];
        if bytes.get(end) != Some(&b'\\') {
            return (Part::Element(Some(element)), (end + 1).min(bytes.len()));
        }
        // What follows the backslash may be one of either again.
        let length = text[end + 1..].chars().next().map_or(0, char::len_utf8);
        element += &text[end + 1..end + 1 + length];
        from = end + 1 + length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Option<String>> {
        elements(text).map(|element| element.map(Cow::into_owned)).collect()
    }

    #[test]
    fn elements_lose_their_quotes() {
        assert_eq!(read("{}"), []);
        assert_eq!(read("{1,NULL,2}"), [Some("1".to_owned()), None, Some("2".to_owned())]);
        let odd = [r"a,b", r#"q"\"#, "", "NULL", "ü}{", " "].map(|text| Some(text.to_owned()));
        assert_eq!(read(r#"{"a,b","q\"\\","","NULL","ü}{"," "}"#), odd);
        assert_eq!(read("[0:1]={{1},{2}}").len(), 2);
        assert_eq!(read("{[],[=x}"), [Some("[]".to_owned()), Some("[=x".to_owned())]);
        let plain: Vec<_> = elements(r#"{"a b",c}"#).collect();
        assert!(plain.iter().all(|element| matches!(element, Some(Cow::Borrowed(_)))));
    }

    #[test]
    fn dimensions_are_parts() {
        assert!(!parts("{{1,2}}").eq(parts("{{1},{2}}")));
        assert!(!parts("[0:1]={1,2}").eq(parts("{1,2}")));
        assert!(parts(r#"{"1",2}"#).eq(parts("{1,2}")));
    }
}

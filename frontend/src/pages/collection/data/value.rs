//! Values as they are shown: from JSON text to words.

use std::borrow::Cow;

use annex_openapi::collections::{Field, FieldType};

/// The longest text that a cell shows; more would not fit.
const LONGEST: usize = 200;

/// How the values of a field look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Words.
    Text,
    /// Digits, at the right.
    Number,
    /// An id: its beginning and its end.
    Id,
    /// `true` or `false`.
    Bool,
    /// An instant: day and time.
    Instant,
    /// One word of a few.
    Choice,
    /// The key of another row.
    Relation,
    /// Braces and brackets.
    Json,
}

impl Look {
    /// How a field's values look.
    pub fn of(field: &Field) -> Self {
        if field.array {
            return Self::Json;
        }
        match field.type_ {
            FieldType::Text | FieldType::Email | FieldType::Url => Self::Text,
            FieldType::Int | FieldType::Bigint | FieldType::Float | FieldType::Numeric => Self::Number,
            FieldType::Date | FieldType::Timestamp => Self::Instant,
            FieldType::Bool => Self::Bool,
            FieldType::Uuid | FieldType::File => Self::Id,
            FieldType::Enum => Self::Choice,
            FieldType::Relation => Self::Relation,
            FieldType::Json | FieldType::Files => Self::Json,
        }
    }

    /// The class of its cells.
    pub fn class(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Id => "id",
            Self::Bool => "bool",
            Self::Instant => "instant",
            Self::Choice => "choice",
            Self::Relation => "relation",
            Self::Json => "json",
        }
    }

    /// What a cell shows for a value. Null is said by the cell itself.
    pub fn show(self, json: &str) -> Cow<'_, str> {
        match self {
            Self::Number | Self::Bool | Self::Json => one_line(short(match unquoted(json) {
                Some(text) if self != Self::Json => text,
                _ => Cow::Borrowed(json),
            })),
            Self::Text | Self::Choice => one_line(short(string(json))),
            Self::Id | Self::Relation => shortened_id(string(json)),
            Self::Instant => instant(string(json)),
        }
    }
}

/// The text that a JSON string stands for, without a copy where it has no escapes.
fn unquoted(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(json).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// The text of a JSON string, or the JSON text of anything else.
pub fn string(json: &str) -> Cow<'_, str> {
    unquoted(json).unwrap_or(Cow::Borrowed(json))
}

/// Whether a JSON text is `null`.
pub fn is_null(json: &str) -> bool {
    json == "null"
}

fn short(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => Cow::Owned(text[..end].to_owned()),
        None => text,
    }
}

/// A text on one line, with a mark where others begin.
pub fn one_line(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains(['\n', '\r']) {
        return text;
    }
    Cow::Owned(text.replace("\r\n", "\n").replace(['\n', '\r'], " ↵ "))
}

/// Ids that are made one after the other differ at their end.
fn shortened_id(id: Cow<'_, str>) -> Cow<'_, str> {
    if id.len() == 36 && id.is_ascii() {
        Cow::Owned(format!("{}…{}", &id[..8], &id[30..]))
    } else {
        short(id)
    }
}

/// `2013-01-01T10:00:00.25Z` as `2013-01-01 10:00:00`: what is left out shows where it is edited.
fn instant(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.split_once('T') {
        Some((day, time)) if time.ends_with('Z') => {
            let time = time.trim_end_matches('Z');
            Cow::Owned(format!("{day} {}", time.split('.').next().unwrap_or(time)))
        }
        _ => text,
    }
}

/// An instant with all that a cell leaves out: `2013-01-01 10:00:00.25 UTC`; none for a day.
pub fn whole_instant(json: &str) -> Option<String> {
    let text = string(json);
    let (day, time) = text.split_once('T')?;
    Some(format!("{day} {} UTC", time.strip_suffix('Z')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_without_what_json_needs() {
        assert_eq!(Look::Text.show(r#""IAH""#), "IAH");
        assert_eq!(Look::Text.show(r#""a \"b\" \u00e4""#), "a \"b\" ä");
        assert_eq!(Look::Text.show(r#""a\r\nb\n\nc""#), "a ↵ b ↵  ↵ c");
        assert_eq!(Look::Number.show("-12.50"), "-12.50");
        assert_eq!(Look::Number.show(r#""99999999999999999999.10""#), "99999999999999999999.10");
        assert_eq!(Look::Bool.show("true"), "true");
        assert_eq!(Look::Json.show(r#"["a","b"]"#), r#"["a","b"]"#);
        assert_eq!(Look::Json.show(r#""text""#), r#""text""#);
    }

    #[test]
    fn ids_show_where_they_differ() {
        assert_eq!(Look::Id.show(r#""01a206ad-1e8a-737f-9fe7-74656002f86e""#), "01a206ad…02f86e");
        assert_eq!(Look::Relation.show("17"), "17");
    }

    #[test]
    fn instants_are_shown_to_the_second() {
        assert_eq!(Look::Instant.show(r#""2026-11-23T04:32:47.861671Z""#), "2026-11-23 04:32:47");
        assert_eq!(Look::Instant.show(r#""2013-01-01""#), "2013-01-01");
        assert_eq!(Look::Instant.show(r#""infinity""#), "infinity");
    }

    #[test]
    fn nothing_of_an_instant_is_left_out_of_the_whole() {
        let whole = whole_instant(r#""2026-11-23T04:32:47.861671Z""#);
        assert_eq!(whole.as_deref(), Some("2026-11-23 04:32:47.861671 UTC"));
        assert_eq!(whole_instant(r#""2013-01-01""#), None);
        assert_eq!(whole_instant("null"), None);
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let long = format!("\"{}\"", "ä".repeat(500));
        assert_eq!(Look::Text.show(&long).chars().count(), LONGEST);
    }
}

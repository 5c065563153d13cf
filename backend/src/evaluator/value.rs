//! Values on their way through an evaluation: read from a row's text, compared by their type.

use std::borrow::Cow;
use std::cmp::Ordering;

use uuid::Uuid;

use super::array::{self, Part};
use super::number::{Number, cmp_floats};
use super::{instant, json};

/// As what a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    /// A whole number of 64 bits.
    Whole,
    /// A number as the nearest float.
    Float,
    /// A number as the nearest float of single precision.
    Single,
    /// A number with all of its digits.
    Number,
    Text,
    Uuid,
    Day,
    Instant,
    Json,
}

/// A value that is not null.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    Bool(bool),
    Whole(i64),
    Float(f64),
    Number(Number<'a>),
    Text(Cow<'a, str>),
    Uuid(Uuid),
    Day(i64),
    Instant(i64),
    Json(&'a str),
    /// An array, and as what its elements are read.
    List(&'a str, Kind),
    /// A list that the caller has.
    Names(&'a [String]),
}

impl Kind {
    /// What the text says; none where it is not of that kind, which does not come from Postgres.
    pub(super) fn read(self, text: &str) -> Option<Value<'_>> {
        Some(match self {
            Self::Bool => Value::Bool(matches!(text, "t" | "true")),
            Self::Whole => Value::Whole(text.parse().ok()?),
            Self::Float => Value::Float(text.parse().ok()?),
            Self::Single => Value::Float(text.parse::<f32>().ok()?.into()),
            Self::Number => Value::Number(Number::parse(text)?),
            Self::Text => Value::Text(Cow::Borrowed(text)),
            Self::Uuid => Value::Uuid(Uuid::try_parse(text).ok()?),
            Self::Day => Value::Day(instant::day(text)?),
            Self::Instant => Value::Instant(instant::instant(text)?),
            Self::Json => Value::Json(text),
        })
    }

    /// What a text that is not borrowed says.
    fn read_element<T>(self, text: Cow<'_, str>, see: impl FnOnce(&Value<'_>) -> T) -> Option<T> {
        match (self, text) {
            (Self::Text, text) => Some(see(&Value::Text(text))),
            (_, text) => self.read(&text).map(|value| see(&value)),
        }
    }
}

/// How two values of one type compare; JSON and lists have no order, and are equal or not.
pub(super) fn compare(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    Some(match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Whole(a), Value::Whole(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => cmp_floats(*a, *b),
        (Value::Whole(a), Value::Float(b)) => cmp_floats(*a as f64, *b),
        (Value::Float(a), Value::Whole(b)) => cmp_floats(*a, *b as f64),
        (Value::Number(a), Value::Number(b)) => a.cmp(b),
        (Value::Whole(a), Value::Number(b)) => Number::parse(itoa::Buffer::new().format(*a))?.cmp(b),
        (Value::Number(a), Value::Whole(b)) => a.cmp(&Number::parse(itoa::Buffer::new().format(*b))?),
        (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Value::Uuid(a), Value::Uuid(b)) => a.cmp(b),
        (Value::Day(a), Value::Day(b)) | (Value::Instant(a), Value::Instant(b)) => a.cmp(b),
        (Value::Json(a), Value::Json(b)) => unordered(json::equal(a, b)),
        (Value::List(a, read_a), Value::List(b, read_b)) => unordered(same_lists(a, *read_a, b, *read_b)),
        (Value::List(list, _), Value::Names(names)) | (Value::Names(names), Value::List(list, _)) => {
            unordered(is_names(list, names))
        }
        (Value::Names(a), Value::Names(b)) => unordered(a == b),
        _ => return None,
    })
}

fn unordered(equal: bool) -> Ordering {
    if equal { Ordering::Equal } else { Ordering::Less }
}

/// Whether the value is an element of the list.
pub(super) fn contains(list: &Value<'_>, element: &Value<'_>) -> Option<bool> {
    let is_it = |value: &Value<'_>| compare(value, element) == Some(Ordering::Equal);
    match (list, element) {
        (Value::Names(names), Value::Text(element)) => Some(names.iter().any(|name| **name == **element)),
        // The caller has no lists of anything else.
        (Value::Names(_), _) => Some(false),
        (Value::List(text, kind), _) => Some(
            array::elements(text).flatten().any(|element| kind.read_element(element, is_it) == Some(true)),
        ),
        _ => None,
    }
}

/// Arrays are equal where they have the same dimensions and elements, null equal to null.
fn same_lists(a: &str, read_a: Kind, b: &str, read_b: Kind) -> bool {
    if a == b {
        return true;
    }
    let (mut a, mut b) = (array::parts(a), array::parts(b));
    loop {
        let same = match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(Part::Element(Some(a))), Some(Part::Element(Some(b)))) => {
                let equal =
                    |a: &Value<'_>| read_b.read_element(b, |b| compare(a, b) == Some(Ordering::Equal));
                read_a.read_element(a, equal).flatten() == Some(true)
            }
            (a, b) => a == b,
        };
        if !same {
            return false;
        }
    }
}

/// Whether an array has those elements and no others.
fn is_names(list: &str, names: &[String]) -> bool {
    let open = std::iter::once(Part::Open);
    let elements = names.iter().map(|name| Part::Element(Some(Cow::Borrowed(name.as_str()))));
    array::parts(list).eq(open.chain(elements).chain([Part::Close]))
}

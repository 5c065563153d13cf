//! The order of a list, as far as it is known here: that of numbers, times and keys. The order of text is the database's.

use std::cmp::Ordering;

use annex_openapi::collections::{Collection, Field, FieldType};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::value::{is_null, string};
use crate::api::records::{Listing, Row};

/// The order of a list: fields by their places in the collection, each ascending or descending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order(Vec<(usize, Kind, bool)>);

/// How the values of a field are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Number,
    Decimal,
    Instant,
    /// Its text has the order of the value.
    Bytes,
}

impl Kind {
    fn of(field: &Field) -> Option<Self> {
        Some(match field.value_type() {
            FieldType::Bool => Self::Bool,
            FieldType::Int | FieldType::Float => Self::Number,
            FieldType::Bigint | FieldType::Numeric => Self::Decimal,
            FieldType::Timestamp => Self::Instant,
            FieldType::Uuid | FieldType::Date => Self::Bytes,
            _ => return None,
        })
    }

    fn compare(self, one: &str, other: &str) -> Option<Ordering> {
        match self {
            Self::Bool => Some((one == "true").cmp(&(other == "true"))),
            Self::Number => one.parse::<f64>().ok()?.partial_cmp(&other.parse().ok()?),
            Self::Decimal => decimals(&string(one), &string(other)),
            Self::Instant => {
                let read = |text: &str| OffsetDateTime::parse(&string(text), &Rfc3339).ok();
                Some(read(one)?.cmp(&read(other)?))
            }
            Self::Bytes => Some(string(one).cmp(&string(other))),
        }
    }
}

/// Compares decimal numbers of any length; `None` for what has no digits alone.
fn decimals(one: &str, other: &str) -> Option<Ordering> {
    fn parts(text: &str) -> Option<(bool, &str, &str)> {
        let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
        let is_plain = [whole, rest].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        let (whole, rest) = (whole.trim_start_matches('0'), rest.trim_end_matches('0'));
        let is_zero = whole.is_empty() && rest.is_empty();
        is_plain.then_some((is_negative && !is_zero, whole, rest))
    }
    let (one, other) = (parts(one)?, parts(other)?);
    let size = |(_, whole, _): (bool, &str, &str)| whole.len();
    let amount = size(one).cmp(&size(other)).then(one.1.cmp(other.1)).then(one.2.cmp(other.2));
    Some(match (one.0, other.0) {
        (false, false) => amount,
        (true, true) => amount.reverse(),
        (is_less, _) => {
            if is_less {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
    })
}

impl Order {
    /// The order of a list; `None` where the database alone knows it.
    pub fn of(collection: &Collection, listing: &Listing) -> Option<Self> {
        let place = |name: &str| collection.fields.iter().position(|field| field.name == name);
        let mut keys = Vec::new();
        for key in &listing.sort {
            let (name, descending) = key.strip_prefix('-').map_or((key.as_str(), false), |name| (name, true));
            keys.push((place(name)?, descending));
        }
        // What tells rows apart comes last, in the direction of the last field.
        let descending = keys.last().is_some_and(|(_, descending)| *descending);
        for name in &collection.primary_key {
            let place = place(name)?;
            if keys.iter().all(|(own, _)| *own != place) {
                keys.push((place, descending));
            }
        }
        let keys = keys.into_iter().map(|(place, descending)| {
            let field = collection.fields.get(place).filter(|field| !field.array)?;
            Some((place, Kind::of(field)?, descending))
        });
        keys.collect::<Option<Vec<_>>>().filter(|keys| !keys.is_empty()).map(Self)
    }

    /// Which of two rows comes first; `None` where that is not known.
    pub fn compare(&self, one: &Row, other: &Row) -> Option<Ordering> {
        for (place, kind, descending) in &self.0 {
            let (one, other) = (one.value(*place)?, other.value(*place)?);
            // Nulls come last in ascending order, and first in descending order.
            let order = match (is_null(one), is_null(other)) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => kind.compare(one, other)?,
            };
            match if *descending { order.reverse() } else { order } {
                Ordering::Equal => {}
                order => return Some(order),
            }
        }
        Some(Ordering::Equal)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::books;
    use super::*;

    fn order(sort: &[&str]) -> Option<Order> {
        let sort = sort.iter().map(|key| (*key).to_owned()).collect();
        Order::of(&books(), &Listing { sort, ..Listing::default() })
    }

    fn row(id: u8, pages: &str, price: &str) -> Row {
        let text = format!(
            r#"{{"id":"00000000-0000-0000-0000-0000000000{id:02}","created_at":"2026-01-01T00:00:0{id}Z","pages":{pages},"price":{price}}}"#
        );
        Row::parse(&books(), &text).expect("a row")
    }

    #[test]
    fn the_key_decides_last_and_in_the_direction_of_the_last_field() {
        let (one, two) = (row(1, "5", "null"), row(2, "5", "null"));
        assert_eq!(order(&[]).and_then(|order| order.compare(&one, &two)), Some(Ordering::Less));
        assert_eq!(order(&["pages"]).and_then(|order| order.compare(&one, &two)), Some(Ordering::Less));
        assert_eq!(order(&["-pages"]).and_then(|order| order.compare(&one, &two)), Some(Ordering::Greater));
        assert_eq!(
            order(&["-created_at"]).and_then(|order| order.compare(&one, &two)),
            Some(Ordering::Greater)
        );
    }

    #[test]
    fn nulls_come_last_going_up_and_first_going_down() {
        let (one, two) = (row(1, "null", "null"), row(2, "5", "null"));
        assert_eq!(order(&["pages"]).and_then(|order| order.compare(&one, &two)), Some(Ordering::Greater));
        assert_eq!(order(&["-pages"]).and_then(|order| order.compare(&one, &two)), Some(Ordering::Less));
    }

    #[test]
    fn the_order_of_text_and_lists_is_the_databases() {
        assert_eq!([&["title"][..], &["tags"], &["no_field"]].map(order), [None, None, None]);
    }

    #[test]
    fn decimals_of_any_length_are_compared() {
        for (one, other, expected) in [
            ("1.10", "1.1", Ordering::Equal),
            ("-0", "0.00", Ordering::Equal),
            ("9", "10", Ordering::Less),
            ("0.09", "0.1", Ordering::Less),
            ("-2", "-1.5", Ordering::Less),
            ("-1", "1", Ordering::Less),
            ("100000000000000000000001", "100000000000000000000000.5", Ordering::Greater),
        ] {
            assert_eq!(decimals(one, other), Some(expected), "{one} {other}");
            assert_eq!(decimals(other, one), Some(expected.reverse()), "{other} {one}");
        }
        assert_eq!(decimals("NaN", "1"), None);
        let (cheap, dear) = (row(2, "1", "\"9.5\""), row(1, "1", "\"10\""));
        assert_eq!(order(&["price"]).and_then(|order| order.compare(&cheap, &dear)), Some(Ordering::Less));
    }
}

//! A filter as the conditions that it joins: each can be taken out, and others put beside them.

use annex_openapi::collections::{Collection, Field, FieldType};
use annex_openapi::expression::parse;
use annex_openapi::expression::syntax::{
    CompareOp, Condition, ConditionKind, Path, Root, Segment, SegmentKind, Value, ValueKind,
};

use super::super::field::is_comparable;
use super::super::value::{is_null, string};

/// The conditions that a filter joins with `and`, each as it is written; none where it cannot be read.
pub fn terms(filter: &str) -> Vec<String> {
    parts(filter).iter().map(ToString::to_string).collect()
}

fn parts(filter: &str) -> Vec<Condition> {
    match parse(filter) {
        Ok(parsed) => match parsed.condition.kind {
            ConditionKind::And(parts) => parts,
            _ => vec![parsed.condition],
        },
        Err(_) => Vec::new(),
    }
}

fn joined(mut parts: Vec<Condition>) -> String {
    match parts.len() {
        0 => String::new(),
        1 => parts.remove(0).to_string(),
        _ => condition(ConditionKind::And(parts)).to_string(),
    }
}

fn condition(kind: ConditionKind) -> Condition {
    Condition { kind, span: 0..0 }
}

/// The filter without one of its conditions.
pub fn without(filter: &str, place: usize) -> String {
    let mut parts = parts(filter);
    if place < parts.len() {
        parts.remove(place);
    }
    joined(parts)
}

/// The filter with one of its conditions replaced by what was written; `None` where that cannot be read.
pub fn replaced(filter: &str, place: usize, written: &str) -> Option<String> {
    let mut parts = parts(filter);
    let new = parse(written).ok()?.condition;
    *parts.get_mut(place)? = new;
    Some(joined(parts))
}

/// The filter with another condition beside those that it has, once.
pub fn with(filter: &str, term: &str) -> String {
    let mut parts = parts(filter);
    match parse(term) {
        Ok(term) if !parts.iter().any(|part| part.to_string() == term.condition.to_string()) => {
            parts.push(term.condition);
        }
        _ => {}
    }
    joined(parts)
}

fn value(kind: ValueKind) -> Value {
    Value { kind, span: 0..0 }
}

/// A value as it is written in an expression; `None` where such values cannot be compared.
pub fn literal(field: &Field, json: &str) -> Option<Value> {
    if is_null(json) {
        return Some(value(ValueKind::Null));
    }
    if field.array {
        return None;
    }
    Some(value(match field.value_type() {
        FieldType::Bool => ValueKind::Bool(json == "true"),
        FieldType::Int | FieldType::Bigint | FieldType::Float | FieldType::Numeric => {
            let number = string(json);
            // There is no way to write what is not a number.
            if !number.ends_with(|last: char| last.is_ascii_digit()) {
                return None;
            }
            ValueKind::Number(number.into_owned())
        }
        FieldType::Json | FieldType::Files => return None,
        _ => ValueKind::Text(string(json).into_owned()),
    }))
}

/// A field of the row.
fn own(field: &Field) -> Value {
    let segment = Segment { kind: SegmentKind::Name(field.name.clone()), span: 0..0 };
    value(ValueKind::Path(Path { root: Root::Row, segments: vec![segment] }))
}

/// The condition that a field has a value, or does not have it; `None` where such values cannot be compared.
pub fn equals(field: &Field, json: &str, negated: bool) -> Option<String> {
    let (left, right) = (own(field), literal(field, json)?);
    let op = if negated { CompareOp::Ne } else { CompareOp::Eq };
    Some(condition(ConditionKind::Compare { op, left, right }).to_string())
}

/// The condition that a list has a value in it; `None` where such values cannot be compared.
pub fn contains(field: &Field, json: &str) -> Option<String> {
    let item = Field { array: false, ..field.clone() };
    let (container, element) = (own(field), literal(&item, json)?);
    Some(condition(ConditionKind::Contains { container, element, negated: false }).to_string())
}

/// A condition that shows how they are written, with fields of the collection; empty where it has none to compare.
pub fn example(collection: &Collection) -> String {
    let fields = || {
        let plain = |field: &&Field| is_comparable(field) && !field.system && !field.hidden;
        collection.fields.iter().filter(plain)
    };
    let number = |field: &&Field| {
        use FieldType::{Bigint, Float, Int, Numeric};
        matches!(field.type_, Int | Bigint | Float | Numeric) && !field.primary_key
    };
    let number = fields().find(number).map(|field| {
        let (left, right) = (own(field), value(ValueKind::Number("10".to_owned())));
        condition(ConditionKind::Compare { op: CompareOp::Gt, left, right })
    });
    let word = fields().find(|field| matches!(field.type_, FieldType::Enum)).and_then(|field| {
        let first = field.values.as_ref()?.first()?;
        Some((field, CompareOp::Eq, first.clone()))
    });
    let text = || fields().find(|field| field.type_ == FieldType::Text);
    let word = word.or_else(|| text().map(|field| (field, CompareOp::Ne, String::new()))).map(
        |(field, op, text)| {
            let (left, right) = (own(field), value(ValueKind::Text(text)));
            condition(ConditionKind::Compare { op, left, right })
        },
    );
    joined(number.into_iter().chain(word).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::collection::data::fixture::books;

    #[test]
    fn a_filter_is_its_conditions() {
        let filter = r#"(a = 1 or b = 2)  and title like "%x and y%" and not (c = 3)"#;
        assert_eq!(terms(filter), ["a = 1 or b = 2", r#"title like "%x and y%""#, "not c = 3"]);
        assert_eq!(terms("a = 1 or b = 2"), ["a = 1 or b = 2"]);
        assert_eq!(terms(""), Vec::<String>::new());
        assert_eq!(terms("a ="), Vec::<String>::new());
    }

    #[test]
    fn conditions_come_and_go() {
        let filter = "(a = 1 or b = 2) and c = 3";
        assert_eq!(without(filter, 0), "c = 3");
        assert_eq!(without(filter, 1), "a = 1 or b = 2");
        assert_eq!(without("c = 3", 0), "");
        assert_eq!(with("", "c = 3"), "c = 3");
        assert_eq!(with("a = 1 or b = 2", "c = 3"), filter);
        assert_eq!(with(filter, "c = 3"), filter);
        assert_eq!(
            replaced(filter, 1, "d = 4 or e = 5").as_deref(),
            Some("(a = 1 or b = 2) and (d = 4 or e = 5)")
        );
        assert_eq!(replaced(filter, 1, "d ="), None);
    }

    #[test]
    fn a_value_is_a_condition() {
        let books = books();
        let field = |name: &str| books.field(name).expect("a field");
        assert_eq!(equals(field("title"), "\"a \\\"b\\\"\"", false).as_deref(), Some(r#"title = "a \"b\"""#));
        assert_eq!(equals(field("price"), "\"-1.50\"", true).as_deref(), Some("price != -1.50"));
        assert_eq!(equals(field("pages"), "null", true).as_deref(), Some("pages != null"));
        assert_eq!(equals(field("tags"), "[\"a\"]", false), None);
        assert_eq!(equals(field("author"), "\"0190f5b6\"", false).as_deref(), Some("author = \"0190f5b6\""));
    }

    #[test]
    fn the_example_is_of_the_collection() {
        let mut books = books();
        assert_eq!(example(&books), r#"pages > 10 and title != """#);
        books.fields.retain(|field| field.name != "pages" && field.name != "price");
        assert_eq!(example(&books), r#"title != """#);
        books.fields.retain(|field| field.system);
        assert_eq!(example(&books), "");
    }

    #[test]
    fn a_value_of_a_list_is_a_condition() {
        let books = books();
        let tags = books.field("tags").expect("tags");
        assert_eq!(contains(tags, "\"a\"").as_deref(), Some(r#"tags contains "a""#));
        let numbers = Field { type_: FieldType::Bigint, ..tags.clone() };
        assert_eq!(
            contains(&numbers, "\"9007199254740993\"").as_deref(),
            Some("tags contains 9007199254740993")
        );
    }
}

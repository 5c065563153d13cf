//! What is offered at a place.

use super::super::check::path::ATTRIBUTES;
use super::super::check::value::{Class, class, label};
use super::super::scope::{Purpose, RuleKind};
use super::super::typed::{Function, ValueType};
use super::super::{MAX_EXISTS, print};
use super::reader::{Next, Place, Reader};
use super::{Suggestion, SuggestionKind};
use crate::collections::{Collection, Field, FieldType};

/// What may stand there, and whether it helps without being asked for.
pub(super) fn suggestions(reader: &Reader<'_>, within_text: bool) -> (Vec<Suggestion>, bool) {
    let mut list = Vec::new();
    let helps = match reader.next {
        // Only values of an enum are texts that are known.
        Next::Beside(place) | Next::List(place) if within_text => values(place, &mut list),
        _ if within_text => false,
        Next::Condition => {
            fields(reader, &mut list, |_| true);
            rows(reader, &mut list);
            functions(&mut list);
            specials(reader, &mut list);
            words(&["not", "true", "false"], &mut list);
            false
        }
        Next::Beside(place) => {
            let known = values(place, &mut list);
            let class_of = place.value_type().map(|type_| class(type_.type_));
            specials(reader, &mut list);
            fields(reader, &mut list, |field| {
                class_of.is_none_or(|of| class(ValueType::of(field).type_) == of)
            });
            functions(&mut list);
            words(&["null"], &mut list);
            known
        }
        Next::Argument => {
            fields(reader, &mut list, |field| {
                let type_ = ValueType::of(field);
                type_.array || matches!(class(type_.type_), Class::Text | Class::Json)
            });
            specials(reader, &mut list);
            false
        }
        Next::Operator(_) if !reader.in_condition() => false,
        Next::Operator(_) if reader.is_right_side() => {
            words(&["and", "or"], &mut list);
            false
        }
        Next::Operator(place) => {
            words(operators(place), &mut list);
            let type_ = place.value_type();
            type_.is_some_and(|type_| type_ != ValueType::one(FieldType::Bool))
        }
        Next::Step(Place::Caller) => {
            list.extend(ATTRIBUTES.map(|(name, type_)| one(name, SuggestionKind::Field, label(type_))));
            true
        }
        Next::Step(place) => {
            if let Some(row) = reader.within(place) {
                fields_of(row, reader, &mut list, |_| true);
            }
            true
        }
        Next::Negated(_) => {
            words(&["in", "like", "ilike", "contains"], &mut list);
            true
        }
        Next::List(place) => {
            list.push(Suggestion {
                label: "[ ]".to_owned(),
                ..one("[]", SuggestionKind::Word, "any of these")
            });
            let many = |field: &Field| ValueType::of(field).array || field.type_ == FieldType::Json;
            if class_of(place) != Some(Class::Uuid) {
                list.push(one("@user.roles", SuggestionKind::Special, "the caller's roles"));
            }
            if class_of(place) != Some(Class::Text) {
                list.push(one("@user.orgs", SuggestionKind::Special, "the caller's organisations"));
            }
            fields(reader, &mut list, many);
            true
        }
        Next::Collection => {
            let mut names = reader.scope.collections.names();
            names.sort_unstable();
            list.extend(names.into_iter().map(|name| Suggestion {
                text: format!("{}, ", print::name(name)),
                ..one(name, SuggestionKind::Rows, "collection")
            }));
            true
        }
        Next::Connective => {
            words(&["and", "or"], &mut list);
            false
        }
        Next::Index | Next::Offset(_) | Next::Nothing => false,
    };
    (list, helps)
}

fn one(label: &str, kind: SuggestionKind, detail: impl Into<String>) -> Suggestion {
    Suggestion { label: label.to_owned(), text: label.to_owned(), kind, detail: detail.into() }
}

fn class_of(place: Place<'_>) -> Option<Class> {
    place.value_type().map(|type_| class(type_.type_))
}

fn words(words: &[&str], list: &mut Vec<Suggestion>) {
    list.extend(words.iter().map(|word| one(word, SuggestionKind::Word, "")));
}

/// The fields of the row itself.
fn fields(reader: &Reader<'_>, list: &mut Vec<Suggestion>, wanted: impl Fn(&Field) -> bool) {
    if let Some(row) = reader.row() {
        fields_of(row, reader, list, wanted);
    }
}

fn fields_of(
    row: &Collection,
    reader: &Reader<'_>,
    list: &mut Vec<Suggestion>,
    wanted: impl Fn(&Field) -> bool,
) {
    let shown = row.fields.iter().filter(|field| reader.scope.shows(field) && wanted(field));
    list.extend(shown.map(|field| {
        let (kind, detail) = match &field.collection {
            Some(target) => (SuggestionKind::Relation, format!("→ {target}")),
            None => (SuggestionKind::Field, label(ValueType::of(field))),
        };
        Suggestion { text: print::name(&field.name), ..one(&field.name, kind, detail) }
    }));
}

/// Rows of other collections that point at the row.
fn rows(reader: &Reader<'_>, list: &mut Vec<Suggestion>) {
    let Some(row) = reader.row().filter(|_| reader.depth() < MAX_EXISTS) else { return };
    for incoming in &row.incoming {
        let Some(other) = reader.scope.collections.collection(&incoming.collection) else { continue };
        let Some(field) = other.field(&incoming.field).filter(|field| reader.scope.shows(field)) else {
            continue;
        };
        let key = print::name(field.references.as_deref().unwrap_or("id"));
        let (collection, field_name) = (print::name(&incoming.collection), print::name(&incoming.field));
        let related = match field.array {
            true => format!("{field_name} contains $.{key}"),
            false => format!("{field_name} = $.{key}"),
        };
        list.push(Suggestion {
            text: format!("exists({collection}, {related} and )"),
            ..one(&incoming.name, SuggestionKind::Rows, format!("rows of {}", incoming.collection))
        });
    }
}

fn functions(list: &mut Vec<Suggestion>) {
    let details = ["text in lower case", "text in upper case", "how many characters or elements"];
    for (function, detail) in [Function::Lower, Function::Upper, Function::Length].into_iter().zip(details) {
        let name = function.name();
        list.push(Suggestion { text: format!("{name}()"), ..one(name, SuggestionKind::Function, detail) });
    }
    list.push(Suggestion {
        text: "exists()".to_owned(),
        ..one("exists", SuggestionKind::Function, "whether there is such a row")
    });
}

/// What a value is compared with most often; says whether there is such a thing.
fn values(place: Place<'_>, list: &mut Vec<Suggestion>) -> bool {
    if let Place::Field(Field { values: Some(values), .. }) = place {
        list.extend(values.iter().map(|value| one(&print::text(value), SuggestionKind::Value, "")));
        return true;
    }
    match class_of(place) {
        Some(Class::Bool) => {
            list.extend(["true", "false"].map(|value| one(value, SuggestionKind::Value, "")))
        }
        Some(Class::Time) => {
            list.push(one("@now", SuggestionKind::Special, "this instant"));
            list.push(one("@now - 7d", SuggestionKind::Special, "a week ago"));
            list.push(one("@today", SuggestionKind::Special, "this day"));
        }
        Some(Class::Uuid) => list.push(one("@user.id", SuggestionKind::Special, "who is calling")),
        _ => return false,
    }
    true
}

fn specials(reader: &Reader<'_>, list: &mut Vec<Suggestion>) {
    let mut add = |name: &str, detail: &str| {
        if !list.iter().any(|suggestion| suggestion.label == name) {
            list.push(one(name, SuggestionKind::Special, detail));
        }
    };
    add("@user", "who is calling");
    if matches!(reader.scope.purpose, Purpose::Rule(RuleKind::Create | RuleKind::Update)) {
        add("@new", "the row as it would be written");
    }
    if let Some(outer) = reader.outer() {
        add("$", &format!("the row of {} around this one", outer.name));
    }
    add("@now", "this instant");
    add("@today", "this day");
}

fn operators(place: Place<'_>) -> &'static [&'static str] {
    match place.value_type() {
        Some(type_) if type_.array => &["contains", "not contains", "=", "!="],
        Some(type_) => match class(type_.type_) {
            Class::Text if type_.type_ == FieldType::Enum => &["=", "!=", "in", "not in"],
            Class::Text => &["=", "!=", "contains", "like", "ilike", "in", "not in", "<", ">"],
            Class::Number | Class::Time => &["=", "!=", "<", "<=", ">", ">=", "in", "not in"],
            Class::Bool => &["and", "or", "=", "!="],
            Class::Uuid => &["=", "!=", "in", "not in"],
            Class::Json => &["=", "!=", "<", "<=", ">", ">=", "contains", "in", "like"],
        },
        None => &["=", "!=", "<", "<=", ">", ">=", "in", "like", "contains"],
    }
}

//! Values: what each is, before it meets what it is compared with.

use super::super::decimal::Decimal;
use super::super::duration::DAY;
use super::super::error::ErrorCode;
use super::super::suggest::{self, Hint};
use super::super::syntax::*;
use super::super::typed::*;
use super::{Checked, Checker};
use crate::collections::{Field, FieldType};

/// A value. Literals have no type until they meet one.
#[derive(Debug, Clone)]
pub(super) struct Resolved<'a> {
    pub(super) kind: Kind,
    pub(super) span: Span,
    /// The field that it is, for its enum values.
    pub(super) field: Option<&'a Field>,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(String),
    /// Anything with a type. Of JSON, the type is still open: see [`expect`].
    Operand(Operand),
}

impl Resolved<'_> {
    /// Whether text that says so might be meant beside it.
    pub(super) fn may_be(&self, word: &str) -> bool {
        match (self.field.and_then(|field| field.values.as_deref()), &self.kind) {
            (Some(values), _) => values.iter().any(|value| value == word),
            (None, Kind::Operand(operand)) => class(operand.value_type().type_) == Class::Text,
            (None, _) => false,
        }
    }

    pub(super) fn is_literal(&self) -> bool {
        !matches!(self.kind, Kind::Operand(_))
    }
}

/// What may be compared with one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::expression) enum Class {
    Text,
    Number,
    Bool,
    Time,
    Uuid,
    Json,
}

pub(in crate::expression) fn class(type_: FieldType) -> Class {
    match type_ {
        FieldType::Text | FieldType::Email | FieldType::Url | FieldType::Enum => Class::Text,
        FieldType::Int | FieldType::Bigint | FieldType::Float | FieldType::Numeric => Class::Number,
        FieldType::Bool => Class::Bool,
        FieldType::Date | FieldType::Timestamp => Class::Time,
        FieldType::Uuid | FieldType::Relation | FieldType::File | FieldType::Files => Class::Uuid,
        FieldType::Json => Class::Json,
    }
}

/// The type as messages name it.
pub(in crate::expression) fn label(type_: ValueType) -> String {
    let one = match type_.type_ {
        FieldType::Relation | FieldType::File | FieldType::Files => FieldType::Uuid.as_str(),
        plain => plain.as_str(),
    };
    if type_.array { format!("a list of {one}") } else { one.to_owned() }
}

/// JSON (of a field or of the caller's claims), expected to be of that type.
pub(super) fn expect(operand: Operand, type_: FieldType) -> Operand {
    match operand {
        Operand::Json(json) => Operand::Json(JsonRef { type_, ..json }),
        Operand::User(user) => Operand::User(UserRef { value_type: ValueType::one(type_), ..user }),
        other => other,
    }
}

/// A parameter of a topic, read as a value of that type; null where it is none.
pub(super) fn read_as(parameter: Operand, value_type: ValueType) -> Operand {
    match parameter {
        Operand::Field(field) => Operand::Field(FieldRef { value_type, ..field }),
        other => other,
    }
}

/// The caller's id (or ids of organisations), as text.
pub(super) fn as_text(operand: Operand) -> Operand {
    match operand {
        Operand::User(UserRef { attribute, value_type }) if value_type.type_ == FieldType::Uuid => {
            let value_type = ValueType { type_: FieldType::Text, ..value_type };
            Operand::User(UserRef { attribute, value_type })
        }
        other => other,
    }
}

impl<'a> Checker<'a> {
    pub(super) fn value(&mut self, value: &Value) -> Checked<Resolved<'a>> {
        let span = value.span.clone();
        let mut field = None;
        let kind = match &value.kind {
            ValueKind::Null => Kind::Null,
            ValueKind::Bool(value) => Kind::Bool(*value),
            ValueKind::Number(text) => Kind::Number(self.number(text, &span)?),
            ValueKind::Text(text) => Kind::Text(text.clone()),
            ValueKind::Now(offset) => Kind::Operand(Operand::Now { offset: *offset }),
            ValueKind::Today(offset) if offset % DAY == 0 => {
                Kind::Operand(Operand::Today { days: offset / DAY })
            }
            ValueKind::Today(_) => {
                return Err(self
                    .error(ErrorCode::InvalidLiteral, &span, "`@today` moves by whole days")
                    .hint("write the offset in `d` or `w`, or use `@now`"));
            }
            ValueKind::Path(path) => {
                let (operand, of) = self.path(path, &span)?;
                field = of;
                Kind::Operand(operand)
            }
            ValueKind::Call { function, arguments } => Kind::Operand(self.call(function, arguments, &span)?),
        };
        Ok(Resolved { kind, span, field })
    }

    /// A value next to another. A word that is no field is often text whose quotes were forgotten.
    pub(super) fn value_beside(&mut self, value: &Value, other: &Resolved<'a>) -> Checked<Resolved<'a>> {
        self.value(value).map_err(|error| match (&value.kind, error.code) {
            (ValueKind::Path(path), ErrorCode::UnknownField) if path.segments.len() == 1 => {
                let word = self.source.get(value.span.clone()).unwrap_or_default();
                let known = error.hint.clone().unwrap_or_default();
                match other.may_be(word) {
                    true => error.hint(Hint {
                        text: format!("text stands in quotes: `\"{word}\"`. {known}"),
                        correction: Some(format!("\"{word}\"")),
                    }),
                    false => error,
                }
            }
            _ => error,
        })
    }

    fn number(&self, text: &str, span: &Span) -> Checked<Decimal> {
        Decimal::parse(text).ok_or_else(|| {
            let message = format!("the exponent of {} is beyond every type", self.quote(span));
            self.error(ErrorCode::InvalidLiteral, span, message)
        })
    }

    fn call(&mut self, name: &Name, arguments: &[Value], span: &Span) -> Checked<Operand> {
        let names = Function::ALL.map(Function::name);
        let Some(function) = Function::ALL.into_iter().find(|function| function.name() == name.text) else {
            let hint = suggest::names(&name.text, "Functions", names.into_iter().chain(["exists"]));
            let message = format!("unknown function `{}`", name.text);
            return Err(self.error(ErrorCode::UnknownFunction, &name.span, message).hint(hint));
        };
        let [argument] = arguments else {
            let message = format!("`{}` takes one value, not {}", name.text, arguments.len());
            return Err(self.error(ErrorCode::TypeMismatch, span, message));
        };
        let resolved = self.value(argument)?;
        let refused = |found: &str| {
            let takes = match function {
                Function::Length => "text, lists and json",
                Function::Lower | Function::Upper => "text",
            };
            let message = format!("`{}` takes {takes}, not {found}", name.text);
            self.error(ErrorCode::TypeMismatch, &resolved.span, message)
        };
        let argument = match resolved.kind {
            Kind::Operand(operand) => {
                let type_ = operand.value_type();
                match (function, class(type_.type_), type_.array) {
                    (Function::Length, _, true) | (_, Class::Text, false) => operand,
                    (Function::Length, Class::Json, false) => operand,
                    (_, Class::Json, false) => expect(operand, FieldType::Text),
                    _ => return Err(refused(&label(type_))),
                }
            }
            Kind::Text(text) => Operand::Literal(Literal::Text(text)),
            Kind::Null => return Err(refused("null")),
            Kind::Bool(_) => return Err(refused("bool")),
            Kind::Number(_) => return Err(refused("a number")),
        };
        Ok(Operand::Call { function, argument: Box::new(argument) })
    }
}

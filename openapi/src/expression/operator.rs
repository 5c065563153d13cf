//! The operators, each declared once: what it takes, what it says of null, and where it has been proven to mean the same in both
//! executors.

use super::typed::{Containment, Function, Operand, Predicate, ValueType};
use crate::collections::FieldType;

/// What a condition or a value is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operator {
    /// `=`, `!=`
    Equal,
    /// `<`, `<=`, `>`, `>=`
    Order,
    /// `= null`, `!= null`
    IsNull,
    /// `in [a, b]`
    In,
    /// `like`
    Like,
    /// `ilike`
    Ilike,
    /// `contains` and `in`, of a list
    Element,
    /// `contains`, of text
    Substring,
    /// `contains`, of JSON
    JsonElement,
    /// A boolean that is the condition.
    Is,
    /// `length()`
    Length,
    /// `lower()`
    Lower,
    /// `upper()`
    Upper,
    /// `exists()`
    Exists,
}

/// What comes of null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnNull {
    /// A condition that is unknown, or a value that is null.
    Null,
    /// True or false all the same.
    Known,
}

/// Some types.
pub type Types = fn(ValueType) -> bool;

/// A reason, for some types.
pub type Reasons = fn(ValueType) -> Option<&'static str>;

/// What is said of an operator, once.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    /// As messages name it.
    pub name: &'static str,
    /// Whether it takes values of that type, which for `In`, `Element` and `JsonElement` is the list's.
    pub takes: Types,
    /// What comes of null.
    pub on_null: OnNull,
    /// Why the database alone can decide it for values of that type, where that is so. Elsewhere both executors are proven equal.
    pub database_alone: Reasons,
}

const fn is_text(type_: ValueType) -> bool {
    !type_.array
        && matches!(type_.type_, FieldType::Text | FieldType::Email | FieldType::Url | FieldType::Enum)
}

/// Both executors are proven equal.
const fn proven(_: ValueType) -> Option<&'static str> {
    None
}

const fn declare(name: &'static str, takes: Types, on_null: OnNull, database_alone: Reasons) -> Declaration {
    Declaration { name, takes, on_null, database_alone }
}

const LOCALE: &str = "letter case is that of the database's locale";
const COLLATION: &str = "the order of text is that of the database's collation";

impl Operator {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Equal,
        Self::Order,
        Self::IsNull,
        Self::In,
        Self::Like,
        Self::Ilike,
        Self::Element,
        Self::Substring,
        Self::JsonElement,
        Self::Is,
        Self::Length,
        Self::Lower,
        Self::Upper,
        Self::Exists,
    ];

    /// What is said of it.
    pub const fn declaration(self) -> Declaration {
        use FieldType::{Bool, Enum, Json};
        use OnNull::{Known, Null};
        let is_list: Types = |type_| type_.array && !matches!(type_.type_, Json);
        let is_json: Types = |type_| !type_.array && matches!(type_.type_, Json);
        let is_bool: Types = |type_| !type_.array && matches!(type_.type_, Bool);
        let has_order: Types = |type_| !type_.array && !matches!(type_.type_, Bool | Enum | Json);
        let has_length: Types = |type_| type_.array || is_text(type_) || matches!(type_.type_, Json);
        match self {
            Self::Equal => declare("=", |_| true, Null, proven),
            Self::Order => declare("<", has_order, Null, |type_| is_text(type_).then_some(COLLATION)),
            Self::IsNull => declare("= null", |_| true, Known, proven),
            Self::In => declare("in", |type_| !type_.array, Null, proven),
            Self::Like => declare("like", is_text, Null, proven),
            Self::Ilike => declare("ilike", is_text, Null, |_| Some(LOCALE)),
            Self::Element => declare("contains", is_list, Null, proven),
            Self::Substring => declare("contains", is_text, Null, proven),
            Self::JsonElement => declare("contains", is_json, Null, proven),
            Self::Is => declare("is", is_bool, Null, proven),
            Self::Length => declare("length", has_length, Null, proven),
            Self::Lower => declare("lower", is_text, Null, |_| Some(LOCALE)),
            Self::Upper => declare("upper", is_text, Null, |_| Some(LOCALE)),
            Self::Exists => declare("exists", |_| true, Known, proven),
        }
    }

    /// Whether it takes values of that type.
    pub fn takes(self, type_: ValueType) -> bool {
        (self.declaration().takes)(type_)
    }

    /// Why the database alone can decide it for values of that type, as a sentence; none where both executors are proven equal.
    pub fn database_alone(self, type_: ValueType) -> Option<String> {
        let Declaration { name, database_alone, .. } = self.declaration();
        database_alone(type_).map(|reason| format!("`{name}`: {reason}"))
    }
}

impl Predicate {
    /// Its operator, and the type of what that is about; none for what only joins conditions.
    pub fn operator(&self) -> Option<(Operator, ValueType)> {
        Some(match self {
            Self::Constant(_) | Self::And(_) | Self::Or(_) | Self::Not(_) => return None,
            Self::Compare { op, left, .. } if op.is_ordering() => (Operator::Order, left.value_type()),
            Self::Compare { left, .. } => (Operator::Equal, left.value_type()),
            Self::IsNull(operand) => (Operator::IsNull, operand.value_type()),
            Self::In { operand, .. } => (Operator::In, operand.value_type()),
            Self::Like { operand, case_insensitive: false, .. } => (Operator::Like, operand.value_type()),
            Self::Like { operand, .. } => (Operator::Ilike, operand.value_type()),
            Self::Contains { container, kind: Containment::Element, .. } => {
                (Operator::Element, container.value_type())
            }
            Self::Contains { container, kind: Containment::Substring, .. } => {
                (Operator::Substring, container.value_type())
            }
            Self::Contains { container, kind: Containment::Json, .. } => {
                (Operator::JsonElement, container.value_type())
            }
            Self::Is(operand) => (Operator::Is, operand.value_type()),
            Self::Exists(_) => (Operator::Exists, ValueType::one(FieldType::Bool)),
        })
    }
}

impl Operand {
    /// The function that makes it, and the type of what that is given.
    pub fn operator(&self) -> Option<(Operator, ValueType)> {
        match self {
            Self::Call { function, argument } => Some((Operator::of(*function), argument.value_type())),
            _ => None,
        }
    }
}

impl Operator {
    /// The operator that a function is.
    pub const fn of(function: Function) -> Self {
        match function {
            Function::Length => Self::Length,
            Function::Lower => Self::Lower,
            Function::Upper => Self::Upper,
        }
    }
}

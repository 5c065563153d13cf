//! Conditions, ready to be evaluated.

use std::cmp::Ordering;

use annex_openapi::expression::CompareOp;

use super::operand::{Column, Constant, Operand};
use super::others::Exists;
use super::pattern::Pattern;
use super::value::{Value, compare, contains};
use super::{Context, Rows, json};

/// A condition: true, false, or none for unknown.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Constant(bool),
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Not(Box<Node>),
    Compare {
        op: CompareOp,
        left: Operand,
        right: Operand,
    },
    /// Whether a column is null, whatever it holds.
    Absent(Column),
    IsNull(Operand),
    In {
        operand: Operand,
        /// In their order.
        values: Box<[Constant]>,
    },
    Like {
        operand: Operand,
        pattern: Pattern,
    },
    Element {
        list: Operand,
        element: Operand,
    },
    Substring {
        text: Operand,
        part: Operand,
    },
    JsonElement {
        list: Operand,
        element: Operand,
    },
    Is(Operand),
    Exists(Exists),
}

impl Node {
    pub(super) fn holds(&self, context: &Context<'_>, rows: Rows<'_>) -> Option<bool> {
        match self {
            Self::Constant(value) => Some(*value),
            Self::All(parts) => {
                let mut all = Some(true);
                for part in parts {
                    match part.holds(context, rows) {
                        Some(true) => {}
                        Some(false) => return Some(false),
                        None => all = None,
                    }
                }
                all
            }
            Self::Any(parts) => {
                let mut any = Some(false);
                for part in parts {
                    match part.holds(context, rows) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => any = None,
                    }
                }
                any
            }
            Self::Not(inner) => inner.holds(context, rows).map(|value| !value),
            Self::Compare { op, left, right } => {
                let order = compare(&left.value(context, rows)?, &right.value(context, rows)?)?;
                Some(match op {
                    CompareOp::Eq => order == Ordering::Equal,
                    CompareOp::Ne => order != Ordering::Equal,
                    CompareOp::Lt => order == Ordering::Less,
                    CompareOp::Le => order != Ordering::Greater,
                    CompareOp::Gt => order == Ordering::Greater,
                    CompareOp::Ge => order != Ordering::Less,
                })
            }
            Self::Absent(column) => Some(column.text(context, rows).is_none()),
            Self::Exists(exists) => exists.holds(context, rows),
            Self::IsNull(operand) => Some(operand.value(context, rows).is_none()),
            Self::In { operand, values } => {
                let value = operand.value(context, rows)?;
                let order = |constant: &Constant| compare(&constant.value()?, &value);
                let found = values.binary_search_by(|constant| order(constant).unwrap_or(Ordering::Less));
                Some(found.is_ok())
            }
            Self::Like { operand, pattern } => match operand.value(context, rows)? {
                Value::Text(text) => Some(pattern.matches(&text)),
                _ => None,
            },
            Self::Element { list, element } => {
                contains(&list.value(context, rows)?, &element.value(context, rows)?)
            }
            Self::Substring { text, part } => {
                match (text.value(context, rows)?, part.value(context, rows)?) {
                    (Value::Text(text), Value::Text(part)) => Some(text.contains(&*part)),
                    _ => None,
                }
            }
            Self::JsonElement { list, element } => match list.value(context, rows)? {
                Value::Json(list) if json::kind(list) == json::Kind::List => {
                    let element = element.value(context, rows)?;
                    Some(json::elements(list).any(|found| is_json(found, &element)))
                }
                _ => None,
            },
            Self::Is(operand) => match operand.value(context, rows)? {
                Value::Bool(value) => Some(value),
                _ => None,
            },
        }
    }
}

/// Whether the JSON is that text, number or boolean.
fn is_json(found: &str, value: &Value<'_>) -> bool {
    let found = match json::kind(found) {
        json::Kind::Bool(found) => Some(Value::Bool(found)),
        json::Kind::Number(number) => super::number::Number::parse(number).map(Value::Number),
        json::Kind::Text(quoted) => json::unescape(quoted).map(Value::Text),
        json::Kind::Null | json::Kind::List | json::Kind::Object => None,
    };
    found.is_some_and(|found| compare(&found, value) == Some(Ordering::Equal))
}

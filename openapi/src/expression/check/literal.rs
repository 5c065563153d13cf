//! Literals: what is written takes the type of what it meets, or is refused here rather than by the database.

use std::cmp::Ordering;

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, UtcOffset};
use uuid::Uuid;

use super::super::decimal::Decimal;
use super::super::error::{ErrorCode, ExpressionError};
use super::super::suggest;
use super::super::syntax::CompareOp;
use super::super::typed::*;
use super::value::{Class, Kind, Resolved, class, expect, label};
use super::{Checked, Checker};
use crate::collections::FieldType;

/// A comparison with a literal that the type may not be able to hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Comparison {
    /// With this literal.
    With(CompareOp, Literal),
    /// The same for every value that is not null: `int < 1e10`, `int = 1.5`.
    Settled(bool),
}

/// A number of that type; a whole type with a number that it does not have is settled, or compares with the
/// whole number below.
fn number(type_: FieldType, op: CompareOp, decimal: &Decimal) -> Option<Comparison> {
    let (least, greatest) = match type_ {
        FieldType::Int => (i128::from(i32::MIN), i128::from(i32::MAX)),
        FieldType::Bigint => (i128::from(i64::MIN), i128::from(i64::MAX)),
        FieldType::Float => return Some(Comparison::With(op, Literal::Float(decimal.to_f64()?))),
        _ => return Some(Comparison::With(op, Literal::Numeric(decimal.clone()))),
    };
    let (floor, rest) = decimal.floor().unwrap_or(if decimal.is_negative() {
        (least - 1, Ordering::Equal)
    } else {
        (greatest + 1, Ordering::Equal)
    });
    let op = match (rest, op) {
        (Ordering::Equal, op) => op,
        (_, CompareOp::Eq) => return Some(Comparison::Settled(false)),
        (_, CompareOp::Ne) => return Some(Comparison::Settled(true)),
        (_, CompareOp::Lt | CompareOp::Le) => CompareOp::Le,
        (_, CompareOp::Gt | CompareOp::Ge) => CompareOp::Gt,
    };
    let whole = match type_ {
        FieldType::Int => i32::try_from(floor).ok().map(Literal::Int),
        _ => i64::try_from(floor).ok().map(Literal::Bigint),
    };
    Some(match whole {
        Some(literal) => Comparison::With(op, literal),
        None => Comparison::Settled(match op {
            CompareOp::Eq => false,
            CompareOp::Ne => true,
            CompareOp::Lt | CompareOp::Le => floor > greatest,
            CompareOp::Gt | CompareOp::Ge => floor < least,
        }),
    })
}

impl<'a> Checker<'a> {
    /// The operand (JSON is expected to be of the literal's type) compared with the literal.
    pub(super) fn with_literal(
        &self,
        op: CompareOp,
        operand: Operand,
        beside: &Resolved<'a>,
        literal: &Resolved<'a>,
    ) -> Checked<(Operand, Comparison)> {
        let type_ = operand.value_type();
        if type_.array {
            return Err(self.mismatch(beside, type_, literal).hint(
                "lists are searched with `contains`, measured with `length`, and compared with `= null` and other lists",
            ));
        }
        let operand = match (&literal.kind, class(type_.type_)) {
            (Kind::Bool(_), Class::Json) => expect(operand, FieldType::Bool),
            (Kind::Number(_), Class::Json) => expect(operand, FieldType::Numeric),
            (Kind::Text(_), Class::Json) => expect(operand, FieldType::Text),
            _ => operand,
        };
        let type_ = operand.value_type().type_;
        let typed = match (&literal.kind, class(type_)) {
            (Kind::Bool(value), Class::Bool) => Literal::Bool(*value),
            (Kind::Number(decimal), Class::Number) => {
                let comparison = number(type_, op, decimal).ok_or_else(|| {
                    let message = format!("{} is beyond every float", self.quote(&literal.span));
                    self.error(ErrorCode::InvalidLiteral, &literal.span, message)
                })?;
                return Ok((operand, comparison));
            }
            (Kind::Text(text), Class::Text) if type_ == FieldType::Enum => {
                self.enum_value(text, beside, literal)?
            }
            (Kind::Text(text), Class::Text) => Literal::Text(text.clone()),
            (Kind::Text(text), Class::Uuid) => self.uuid(text, literal)?,
            (Kind::Text(text), Class::Time) => {
                let typed = self.time(text, type_, literal)?;
                return Ok((operand, Comparison::With(op, typed)));
            }
            (kind, class) => {
                let error = self.mismatch(beside, ValueType::one(type_), literal);
                return Err(match (kind, class) {
                    (Kind::Number(number), Class::Text) => {
                        error.hint(format!("text stands in quotes: `\"{number}\"`"))
                    }
                    (Kind::Text(text), Class::Number) if text.parse::<f64>().is_ok_and(f64::is_finite) => {
                        error.hint(format!("numbers stand without quotes: `{text}`"))
                    }
                    (_, Class::Bool) => error.hint("write `true` or `false`"),
                    (_, Class::Time) => {
                        error.hint("dates and instants stand in quotes: `\"2026-01-31\"`, or are `@now - 7d`")
                    }
                    (_, Class::Uuid) => error.hint("ids stand in quotes"),
                    _ => error,
                });
            }
        };
        Ok((operand, Comparison::With(op, typed)))
    }

    fn mismatch(&self, beside: &Resolved<'a>, type_: ValueType, literal: &Resolved<'a>) -> ExpressionError {
        let of_list = matches!(&beside.kind, Kind::Operand(operand) if operand.value_type().array);
        let element = if of_list && !type_.array { "an element of " } else { "" };
        let what = match literal.kind {
            Kind::Bool(_) => "bool",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "a text",
            Kind::Null | Kind::Operand(_) => "not a literal",
        };
        let (beside, type_) = (self.quote(&beside.span), label(type_));
        let message = format!("{element}{beside} is {type_}, {} is {what}", self.quote(&literal.span));
        self.error(ErrorCode::TypeMismatch, &literal.span, message)
    }

    fn enum_value(&self, text: &str, beside: &Resolved<'a>, literal: &Resolved<'a>) -> Checked<Literal> {
        let values = beside.field.and_then(|field| field.values.as_deref());
        let Some(values) = values.filter(|values| !values.iter().any(|value| value == text)) else {
            return Ok(Literal::Enum(text.to_owned()));
        };
        let message = format!("{} is not a value of {}", self.quote(&literal.span), self.quote(&beside.span));
        let hint = suggest::values(text, values.iter().map(String::as_str));
        Err(self.error(ErrorCode::InvalidLiteral, &literal.span, message).hint(hint))
    }

    fn uuid(&self, text: &str, literal: &Resolved<'a>) -> Checked<Literal> {
        const HYPHENATED: usize = 36;
        match Uuid::try_parse(text) {
            Ok(uuid) if text.len() == HYPHENATED => Ok(Literal::Uuid(uuid)),
            _ => {
                let message = format!("{} is not a UUID", self.quote(&literal.span));
                Err(self
                    .error(ErrorCode::InvalidLiteral, &literal.span, message)
                    .hint("a UUID is 32 hexadecimal digits: `\"0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f\"`"))
            }
        }
    }

    fn time(&self, text: &str, type_: FieldType, literal: &Resolved<'a>) -> Checked<Literal> {
        let day = Date::parse(text, format_description!("[year]-[month]-[day]"))
            .ok()
            .filter(|_| text.len() == "2026-01-31".len());
        let refused = |what: &str, hint: &str| {
            let message = format!("{} is not {what}", self.quote(&literal.span));
            self.error(ErrorCode::InvalidLiteral, &literal.span, message).hint(hint)
        };
        match (type_, day) {
            (FieldType::Date, Some(day)) => return Ok(Literal::Date(day)),
            (FieldType::Date, None) => return Err(refused("a date", "dates are written `\"2026-01-31\"`")),
            (_, Some(day)) => return Ok(Literal::Timestamp(day.midnight().assume_utc())),
            (_, None) => {}
        }
        let instant = OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .and_then(|instant| instant.checked_to_offset(UtcOffset::UTC));
        match instant {
            Some(instant) if instant.nanosecond() % 1_000 == 0 => Ok(Literal::Timestamp(instant)),
            Some(_) => Err(refused("a timestamp", "seconds have at most six decimals")),
            None => Err(refused(
                "a timestamp",
                "timestamps are written as RFC 3339 has them, with an offset: `\"2026-01-31T12:00:00Z\"`",
            )),
        }
    }
}

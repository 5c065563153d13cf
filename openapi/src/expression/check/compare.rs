//! Comparisons: both sides take a common type, literals stand on the right.

use super::super::error::{ErrorCode, ExpressionError};
use super::super::operator::Operator;
use super::super::syntax::*;
use super::super::typed::*;
use super::literal::Comparison;
use super::value::{Class, Kind, Resolved, as_text, class, expect, label, read_as};
use super::{Checked, Checker, not};
use crate::collections::FieldType;

/// True for every value but null (or false for every one): what a literal beyond the type's range amounts to.
pub(super) fn settled(operand: Operand, holds: bool) -> Predicate {
    let op = if holds { CompareOp::Eq } else { CompareOp::Ne };
    Predicate::Compare { op, left: operand.clone(), right: operand }
}

impl<'a> Checker<'a> {
    pub(super) fn compare(&mut self, op: CompareOp, left: &Value, right: &Value) -> Checked<Predicate> {
        let left = self.value(left)?;
        let right = self.value_beside(right, &left)?;
        self.compare_resolved(op, left, right)
    }

    pub(super) fn compare_resolved(
        &self,
        op: CompareOp,
        left: Resolved<'a>,
        right: Resolved<'a>,
    ) -> Checked<Predicate> {
        match (left.is_literal(), right.is_literal()) {
            (true, true) => {
                let span = left.span.start.min(right.span.start)..left.span.end.max(right.span.end);
                Err(self
                    .error(ErrorCode::TypeMismatch, &span, "neither side is a field or the caller")
                    .hint("write `true` for every row and `false` for none"))
            }
            (true, false) => self.compare_resolved(op.flipped(), right, left),
            (false, true) => self.compare_literal(op, left, right),
            (false, false) => {
                let (left, right) = self.align(op, left, right)?;
                Ok(Predicate::Compare { op, left, right })
            }
        }
    }

    fn compare_literal(
        &self,
        op: CompareOp,
        left: Resolved<'a>,
        literal: Resolved<'a>,
    ) -> Checked<Predicate> {
        let (operand, _) = self.operand(left.clone(), "here")?;
        if let Kind::Null = literal.kind {
            return match op {
                CompareOp::Eq => Ok(Predicate::IsNull(operand)),
                CompareOp::Ne => Ok(not(Predicate::IsNull(operand))),
                _ => Err(self
                    .error(ErrorCode::TypeMismatch, &literal.span, "null has no order")
                    .hint("write `= null` or `!= null`")),
            };
        }
        let (operand, comparison) = self.with_literal(op, operand, &left, &literal)?;
        self.check_order(op, &operand, &left.span)?;
        Ok(match comparison {
            Comparison::With(op, literal) => {
                Predicate::Compare { op, left: operand, right: Operand::Literal(literal) }
            }
            Comparison::Settled(holds) => settled(operand, holds),
        })
    }

    /// Two values that have a type, made alike.
    fn align(&self, op: CompareOp, left: Resolved<'a>, right: Resolved<'a>) -> Checked<(Operand, Operand)> {
        let spans = (left.span.clone(), right.span.clone());
        let word = self.source.get(spans.1.clone()).unwrap_or_default();
        let unquoted = left.field.is_some_and(|field| field.values.is_some()) && left.may_be(word);
        let (left, _) = self.operand(left, "here")?;
        let (right, _) = self.operand(right, "here")?;
        let (left, right) = unify(left, right);
        let (a, b) = (left.value_type(), right.value_type());
        let alike = a == b
            || a.array == b.array && class(a.type_) == Class::Text && class(b.type_) == Class::Text
            || !a.array && !b.array && class(a.type_) == class(b.type_);
        if !alike {
            let error = self.unlike(&spans.0, a, &spans.1, b);
            return Err(match unquoted {
                true => error.hint(format!("text stands in quotes: `\"{word}\"`")),
                false => error,
            });
        }
        self.check_order(op, &left, &spans.0)?;
        self.check_order(op, &right, &spans.1)?;
        Ok((left, right))
    }

    pub(super) fn unlike(&self, a: &Span, a_type: ValueType, b: &Span, b_type: ValueType) -> ExpressionError {
        let message =
            format!("{} is {}, {} is {}", self.quote(a), label(a_type), self.quote(b), label(b_type));
        let error = self.error(ErrorCode::TypeMismatch, b, message);
        match (a_type.array, b_type.array) {
            (false, true) | (true, false) if class(a_type.type_) == class(b_type.type_) => {
                error.hint("a list is searched with `contains`, for elements of its own type")
            }
            _ if a_type.type_ == FieldType::Json || b_type.type_ == FieldType::Json => {
                error.hint("json compares with text, numbers, booleans and other json")
            }
            _ => error,
        }
    }

    fn check_order(&self, op: CompareOp, operand: &Operand, span: &Span) -> Checked<()> {
        let type_ = operand.value_type();
        if !op.is_ordering() || Operator::Order.takes(type_) {
            return Ok(());
        }
        let message = format!(
            "{} is {}, which has no order: `{}` does not apply",
            self.quote(span),
            label(type_),
            op.as_str()
        );
        Err(self.error(ErrorCode::TypeMismatch, span, message).hint(match type_.type_ {
            FieldType::Json => "compare json with a text or a number",
            _ => "use `=`, `!=` or `in`",
        }))
    }
}

/// Gives JSON, the caller's ids, parameters of a topic and dates the type that the other side asks for.
pub(super) fn unify(left: Operand, right: Operand) -> (Operand, Operand) {
    let (a, b) = (left.value_type(), right.value_type());
    if a.array || b.array {
        return (left, right);
    }
    match (class(a.type_), class(b.type_)) {
        (Class::Json, Class::Json) => (left, right),
        (Class::Json, _) => meet(left, right),
        (_, Class::Json) => {
            let (right, left) = meet(right, left);
            (left, right)
        }
        (Class::Uuid | Class::Number, Class::Text) if right.is_parameter() => (left, read_as(right, a)),
        (Class::Text, Class::Uuid | Class::Number) if left.is_parameter() => (read_as(left, b), right),
        (Class::Uuid, Class::Text) => (as_text(left), right),
        (Class::Text, Class::Uuid) => (left, as_text(right)),
        (Class::Time, Class::Time) if a != b => (midnight(left), midnight(right)),
        _ => (left, right),
    }
}

/// JSON and what it meets.
fn meet(json: Operand, other: Operand) -> (Operand, Operand) {
    match class(other.value_type().type_) {
        Class::Number => (expect(json, FieldType::Numeric), other),
        Class::Text => (expect(json, FieldType::Text), other),
        Class::Bool => (expect(json, FieldType::Bool), other),
        Class::Uuid => match (&json, &other) {
            (_, Operand::User(_)) => (expect(json, FieldType::Text), as_text(other)),
            (Operand::User(_), _) => (expect(json, FieldType::Uuid), other),
            _ => (json, other),
        },
        Class::Time | Class::Json => (json, other),
    }
}

/// A day as the instant at which it begins.
fn midnight(operand: Operand) -> Operand {
    match operand.value_type().type_ {
        FieldType::Date => Operand::Midnight(Box::new(operand)),
        _ => operand,
    }
}

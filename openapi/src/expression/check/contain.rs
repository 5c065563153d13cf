//! `in`, `contains` and `like`.

use super::super::error::ErrorCode;
use super::super::syntax::*;
use super::super::typed::*;
use super::compare::{settled, unify};
use super::literal::Comparison;
use super::value::{Class, Kind, Resolved, as_text, class, expect, label};
use super::{Checked, Checker};
use crate::collections::FieldType;

impl<'a> Checker<'a> {
    pub(super) fn is_in(&mut self, value: &Value, list: &List) -> Checked<Predicate> {
        let value = self.value(value)?;
        if let Kind::Null = value.kind {
            return Err(self
                .error(ErrorCode::TypeMismatch, &value.span, "null is in no list")
                .hint("write `x = null`"));
        }
        match list {
            List::Values { values, .. } => self.is_one_of(value, values),
            List::Value(container) => {
                let container = self.value(container)?;
                let (operand, span) = self.operand(container.clone(), "that holds a list")?;
                let type_ = operand.value_type();
                if !type_.array && type_.type_ != FieldType::Json {
                    let message = format!("{} is {}, not a list", self.quote(&span), label(type_));
                    return Err(self.error(ErrorCode::TypeMismatch, &span, message).hint(
                        "lists are written `[a, b]`; a part of a text is found with `text contains part`",
                    ));
                }
                self.contains(container, value)
            }
        }
    }

    /// `value in [a, b]`: the literals together, anything else as comparisons of its own.
    fn is_one_of(&mut self, value: Resolved<'a>, list: &[Value]) -> Checked<Predicate> {
        let mut literals = Vec::new();
        let mut any = Vec::new();
        for element in list {
            let element = self.value_beside(element, &value)?;
            if let Kind::Null = element.kind {
                return Err(self
                    .error(ErrorCode::TypeMismatch, &element.span, "null is in no list")
                    .hint("write `x = null or x in […]`"));
            }
            if element.is_literal() && !value.is_literal() {
                literals.push(element);
            } else {
                any.push(self.compare_resolved(CompareOp::Eq, value.clone(), element)?);
            }
        }
        if any.is_empty() || !literals.is_empty() {
            any.insert(0, self.is_one_literal(value, literals)?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Predicate::Or(any) })
    }

    fn is_one_literal(&self, value: Resolved<'a>, literals: Vec<Resolved<'a>>) -> Checked<Predicate> {
        let (operand, _) = self.operand(value.clone(), "before `in`")?;
        let mut alike: Option<Operand> = None;
        let mut values = Vec::with_capacity(literals.len());
        for literal in &literals {
            // Once JSON has taken the type of the first literal, the others must be of that type too.
            let operand = alike.clone().unwrap_or_else(|| operand.clone());
            let (typed, comparison) = self.with_literal(CompareOp::Eq, operand, &value, literal)?;
            alike = Some(typed);
            if let Comparison::With(_, literal) = comparison {
                values.push(literal);
            }
        }
        let operand = match alike {
            Some(alike) => alike,
            None => operand,
        };
        if values.is_empty() && !literals.is_empty() {
            return Ok(settled(operand, false));
        }
        Ok(Predicate::In { operand, values })
    }

    pub(super) fn contains(&self, container: Resolved<'a>, element: Resolved<'a>) -> Checked<Predicate> {
        let (operand, span) = self.operand(container.clone(), "or text before `contains`")?;
        if let Kind::Null = element.kind {
            return Err(self
                .error(ErrorCode::TypeMismatch, &element.span, "nothing contains null")
                .hint("write `= null`"));
        }
        let type_ = operand.value_type();
        match (type_.array, class(type_.type_)) {
            (true, class) if class != Class::Json => self.has_element(operand, &container, element),
            (false, Class::Text) => self.has_substring(operand, &container, element),
            (false, Class::Json) => self.json_has(operand, element),
            _ => {
                let message = format!("{} is {}: it contains nothing", self.quote(&span), label(type_));
                Err(self
                    .error(ErrorCode::TypeMismatch, &span, message)
                    .hint("lists, text and json lists can be searched"))
            }
        }
    }

    fn has_element(
        &self,
        container: Operand,
        beside: &Resolved<'a>,
        element: Resolved<'a>,
    ) -> Checked<Predicate> {
        let list = container.value_type();
        let kind = Containment::Element;
        let Kind::Operand(operand) = element.kind.clone() else {
            // A literal takes the type of an element.
            let one = match &container {
                Operand::Field(field) => {
                    let value_type = ValueType::one(list.type_);
                    Operand::Field(FieldRef { value_type, ..field.clone() })
                }
                Operand::User(user) => {
                    let value_type = ValueType::one(list.type_);
                    Operand::User(UserRef { value_type, ..user.clone() })
                }
                other => other.clone(),
            };
            let (_, comparison) = self.with_literal(CompareOp::Eq, one, beside, &element)?;
            return Ok(match comparison {
                Comparison::With(_, literal) => {
                    Predicate::Contains { container, element: Operand::Literal(literal), kind }
                }
                Comparison::Settled(_) => settled(container, false),
            });
        };
        let found = operand.value_type();
        let (container, element_operand) = match (class(list.type_), class(found.type_)) {
            (Class::Text, Class::Json) => (container, expect(operand, FieldType::Text)),
            (Class::Uuid, Class::Text) => (as_text(container), operand),
            (Class::Text, Class::Uuid) => (container, as_text(operand)),
            _ => (container, operand),
        };
        let (list, found) = (container.value_type(), element_operand.value_type());
        let alike = !found.array
            && (list.type_ == found.type_
                || class(list.type_) == Class::Text && class(found.type_) == Class::Text);
        if !alike {
            return Err(self.unlike(&beside.span, list, &element.span, found));
        }
        Ok(Predicate::Contains { container, element: element_operand, kind })
    }

    fn has_substring(
        &self,
        container: Operand,
        beside: &Resolved<'a>,
        element: Resolved<'a>,
    ) -> Checked<Predicate> {
        let kind = Containment::Substring;
        let operand = match element.kind {
            Kind::Text(text) => Operand::Literal(Literal::Text(text)),
            Kind::Operand(operand) => unify(container.clone(), operand).1,
            _ => {
                let message = format!("a part of a text is text, not {}", self.quote(&element.span));
                return Err(self
                    .error(ErrorCode::TypeMismatch, &element.span, message)
                    .hint("text stands in quotes"));
            }
        };
        let found = operand.value_type();
        if found.array || class(found.type_) != Class::Text {
            return Err(self.unlike(&beside.span, container.value_type(), &element.span, found));
        }
        Ok(Predicate::Contains { container, element: operand, kind })
    }

    fn json_has(&self, container: Operand, element: Resolved<'a>) -> Checked<Predicate> {
        let operand = match element.kind {
            Kind::Text(text) => Operand::Literal(Literal::Text(text)),
            Kind::Number(number) => Operand::Literal(Literal::Numeric(number)),
            Kind::Bool(value) => Operand::Literal(Literal::Bool(value)),
            Kind::Operand(operand) => as_text(operand),
            Kind::Null => {
                return Err(self.error(ErrorCode::TypeMismatch, &element.span, "nothing contains null"));
            }
        };
        let found = operand.value_type();
        if found.array || !matches!(class(found.type_), Class::Text | Class::Number | Class::Bool) {
            let message = format!("{} is {}", self.quote(&element.span), label(found));
            return Err(self
                .error(ErrorCode::TypeMismatch, &element.span, message)
                .hint("a json list is searched for text, numbers and booleans"));
        }
        Ok(Predicate::Contains { container, element: operand, kind: Containment::Json })
    }

    pub(super) fn like(
        &mut self,
        value: &Value,
        pattern: &Value,
        case_insensitive: bool,
    ) -> Checked<Predicate> {
        let value = self.value(value)?;
        let (operand, span) = self.operand(value, "of text before `like`")?;
        let type_ = operand.value_type();
        let operand = match (class(type_.type_), type_.array) {
            (Class::Text, false) => operand,
            (Class::Json, false) => expect(operand, FieldType::Text),
            _ => {
                let message = format!("{} is {}, not text", self.quote(&span), label(type_));
                return Err(self
                    .error(ErrorCode::TypeMismatch, &span, message)
                    .hint("`like` compares text with a pattern"));
            }
        };
        let ValueKind::Text(text) = &pattern.kind else {
            let message = format!("a pattern is a text, not {}", self.quote(&pattern.span));
            return Err(self.error(ErrorCode::TypeMismatch, &pattern.span, message).hint(
                "patterns are written out: `like \"%part%\"`; use `contains` to search for a field's value",
            ));
        };
        let backslashes = text.bytes().rev().take_while(|byte| *byte == b'\\').count();
        if backslashes % 2 == 1 {
            return Err(self
                .error(ErrorCode::InvalidLiteral, &pattern.span, "the pattern ends within an escape")
                .hint("a backslash itself is `\\\\` in a pattern, and so `\\\\\\\\` in quotes"));
        }
        Ok(Predicate::Like { operand, pattern: text.clone(), case_insensitive })
    }
}

//! From the expression as written to the one that is executed: resolves names against the catalogue, gives
//! every value its type, and refuses what the database would refuse.

mod compare;
mod contain;
mod literal;
pub(super) mod path;
pub(super) mod value;

use super::error::{ErrorCode, ExpressionError};
use super::scope::{Purpose, RuleKind, Scope};
use super::syntax::*;
use super::typed::{Exists, Operand, Predicate};
use super::{MAX_EXISTS, suggest};
use crate::collections::{Collection, FieldType};
use value::{Kind, Resolved};

/// Checks an expression against the catalogue.
pub fn check(expression: &Expression, scope: &Scope<'_>) -> Result<Predicate, ExpressionError> {
    Checker::new(expression, scope).condition(&expression.condition)
}

/// Where the source names which field of which collection, in no particular order.
pub(super) fn references(
    expression: &Expression,
    scope: &Scope<'_>,
) -> Result<Vec<Reference>, ExpressionError> {
    let mut checker = Checker::new(expression, scope);
    checker.condition(&expression.condition)?;
    Ok(checker.references)
}

/// One place where the source names a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reference {
    pub(super) collection: String,
    pub(super) field: String,
    pub(super) span: Span,
}

type Checked<T> = Result<T, ExpressionError>;

struct Checker<'a> {
    source: &'a str,
    scope: &'a Scope<'a>,
    /// The collections of the rows around, from the outermost to the row itself.
    rows: Vec<&'a Collection>,
    references: Vec<Reference>,
}

impl<'a> Checker<'a> {
    fn new(expression: &'a Expression, scope: &'a Scope<'a>) -> Self {
        Self { source: &expression.source, scope, rows: vec![scope.collection], references: Vec::new() }
    }

    fn error(&self, code: ErrorCode, span: &Span, message: impl Into<String>) -> ExpressionError {
        ExpressionError::new(self.source, code, span.clone(), message)
    }

    /// What the source says there, short enough to be part of a message.
    fn quote(&self, span: &Span) -> String {
        const LONGEST: usize = 40;
        let text = self.source.get(span.clone()).unwrap_or_default();
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("`{}…`", &text[..end]),
            None => format!("`{text}`"),
        }
    }

    fn is_rule(&self, kind: RuleKind) -> bool {
        self.scope.purpose == Purpose::Rule(kind)
    }

    fn condition(&mut self, condition: &Condition) -> Checked<Predicate> {
        match &condition.kind {
            ConditionKind::And(all) => Ok(Predicate::And(self.conditions(all)?)),
            ConditionKind::Or(any) => Ok(Predicate::Or(self.conditions(any)?)),
            ConditionKind::Not(inner) => Ok(not(self.condition(inner)?)),
            ConditionKind::Compare { op, left, right } => self.compare(*op, left, right),
            ConditionKind::In { value, list, negated } => negate(*negated, self.is_in(value, list)?),
            ConditionKind::Like { value, pattern, case_insensitive, negated } => {
                negate(*negated, self.like(value, pattern, *case_insensitive)?)
            }
            ConditionKind::Contains { container, element, negated } => {
                let container = self.value(container)?;
                let element = self.value_beside(element, &container)?;
                negate(*negated, self.contains(container, element)?)
            }
            ConditionKind::Exists { collection, condition: inner } => self.exists(collection, inner),
            ConditionKind::Test(value) => self.test(value),
        }
    }

    fn conditions(&mut self, conditions: &[Condition]) -> Checked<Vec<Predicate>> {
        conditions.iter().map(|condition| self.condition(condition)).collect()
    }

    /// A value that is itself the condition.
    fn test(&mut self, value: &Value) -> Checked<Predicate> {
        let Resolved { kind, span, .. } = self.value(value)?;
        let type_ = match kind {
            Kind::Bool(value) => return Ok(Predicate::Constant(value)),
            Kind::Operand(operand) => {
                let type_ = operand.value_type();
                match (type_.type_, type_.array) {
                    (FieldType::Bool, false) => return Ok(Predicate::Is(operand)),
                    (FieldType::Json, false) => {
                        return Ok(Predicate::Is(value::expect(operand, FieldType::Bool)));
                    }
                    _ => value::label(type_),
                }
            }
            Kind::Null => "null".to_owned(),
            Kind::Number(_) => "a number".to_owned(),
            Kind::Text(_) => "a text".to_owned(),
        };
        let quote = self.quote(&span);
        Err(self
            .error(ErrorCode::TypeMismatch, &span, format!("{quote} is {type_}, not a condition"))
            .hint("compare it with something: `= != < <= > >= in like contains`"))
    }

    fn exists(&mut self, name: &Name, condition: &Condition) -> Checked<Predicate> {
        if self.rows.len() > MAX_EXISTS {
            return Err(self.error(
                ErrorCode::TooDeep,
                &name.span,
                format!("`exists` is nested deeper than {MAX_EXISTS} levels"),
            ));
        }
        let scope = self.scope;
        let Some(collection) = scope.collections.collection(&name.text) else {
            let mut names = scope.collections.names();
            names.sort_unstable();
            let hint = suggest::names(&name.text, "Collections", names.iter().copied());
            let message = format!("unknown collection `{}`", name.text);
            return Err(self.error(ErrorCode::UnknownCollection, &name.span, message).hint(hint));
        };
        self.rows.push(collection);
        let predicate = self.condition(condition);
        self.rows.pop();
        let predicate = predicate?;
        Ok(Predicate::Exists(Box::new(Exists { collection: collection.name.clone(), predicate })))
    }

    /// What is not null, or else a mismatch in a place that takes no literal.
    fn operand(&self, resolved: Resolved<'a>, place: &str) -> Checked<(Operand, Span)> {
        match resolved.kind {
            Kind::Operand(operand) => Ok((operand, resolved.span)),
            _ => {
                let message = format!("expected a field {place}, found {}", self.quote(&resolved.span));
                Err(self.error(ErrorCode::TypeMismatch, &resolved.span, message))
            }
        }
    }
}

fn not(predicate: Predicate) -> Predicate {
    match predicate {
        Predicate::Constant(value) => Predicate::Constant(!value),
        other => Predicate::Not(Box::new(other)),
    }
}

fn negate(negated: bool, predicate: Predicate) -> Checked<Predicate> {
    Ok(if negated { not(predicate) } else { predicate })
}

//! A rule in its parts, and which of them decide what it says.

use annex_openapi::collections::{RuleJoint, RulePart, RulePartValue};
use annex_openapi::expression::syntax::{Condition, ConditionKind};
use annex_openapi::expression::{self, Expression, ExpressionError, Predicate, Scope};

/// A part of a rule: each stands before those that it joins.
#[derive(Debug)]
pub struct Part {
    depth: u32,
    text: String,
    joins: Option<RuleJoint>,
    /// What it means by itself.
    pub predicate: Predicate,
}

/// The parts of a rule; the first is the whole.
///
/// # Errors
/// It does not fit the collection.
pub fn of(expression: &Expression, scope: &Scope<'_>) -> Result<Vec<Part>, ExpressionError> {
    let mut parts = Vec::new();
    collect(expression, scope, &expression.condition, 0, &mut parts)?;
    Ok(parts)
}

fn collect(
    expression: &Expression,
    scope: &Scope<'_>,
    condition: &Condition,
    depth: u32,
    parts: &mut Vec<Part>,
) -> Result<(), ExpressionError> {
    let alone = Expression { source: expression.source.clone(), condition: condition.clone() };
    let (joins, below) = match &condition.kind {
        ConditionKind::And(all) => (Some(RuleJoint::And), &all[..]),
        ConditionKind::Or(any) => (Some(RuleJoint::Or), &any[..]),
        ConditionKind::Not(inner) => (Some(RuleJoint::Not), std::slice::from_ref(&**inner)),
        _ => (None, &[][..]),
    };
    let text = expression.source.get(condition.span.clone()).unwrap_or_default().trim();
    let text = without_parentheses(text).to_owned();
    parts.push(Part { depth, text, joins, predicate: expression::check(&alone, scope)? });
    for part in below {
        collect(expression, scope, part, depth + 1, parts)?;
    }
    Ok(())
}

fn without_parentheses(text: &str) -> &str {
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    // Those of `(a) or (b)` do not belong together.
    inner.filter(|inner| expression::parse(inner).is_ok()).map_or(text, str::trim)
}

/// What the parts say in the one executor and the other.
pub fn told(parts: &[Part], database: &[Option<bool>], server: &[Option<Option<bool>>]) -> Vec<RulePart> {
    let decides_there = deciding(parts, database);
    // Where the server does not know a part, it does not decide.
    let whole: Option<Vec<Option<bool>>> = server.iter().copied().collect();
    let decides_here = whole.map(|values| deciding(parts, &values));
    let value = |value: Option<bool>, decides| RulePartValue { value: value.into(), decides };
    parts
        .iter()
        .enumerate()
        .map(|(at, part)| RulePart {
            depth: part.depth,
            text: part.text.clone(),
            joins: part.joins,
            database: value(database[at], decides_there[at]),
            server: server[at]
                .map(|here| value(here, decides_here.as_ref().is_some_and(|decides| decides[at]))),
        })
        .collect()
}

/// Which parts what the whole says comes from.
fn deciding(parts: &[Part], values: &[Option<bool>]) -> Vec<bool> {
    let mut decides = vec![false; parts.len()];
    if !parts.is_empty() {
        mark(parts, values, 0, &mut decides);
    }
    decides
}

fn mark(parts: &[Part], values: &[Option<bool>], at: usize, decides: &mut [bool]) {
    decides[at] = true;
    let depth = parts[at].depth;
    let below = (at + 1..parts.len()).take_while(|part| parts[*part].depth > depth);
    let mut below = below.filter(|part| parts[*part].depth == depth + 1);
    // One that is false decides an `and`, one that is true an `or`; else all that say the same as the whole.
    let enough = match parts[at].joins {
        Some(RuleJoint::And) => Some(false),
        Some(RuleJoint::Or) => Some(true),
        Some(RuleJoint::Not) | None => None,
    };
    if enough.is_some() && values[at] == enough {
        if let Some(part) = below.find(|part| values[*part] == enough) {
            mark(parts, values, part, decides);
        }
        return;
    }
    for part in below {
        if parts[at].joins == Some(RuleJoint::Not) || values[part] == values[at] {
            mark(parts, values, part, decides);
        }
    }
}

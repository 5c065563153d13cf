//! What a row must have for a condition to hold: subscriptions are found by it, so that a change is not held against each of them.

use annex_openapi::expression::{CompareOp, Literal, Operand, Predicate, Row, UserAttribute};

use crate::collections::catalogue::{Table, Wire};
use crate::extract::Caller;

/// The most values of one demand: behind each the subscription is found.
const MOST: usize = 100;

/// One of these values in one column, as Postgres writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// The column.
    pub column: usize,
    /// The values; with none, no row is in demand.
    pub values: Vec<Box<str>>,
}

/// What all of the conditions together demand by equality, where they demand anything: the one with the fewest values.
pub fn demand(conditions: &[&Predicate], table: &Table, caller: &Caller) -> Option<Demand> {
    let mut found: Vec<Demand> = Vec::new();
    for condition in conditions {
        collect(condition, table, caller, &mut found);
    }
    found.into_iter().min_by_key(|demand| demand.values.len())
}

fn collect(condition: &Predicate, table: &Table, caller: &Caller, found: &mut Vec<Demand>) {
    match condition {
        Predicate::And(parts) => parts.iter().for_each(|part| collect(part, table, caller, found)),
        Predicate::Compare { op: CompareOp::Eq, left, right } => {
            for (field, value) in [(left, right), (right, left)] {
                if let (Some(column), Some(value)) = (column(field, table), text(value, caller)) {
                    found.push(Demand { column, values: value.into_iter().collect() });
                }
            }
        }
        Predicate::In { operand, values } if values.len() <= MOST => {
            let Some(column) = column(operand, table) else { return };
            let texts = values.iter().map(|value| text(&Operand::Literal(value.clone()), caller).flatten());
            if let Some(values) = texts.collect() {
                found.push(Demand { column, values });
            }
        }
        _ => {}
    }
}

/// The column of the row itself whose text says all that is compared.
fn column(operand: &Operand, table: &Table) -> Option<usize> {
    let Operand::Field(field) = operand else { return None };
    if field.row != Row::This || !field.hops.is_empty() {
        return None;
    }
    let index = table.column(&field.field)?;
    let column = &table.columns[index];
    let exact =
        matches!(column.wire, Wire::Bool | Wire::Int2 | Wire::Int4 | Wire::Int8 | Wire::Uuid | Wire::Text);
    (exact && !column.array).then_some(index)
}

/// The text of a value that is known before any row; inside, nothing for null, which equals nothing.
fn text(operand: &Operand, caller: &Caller) -> Option<Option<Box<str>>> {
    let text = match operand {
        Operand::Literal(Literal::Bool(value)) => if *value { "t" } else { "f" }.into(),
        Operand::Literal(Literal::Int(value)) => value.to_string().into(),
        Operand::Literal(Literal::Bigint(value)) => value.to_string().into(),
        Operand::Literal(Literal::Text(value) | Literal::Enum(value)) => value.as_str().into(),
        Operand::Literal(Literal::Uuid(value)) => value.to_string().into(),
        Operand::User(user) => match (user.attribute.clone(), caller.identity()) {
            (UserAttribute::Id, Some(identity)) => identity.user_id.to_string().into(),
            (UserAttribute::Email, Some(identity)) => identity.email.as_str().into(),
            (UserAttribute::Id | UserAttribute::Email, None) => return Some(None),
            _ => return None,
        },
        _ => return None,
    };
    Some(Some(text))
}

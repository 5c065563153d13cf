//! What a row must have for a condition to hold: subscriptions are found by it, so that a change is not held against each of them.

use std::collections::BTreeSet;

use annex_openapi::expression::{CompareOp, Literal, Operand, Predicate, Row, UserAttribute};

use crate::collections::catalogue::{Table, Wire};
use crate::evaluator::{Image, Need};
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

/// What all of the conditions together demand by equality.
pub fn demands(conditions: &[&Predicate], table: &Table, caller: &Caller) -> Vec<Demand> {
    let mut found: Vec<Demand> = Vec::new();
    for condition in conditions {
        collect(condition, table, caller, &mut found);
    }
    found
}

/// The rows of another collection that matter to a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The collection.
    pub collection: String,
    /// What a row must have to matter; without it every row does.
    demand: Option<Demand>,
}

impl Watch {
    /// Whether the row matters.
    pub fn matters(&self, row: Option<&Image>) -> bool {
        let Some(row) = row else { return false };
        self.demand.as_ref().is_none_or(|demand| {
            let value = row.get(demand.column);
            demand.values.iter().any(|wanted| value == Some(&**wanted))
        })
    }
}

/// What is asked of other collections, each of these once.
pub fn needs<'n>(asked: impl Iterator<Item = &'n Need>) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    for need in asked {
        match needs.iter_mut().find(|other| other.collection() == need.collection()) {
            Some(other) => other.add(need),
            None => needs.push(need.clone()),
        }
    }
    needs
}

/// The rows of other collections that matter to conditions with those needs. Where rows are looked for with `exists`, those that have
/// what it demands; where relations are followed, all.
pub fn watches(conditions: &[&Predicate], needs: &[Need], caller: &Caller) -> Vec<Watch> {
    let mut found = Vec::new();
    for condition in conditions {
        looked_for(condition, needs, caller, &mut found);
    }
    let followed: BTreeSet<String> = conditions.iter().flat_map(|condition| condition.follows()).collect();
    let whole = needs.iter().map(Need::collection).filter(|name| {
        followed.contains(*name) || !found.iter().any(|watch: &Watch| watch.collection == *name)
    });
    let whole: Vec<Watch> = whole.map(|name| Watch { collection: name.to_owned(), demand: None }).collect();
    found.into_iter().chain(whole).collect()
}

fn looked_for(condition: &Predicate, needs: &[Need], caller: &Caller, found: &mut Vec<Watch>) {
    match condition {
        Predicate::And(parts) | Predicate::Or(parts) => {
            parts.iter().for_each(|part| looked_for(part, needs, caller, found));
        }
        Predicate::Not(inner) => looked_for(inner, needs, caller, found),
        Predicate::Exists(exists) => {
            let need = needs.iter().find(|need| need.collection() == exists.collection);
            let demands = need.map(|need| demands(&[&exists.predicate], &need.table, caller));
            // The fewest values say the most.
            let demand = demands.into_iter().flatten().min_by_key(|demand| demand.values.len());
            found.push(Watch { collection: exists.collection.clone(), demand });
            looked_for(&exists.predicate, needs, caller, found);
        }
        _ => {}
    }
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

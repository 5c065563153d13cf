//! What a rule costs, and what would make it cheaper.

use std::collections::BTreeSet;

use annex_openapi::expression::{CompareOp, FieldRef, Operand, Predicate, Row};

use crate::collections::catalogue::Table;

/// From how many rows on it is worth an index not to read all of them.
const MANY: i64 = 1_000;

/// The fields that a condition compares with something that is known without their row: each with its collection.
pub fn equalities(predicate: &Predicate) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    collect(predicate, &mut found);
    found
}

fn collect(predicate: &Predicate, found: &mut BTreeSet<(String, String)>) {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().for_each(|part| collect(part, found)),
        Predicate::Not(inner) => collect(inner, found),
        Predicate::Exists(exists) => collect(&exists.predicate, found),
        Predicate::Compare { op, left, right } => {
            for (field, other) in [(left, right), (right, left)] {
                follow(field, found);
                if *op == CompareOp::Eq && !other.uses_row(Row::This) {
                    own(field, found);
                }
            }
        }
        Predicate::In { operand, .. } => {
            follow(operand, found);
            own(operand, found);
        }
        Predicate::IsNull(operand) | Predicate::Is(operand) | Predicate::Like { operand, .. } => {
            follow(operand, found)
        }
        Predicate::Contains { container, element, .. } => {
            follow(container, found);
            follow(element, found);
        }
        Predicate::Constant(_) => {}
    }
}

/// The field of the row itself.
fn own(operand: &Operand, found: &mut BTreeSet<(String, String)>) {
    if let Operand::Field(FieldRef { row: Row::This, hops, collection, field, .. }) = operand
        && hops.is_empty()
    {
        found.insert((collection.clone(), field.clone()));
    }
}

/// The fields that relations are followed to.
fn follow(operand: &Operand, found: &mut BTreeSet<(String, String)>) {
    let (Operand::Field(field) | Operand::Json(annex_openapi::expression::JsonRef { field, .. })) = operand
    else {
        return;
    };
    found.extend(field.hops.iter().map(|hop| (hop.target.clone(), hop.key.clone())));
}

/// What to mend of a table that a plan reads whole, though these fields of its rows are compared with something known.
pub fn missing_index(table: &Table, fields: &[&str], rows: i64, plan: &[String]) -> Option<String> {
    let name = &table.origin.table;
    let whole = [format!("Seq Scan on {name} "), format!("Seq Scan on \"{name}\" ")];
    let is_whole = plan.iter().any(|line| whole.iter().any(|scan| line.contains(scan)));
    let has_index = |field: &str| {
        let collection = &table.collection;
        let first = collection.indexes.iter().filter_map(|index| index.fields.first());
        let first = first.map(|field| field.trim_start_matches('-'));
        first.chain(collection.primary_key.first().map(String::as_str)).any(|first| first == field)
            || collection.field(field).is_some_and(|field| field.unique)
    };
    if rows < MANY || !is_whole || fields.is_empty() || fields.iter().any(|field| has_index(field)) {
        return None;
    }
    let fields: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
    Some(format!(
        "`{}` has about {rows} rows, all of which are read: an index over {} would find those that count",
        table.collection.name,
        fields.join(" or ")
    ))
}

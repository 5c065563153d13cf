//! The SQL executor of the expression language.
//!
//! A rule is trusted and sees every row. A filter comes from a caller: where it follows a relation or looks
//! into another collection it sees only the rows that the caller may view, as if the others were not there.
//! What depends on the caller alone is decided here, so that the database is not asked about it.

mod field;
mod literal;
mod operand;
mod rows;
mod verdict;
mod writer;

use annex_openapi::expression::{Operand, Predicate};
use time::OffsetDateTime;

pub use rows::{Rows, Slot, Source, Written};
pub use verdict::Verdict;

pub use crate::collections::catalogue::Trust;

use super::Sql;
use crate::collections::catalogue::Snapshot;
use crate::extract::Caller;
use writer::Writer;

/// What a condition may refer to besides its rows.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The collections.
    pub snapshot: &'a Snapshot,
    /// Who is asking.
    pub caller: &'a Caller,
    /// The instant of the request.
    pub now: OffsetDateTime,
}

/// A condition names something that the catalogue does not have: it was checked against another schema.
#[derive(Debug, thiserror::Error)]
#[error("the condition names `{0}`, which the catalogue no longer has")]
pub struct Stale(pub String);

impl Context<'_> {
    /// Writes a condition.
    ///
    /// # Errors
    /// It was checked against another schema.
    pub fn write(
        &self,
        sql: &mut Sql,
        aliases: &mut usize,
        rows: Rows<'_>,
        trust: Trust,
        predicate: &Predicate,
    ) -> Result<(), Stale> {
        Writer { context: self, sql, aliases, trust }.predicate(rows, predicate)
    }
}

/// Whether a condition looks at its own row alone: no other row has to be found for it.
pub fn is_row_local(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::Constant(_) => true,
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().all(is_row_local),
        Predicate::Not(inner) => is_row_local(inner),
        Predicate::Compare { left, right, .. } => has_no_hops(left) && has_no_hops(right),
        Predicate::Contains { container, element, .. } => has_no_hops(container) && has_no_hops(element),
        Predicate::IsNull(operand) | Predicate::Is(operand) => has_no_hops(operand),
        Predicate::In { operand, .. } | Predicate::Like { operand, .. } => has_no_hops(operand),
        Predicate::Exists(_) => false,
    }
}

fn has_no_hops(operand: &Operand) -> bool {
    match operand {
        Operand::Field(field) => field.hops.is_empty(),
        Operand::Json(json) => json.field.hops.is_empty(),
        Operand::Midnight(inner) => has_no_hops(inner),
        Operand::Call { argument, .. } => has_no_hops(argument),
        Operand::Literal(_) | Operand::User(_) | Operand::Now { .. } | Operand::Today { .. } => true,
    }
}

//! What a predicate depends on: which fields must stay for it to mean the same, and whether it asks who is calling.

use std::collections::BTreeSet;

use super::operator::Operator;
use super::typed::*;

/// What a predicate names of the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses {
    /// The collections of `exists` and of the relations that are followed.
    pub collections: BTreeSet<String>,
    /// The fields, each with its collection first; also the keys that relations lead to.
    pub fields: BTreeSet<(String, String)>,
}

impl Predicate {
    /// Which collections and fields it depends on, beyond the collection that it is about.
    pub fn uses(&self) -> Uses {
        let mut uses = Uses::default();
        self.visit(&mut |part| match part {
            Part::Field(field) => {
                uses.fields.insert((field.collection.clone(), field.field.clone()));
                for hop in &field.hops {
                    uses.collections.insert(hop.target.clone());
                    uses.fields.insert((hop.collection.clone(), hop.field.clone()));
                    uses.fields.insert((hop.target.clone(), hop.key.clone()));
                }
            }
            Part::Exists(exists) => {
                uses.collections.insert(exists.collection.clone());
            }
            Part::User | Part::Clock | Part::Operator(..) => {}
        });
        uses
    }

    /// The collections that it reaches by following relations.
    pub fn follows(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.visit(&mut |part| {
            if let Part::Field(field) = part {
                found.extend(field.hops.iter().map(|hop| hop.target.clone()));
            }
        });
        found
    }

    /// Whether it asks who is calling: otherwise it means the same for everyone.
    pub fn uses_caller(&self) -> bool {
        let mut found = false;
        self.visit(&mut |part| found |= matches!(part, Part::User));
        found
    }

    /// Whether it asks what the row would become: otherwise it holds or not before a write is known.
    pub fn uses_new(&self) -> bool {
        let mut found = false;
        self.visit(&mut |part| found |= matches!(part, Part::Field(field) if field.row == Row::New));
        found
    }

    /// Whether it asks for the time: otherwise it means the same until a row changes.
    pub fn uses_clock(&self) -> bool {
        let mut found = false;
        self.visit(&mut |part| found |= matches!(part, Part::Clock));
        found
    }

    pub(super) fn visit(&self, see: &mut dyn FnMut(Part<'_>)) {
        if let Some((operator, type_)) = self.operator() {
            see(Part::Operator(operator, type_));
        }
        match self {
            Self::Constant(_) => {}
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.visit(see)),
            Self::Not(inner) => inner.visit(see),
            Self::Compare { left, right, .. } => {
                left.visit(see);
                right.visit(see);
            }
            Self::Contains { container, element, .. } => {
                container.visit(see);
                element.visit(see);
            }
            Self::IsNull(operand)
            | Self::In { operand, .. }
            | Self::Like { operand, .. }
            | Self::Is(operand) => operand.visit(see),
            Self::Exists(exists) => {
                see(Part::Exists(exists));
                exists.predicate.visit(see);
            }
        }
    }
}

/// What may be depended on.
pub(super) enum Part<'a> {
    Field(&'a FieldRef),
    Exists(&'a Exists),
    User,
    Clock,
    Operator(Operator, ValueType),
}

impl Operand {
    /// Whether it is, or is made of, something of that row.
    pub fn uses_row(&self, row: Row) -> bool {
        let mut found = false;
        self.visit(&mut |part| found |= matches!(part, Part::Field(field) if field.row == row));
        found
    }

    fn visit(&self, see: &mut dyn FnMut(Part<'_>)) {
        if let Some((operator, type_)) = self.operator() {
            see(Part::Operator(operator, type_));
        }
        match self {
            Self::Field(field) | Self::Json(JsonRef { field, .. }) => see(Part::Field(field)),
            Self::Literal(_) => {}
            Self::User(_) => see(Part::User),
            Self::Now { .. } | Self::Today { .. } => see(Part::Clock),
            Self::Midnight(inner) | Self::Call { argument: inner, .. } => inner.visit(see),
        }
    }
}

//! Where a condition can be decided: from its row, with rows of other collections, or by the database alone.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::operator::Operator;
use super::scope::Catalogue;
use super::typed::{FieldRef, Hop, Predicate, ValueType};
use super::uses::Part;
use crate::collections::{Collection, CollectionKind, Field, FieldType};

/// Where a rule is decided for those who follow changes. (Requests are always decided in the database.)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "class", rename_all = "snake_case")]
pub enum RuleClass {
    /// From the row alone, without the database.
    RowLocal(RowLocal),
    /// From the row and from rows of other collections, which are kept at hand.
    Membership(Membership),
    /// By the database alone, which is slower.
    Sql(DatabaseAlone),
}

/// From the row alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowLocal {}

/// From rows of other collections too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Membership {
    /// The other collections, by name.
    #[schema(example = json!(["members"]))]
    pub collections: Vec<String>,
}

/// By the database alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatabaseAlone {
    /// Why: a sentence for each part that the server cannot decide by itself.
    #[schema(example = json!(["`ilike`: letter case is that of the database's locale"]))]
    pub reasons: Vec<String>,
}

impl Predicate {
    /// Where it can be decided, of rows of that collection.
    pub fn class(&self, collection: &Collection, collections: &dyn Catalogue) -> RuleClass {
        let mut classifier =
            Classifier { collection, collections, reasons: Vec::new(), others: BTreeSet::new() };
        self.visit(&mut |part| match part {
            Part::Operator(operator, type_) => classifier.operator(operator, type_),
            Part::Field(field) => classifier.field(field),
            Part::Exists(exists) => classifier.other(&exists.collection),
            Part::User | Part::Clock => {}
        });
        let Classifier { reasons, others, .. } = classifier;
        match (reasons.is_empty(), others.is_empty()) {
            (false, _) => RuleClass::Sql(DatabaseAlone { reasons }),
            (true, true) => RuleClass::RowLocal(RowLocal {}),
            (true, false) => RuleClass::Membership(Membership { collections: others.into_iter().collect() }),
        }
    }
}

struct Classifier<'a> {
    collection: &'a Collection,
    collections: &'a dyn Catalogue,
    /// Why the database alone can decide it, each once.
    reasons: Vec<String>,
    /// The collections that rows are asked of.
    others: BTreeSet<String>,
}

impl<'a> Classifier<'a> {
    fn leave(&mut self, reason: String) {
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    fn find(&self, name: &str) -> Option<&'a Collection> {
        if self.collection.name == name { Some(self.collection) } else { self.collections.collection(name) }
    }

    fn operator(&mut self, operator: Operator, type_: ValueType) {
        if let Some(reason) = operator.database_alone(type_) {
            self.leave(reason);
        }
    }

    fn field(&mut self, field: &FieldRef) {
        for hop in &field.hops {
            self.hop(hop);
        }
        self.column(&field.collection, &field.field);
    }

    fn column(&mut self, collection: &str, name: &str) -> Option<&'a Field> {
        let field = self.find(collection)?.field(name)?;
        if let Some(reason) = &field.database_alone {
            self.leave(format!("`{name}` {reason}"));
        }
        Some(field)
    }

    fn hop(&mut self, hop: &Hop) {
        self.other(&hop.target);
        let from = self.column(&hop.collection, &hop.field);
        let to = self.column(&hop.target, &hop.key);
        let (Some(from), Some(to)) = (from, to) else { return };
        if !joins(ValueType::of(from).type_, ValueType::of(to).type_) {
            self.leave(format!(
                "`{}` and `{}` that it points at have types of their own",
                hop.field, hop.key
            ));
        }
    }

    fn other(&mut self, name: &str) {
        self.others.insert(name.to_owned());
        let Some(collection) = self.find(name) else { return };
        if collection.kind == CollectionKind::View {
            self.leave(format!("`{name}` is a view: the database's log does not tell of its rows"));
        } else if collection.primary_key.is_empty() {
            self.leave(format!("`{name}` has no key: its rows cannot be told apart"));
        }
    }
}

/// Whether rows can be found by a value of the one type among values of the other.
fn joins(from: FieldType, to: FieldType) -> bool {
    let kind = |type_| match type_ {
        FieldType::Uuid => Some(FieldType::Uuid),
        FieldType::Int | FieldType::Bigint => Some(FieldType::Bigint),
        FieldType::Text | FieldType::Email | FieldType::Url | FieldType::Enum => Some(FieldType::Text),
        FieldType::Bool | FieldType::Date | FieldType::Timestamp => Some(type_),
        _ => None,
    };
    kind(from).is_some() && kind(from) == kind(to)
}

//! Where a condition can be decided: from its row, with rows of other collections, or by the database alone.

use serde::{Deserialize, Serialize};

use super::typed::Predicate;
use super::uses::Part;

/// Where a condition can be decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "class", rename_all = "snake_case")]
pub enum RuleClass {
    /// From the row alone, without the database.
    RowLocal,
    /// From the row and from rows of other collections, which are kept at hand.
    Membership {
        /// The other collections.
        collections: Vec<String>,
    },
    /// By the database alone.
    Sql {
        /// Why, each a sentence.
        reasons: Vec<String>,
    },
}

impl Predicate {
    /// Where it can be decided, as far as the language says. The types that columns have in Postgres may leave it to the
    /// database all the same.
    pub fn class(&self) -> RuleClass {
        let mut reasons = Vec::new();
        self.visit(&mut |part| {
            if let Part::Operator(operator, type_) = part {
                reasons.extend(operator.database_alone(type_).filter(|reason| !reasons.contains(reason)));
            }
        });
        if !reasons.is_empty() {
            return RuleClass::Sql { reasons };
        }
        let collections: Vec<String> = self.uses().collections.into_iter().collect();
        if collections.is_empty() { RuleClass::RowLocal } else { RuleClass::Membership { collections } }
    }
}

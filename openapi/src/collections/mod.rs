//! Collections: what a Postgres table looks like through the API.

mod change;
mod field;
mod index;
mod plan;
mod rule_test;
mod rules;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use change::{
    AddField, AddIndex, AlterField, Change, CollectionPatch, DropField, DropIndex, Rename, RenameField,
};
pub use field::{Field, FieldSpec, FieldType, OnDelete};
pub use index::{Index, IndexKind, IndexSpec};
pub use plan::{AdoptRequest, ApplyRequest, CollectionChanged, Lock, Plan, PlanStep};
pub use rule_test::{
    RuleGround, RuleJoint, RuleOperation, RulePart, RulePartValue, RuleTest, RuleTested, Truth,
};
pub use rules::{RuleClasses, Rules, RulesPatch};

/// A collection to create. `id` (UUIDv7), `created_at` and `updated_at` come by themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectionSpec {
    /// The collection's name, which is the table's too.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,62}$", example = "posts")]
    pub name: String,
    /// The fields, in order.
    pub fields: Vec<FieldSpec>,
    /// Indexes beyond the key and the unique fields.
    #[serde(default)]
    pub indexes: Vec<IndexSpec>,
    /// Who may do what; for admins alone where nothing is said.
    #[serde(default)]
    pub rules: Rules,
    /// Whether changes of its rows are told to whoever subscribes to it. Postgres then writes the whole of a row that changes or goes
    /// to its log.
    #[serde(default, skip_serializing_if = "is_false")]
    pub realtime: bool,
}

/// What stands behind a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CollectionKind {
    /// A table, also a partitioned one.
    Table,
    /// A view: it can be read only.
    View,
}

/// Rows of another collection that point at this one, as `expand` and expressions name them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IncomingRelation {
    /// The name: the collection's own where only one of its fields points here, and always `<collection>_via_<field>`.
    #[schema(example = "comments")]
    pub name: String,
    /// The collection that points here.
    pub collection: String,
    /// Its field that does.
    pub field: String,
}

/// A collection, as the database has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Collection {
    /// The name in URLs, expressions and the document.
    pub name: String,
    /// The schema-qualified table.
    #[schema(example = "public.posts")]
    pub table: String,
    /// What stands behind it.
    pub kind: CollectionKind,
    /// The fields of the key, in order.
    pub primary_key: Vec<String>,
    /// The fields, in order.
    pub fields: Vec<Field>,
    /// The indexes.
    pub indexes: Vec<Index>,
    /// Rows of other collections that point here.
    pub incoming: Vec<IncomingRelation>,
    /// Who may do what.
    pub rules: Rules,
    /// Where each rule is decided for those who follow changes.
    #[serde(default)]
    pub rule_classes: RuleClasses,
    /// Whether changes of its rows are told to whoever subscribes to it.
    #[serde(default)]
    pub realtime: bool,
    /// What is wrong with it, where something is: a rule that no longer fits the table, for example. Such a
    /// rule denies.
    pub problems: Vec<String>,
}

impl Collection {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// The collections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CollectionPage {
    /// All of them, by name.
    pub items: Vec<Collection>,
    /// Always null: there is one page.
    pub next_cursor: Option<String>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Tells a member that is null from one that is not there.
pub(crate) mod given {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(serializer)
    }

    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::<T>::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::RuleKind;

    #[test]
    fn a_type_is_called_as_in_json() {
        for type_ in FieldType::ALL {
            assert_eq!(serde_json::to_value(type_).expect("it has a name"), type_.as_str());
        }
    }

    #[test]
    fn a_rule_is_called_as_in_json() {
        for kind in RuleKind::ALL {
            let mut rules = Rules::default();
            *rules.of_mut(kind) = Some(kind.as_str().to_owned());
            let json = serde_json::to_value(&rules).expect("it has a JSON form");
            assert_eq!(
                (&json[kind.as_str()], rules.of(kind).as_deref()),
                (&kind.as_str().into(), Some(kind.as_str()))
            );
        }
    }
}

//! What a change of the schema takes, before it is made.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Collection, CollectionSpec, Rules, is_false};

/// Takes an existing table or view in as a collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptRequest {
    /// The table or view, schema-qualified where it is not in `public`, as Postgres spells it.
    #[schema(example = "public.Orders")]
    pub table: String,
    /// The collection's name; made from the table's where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[a-z][a-z0-9_]{0,62}$")]
    pub name: Option<String>,
    /// The columns that tell rows apart, for a view or a table without a primary key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_key: Option<Vec<String>>,
    /// The columns that only admins may use.
    #[serde(default)]
    pub hidden: Vec<String>,
    /// Who may do what.
    #[serde(default)]
    pub rules: Rules,
    /// Whether changes of its rows are told to whoever subscribes to it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub realtime: bool,
}

/// What a statement locks while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lock {
    /// Nothing that reads or writes wait for.
    None,
    /// Writes wait; reads go on.
    Writes,
    /// Reads and writes wait, for a moment.
    Brief,
    /// Reads and writes wait while every row is checked or written again.
    Rewrite,
}

/// One statement of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanStep {
    /// The statement.
    pub sql: String,
    /// What it locks while it runs.
    pub lock: Lock,
    /// What it loses, in a sentence, where it loses something.
    pub loses: Option<String>,
}

/// What would be done, or was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// Whether it was done.
    pub applied: bool,
    /// The statements, in order; empty where there is nothing to do.
    pub steps: Vec<PlanStep>,
    /// Changes of rules and settings, a line each.
    pub settings: Vec<String>,
    /// The collections afterwards (as planned, on a dry run without their indexes' final names).
    pub collections: Vec<Collection>,
}

/// A collection that was changed, or on a dry run what would be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum CollectionChanged {
    /// The collection as it is now.
    Collection(Box<Collection>),
    /// On a dry run: what would be done.
    Plan(Plan),
}

/// The collections that there should be, as kept in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyRequest {
    /// The collections, in any order.
    #[serde(default)]
    pub collections: Vec<CollectionSpec>,
    /// Tables to adopt.
    #[serde(default)]
    pub adopt: Vec<AdoptRequest>,
    /// Whether collections and fields that the file does not have are dropped.
    #[serde(default)]
    pub prune: bool,
}

//! A rule that is tried before anybody meets it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::expression::{RuleClass, RuleKind};

/// What a rule guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleOperation {
    /// Having a row in a list.
    List,
    /// Reading a row by its key.
    View,
    /// Creating a row.
    Create,
    /// Changing a row.
    Update,
    /// Deleting a row.
    Delete,
}

impl From<RuleOperation> for RuleKind {
    fn from(operation: RuleOperation) -> Self {
        match operation {
            RuleOperation::List => Self::List,
            RuleOperation::View => Self::View,
            RuleOperation::Create => Self::Create,
            RuleOperation::Update => Self::Update,
            RuleOperation::Delete => Self::Delete,
        }
    }
}

impl From<RuleKind> for RuleOperation {
    fn from(kind: RuleKind) -> Self {
        match kind {
            RuleKind::List => Self::List,
            RuleKind::View => Self::View,
            RuleKind::Create => Self::Create,
            RuleKind::Update => Self::Update,
            RuleKind::Delete => Self::Delete,
        }
    }
}

/// What to try. Nothing of it stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleTest {
    /// What to do.
    pub operation: RuleOperation,
    /// The account that does it; nobody who is signed in where it is null.
    #[serde(default)]
    pub user: Option<Uuid>,
    /// With which row: its key, or a list with the parts of a composite key. Not for `create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")]
    pub id: Option<Value>,
    /// In place of `id`: a row that is not there. Fields that are left out have their defaults. Not for `create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"title": "Hello"}))]
    pub row: Option<Value>,
    /// The fields to write; for `create` and `update` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"title": "Hello"}))]
    pub values: Option<Value>,
    /// An expression to try in place of the collection's rule; empty for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "owner = @user.id")]
    pub rule: Option<String>,
}

/// Why something is allowed or denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleGround {
    /// No rule binds admins.
    Admin,
    /// The rule lets everyone pass.
    Everyone,
    /// There is no rule: admins alone may.
    AdminsOnly,
    /// The rule does not fit the table any more, and denies.
    Broken,
    /// The rule's expression.
    Expression,
}

/// What a condition says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Nobody knows, since something in it is null: it passes no more than false.
    Unknown,
}

impl From<Option<bool>> for Truth {
    fn from(value: Option<bool>) -> Self {
        match value {
            Some(true) => Self::True,
            Some(false) => Self::False,
            None => Self::Unknown,
        }
    }
}

/// How conditions are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleJoint {
    /// All have to hold.
    And,
    /// One has to.
    Or,
    /// It must not.
    Not,
}

/// What a part of a rule says in one of the two executors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RulePartValue {
    /// What it says.
    pub value: Truth,
    /// Whether what the whole rule says comes from it.
    pub decides: bool,
}

/// A part of a rule: a condition, or what joins those that follow it one level deeper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RulePart {
    /// How deep it stands; 0 for the whole.
    pub depth: u32,
    /// As it is written.
    #[schema(example = "owner = @user.id")]
    pub text: String,
    /// How it joins the parts below it; null where it is one condition.
    pub joins: Option<RuleJoint>,
    /// In the database, which decides requests.
    pub database: RulePartValue,
    /// In the server, which decides what followers of changes are told; null where it cannot.
    pub server: Option<RulePartValue>,
}

/// What came of trying a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleTested {
    /// Whether the rule lets it happen.
    pub allowed: bool,
    /// Why.
    pub ground: RuleGround,
    /// The rule that was tried.
    pub rule: Option<String>,
    /// Where it is decided for those who follow changes.
    pub class: Option<RuleClass>,
    /// The rule's parts, each before those that it joins; none where no expression was asked.
    pub parts: Vec<RulePart>,
    /// The statement that the operation is, with `$1`, `$2`, … for its values; null where it is refused without one.
    pub sql: Option<String>,
    /// The values.
    pub binds: Vec<Option<String>>,
    /// How Postgres would go about it (`EXPLAIN`), a line each.
    pub plan: Vec<String>,
    /// What keeps the write from happening besides the rule: a constraint, for example.
    pub failure: Option<String>,
    /// What to mend, a sentence each.
    pub warnings: Vec<String>,
}

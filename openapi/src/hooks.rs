//! Hooks: another program is asked before something is written, and may change it or refuse.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::collections::given;

/// What a hook is asked before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HookEvent {
    /// A record is made, or may be made by a `PUT`.
    Create,
    /// A record is changed, or may be changed by a `PUT`.
    Update,
    /// A record is deleted.
    Delete,
    /// Somebody makes an account of their own.
    Register,
}

impl HookEvent {
    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Register => "register",
        }
    }

    /// The one that is called so.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Create, Self::Update, Self::Delete, Self::Register]
            .into_iter()
            .find(|event| event.as_str() == name)
    }
}

/// What is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HookMethod {
    /// `POST`: records are made.
    Create,
    /// `PATCH`: fields of records are changed.
    Update,
    /// `PUT`: all fields of records are changed, or the records made.
    Replace,
    /// `DELETE`: records are deleted.
    Delete,
    /// Somebody makes an account.
    Register,
}

/// What becomes of the write where a hook does not answer as it must.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HookFailure {
    /// It is refused.
    #[default]
    Refuse,
    /// It goes on.
    Allow,
}

impl HookFailure {
    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Allow => "allow",
        }
    }
}

/// A hook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Hook {
    /// Its name.
    #[schema(example = "check-isbn")]
    pub name: String,
    /// What it is asked before.
    pub events: Vec<HookEvent>,
    /// The collection whose records it is asked about; null for all of them.
    #[schema(example = "books")]
    pub collection: Option<String>,
    /// Where it is asked.
    #[schema(example = "https://example.com/hooks/isbn")]
    pub url: String,
    /// How long it may take to answer.
    #[schema(example = 5000)]
    pub timeout_ms: u32,
    /// What becomes of the write where it does not answer as it must.
    pub on_failure: HookFailure,
    /// Whether it is asked.
    pub enabled: bool,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was changed last.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
    /// What its calls are signed with. It is told once: to whoever makes the hook or gives it a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    pub secret: Option<String>,
}

/// How a hook is to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookReplace {
    /// What it is asked before.
    #[schema(min_items = 1)]
    pub events: Vec<HookEvent>,
    /// The collection whose records it is asked about; all of them where there is none.
    #[serde(default)]
    #[schema(example = "books")]
    pub collection: Option<String>,
    /// Where it is asked: on a host of the public internet, or one that the server is allowed to call.
    #[schema(example = "https://example.com/hooks/isbn")]
    pub url: String,
    /// How long it may take to answer; 5000 by default.
    #[serde(default)]
    #[schema(minimum = 100, maximum = 30_000, example = 2000)]
    pub timeout_ms: Option<u32>,
    /// What becomes of the write where it does not answer as it must; `refuse` by default.
    #[serde(default)]
    pub on_failure: HookFailure,
    /// Whether it is asked; true by default.
    #[serde(default)]
    pub enabled: Option<bool>,
}

/// A change of a hook: what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookUpdate {
    /// What it is asked before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<HookEvent>>,
    /// The collection whose records it is asked about; null for all of them.
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "books")]
    pub collection: Option<Option<String>>,
    /// Where it is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How long it may take to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 100, maximum = 30_000, example = 2000)]
    pub timeout_ms: Option<u32>,
    /// What becomes of the write where it does not answer as it must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<HookFailure>,
    /// Whether it is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// The hooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HookPage {
    /// All of them, by name.
    pub items: Vec<Hook>,
    /// Always null: there is one page.
    pub next_cursor: Option<String>,
}

/// What a hook is asked: a `POST` to its URL, signed as the Standard Webhooks specification says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HookCall {
    /// The hook's name.
    #[schema(example = "check-isbn")]
    pub hook: String,
    /// What is about to be done.
    pub method: HookMethod,
    /// The collection; `users` for an account.
    #[schema(example = "books")]
    pub collection: String,
    /// Who does it; null for anybody without an account.
    pub caller: Option<HookCaller>,
    /// What it is done to. A batch asks once for all that it does of a kind.
    pub records: Vec<HookRecord>,
}

/// Who is writing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HookCaller {
    /// The account.
    pub id: Uuid,
    /// Its address.
    #[schema(example = "ada@example.com")]
    pub email: String,
    /// Whether the address is known to be its own.
    pub verified: bool,
    /// Its roles.
    pub roles: Vec<String>,
}

/// A write that a hook is asked about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HookRecord {
    /// The record's key, or a list with the parts of a composite key; null for one that is to be made.
    #[schema(example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")]
    pub id: Value,
    /// The fields to write, as they were sent; empty for a delete. Never a password.
    #[schema(value_type = Object, example = json!({"isbn": "978-3-16-148410-0"}))]
    pub body: Map<String, Value>,
}

/// What a hook answers, with status 200. An answer of 204 lets all of it go on as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookAnswer {
    /// Nothing of it is to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refuse: Option<HookRefusal>,
    /// What is to be written in place of what was sent, each at the index of its record; null for one that stays as it is. The caller
    /// must be allowed to write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Vec<Option<HookChange>>>,
}

/// What is to be written instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookChange {
    /// All fields to write.
    #[schema(value_type = Object)]
    pub body: Map<String, Value>,
}

/// Why a hook refuses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookRefusal {
    /// The index of the record; the first one by default.
    #[serde(default)]
    pub index: usize,
    /// For whoever is writing.
    #[schema(example = "The ISBN is not one that exists")]
    pub detail: String,
    /// What is wrong where in the record's body.
    #[serde(default)]
    pub errors: Vec<HookError>,
}

/// A place that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookError {
    /// A JSON pointer into the body.
    #[schema(example = "/isbn")]
    pub pointer: String,
    /// For programs; `refused` by default.
    #[serde(default)]
    pub code: Option<String>,
    /// For people.
    #[schema(example = "There is no such book")]
    pub detail: String,
}

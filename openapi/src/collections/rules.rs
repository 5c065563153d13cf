//! Who may do what.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Collection, given};
use crate::expression::{self, Purpose, RuleClass, RuleKind, Scope};

/// Who may do what with the rows of a collection: each an expression, `""` for everyone, or null
/// for admins alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Which rows a list may return.
    #[serde(default)]
    #[schema(example = "status = \"published\" or author = @user.id")]
    pub list: Option<String>,
    /// Which rows may be read by key, and be reached through filters and `expand`.
    #[serde(default)]
    #[schema(example = "status = \"published\" or author = @user.id")]
    pub view: Option<String>,
    /// Which rows may be created; the row as it would be written is `@new`, and the bare fields mean it too.
    #[serde(default)]
    #[schema(example = "author = @user.id")]
    pub create: Option<String>,
    /// Which rows may be changed; the row as it would be written is `@new`.
    #[serde(default)]
    #[schema(example = "author = @user.id and @new.author = author")]
    pub update: Option<String>,
    /// Which rows may be deleted.
    #[serde(default)]
    #[schema(example = "author = @user.id")]
    pub delete: Option<String>,
}

impl Rules {
    /// The rule of that kind.
    pub fn of(&self, kind: RuleKind) -> &Option<String> {
        match kind {
            RuleKind::List => &self.list,
            RuleKind::View => &self.view,
            RuleKind::Create => &self.create,
            RuleKind::Update => &self.update,
            RuleKind::Delete => &self.delete,
        }
    }

    /// The rule of that kind, to be changed.
    pub fn of_mut(&mut self, kind: RuleKind) -> &mut Option<String> {
        match kind {
            RuleKind::List => &mut self.list,
            RuleKind::View => &mut self.view,
            RuleKind::Create => &mut self.create,
            RuleKind::Update => &mut self.update,
            RuleKind::Delete => &mut self.delete,
        }
    }
}

/// Where each rule is decided for those who follow changes; null for a rule that is no expression, or that denies since it does not
/// fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleClasses {
    /// Of [`Rules::list`].
    pub list: Option<RuleClass>,
    /// Of [`Rules::view`].
    pub view: Option<RuleClass>,
    /// Of [`Rules::create`].
    pub create: Option<RuleClass>,
    /// Of [`Rules::update`].
    pub update: Option<RuleClass>,
    /// Of [`Rules::delete`].
    pub delete: Option<RuleClass>,
}

impl RuleClasses {
    /// Those of a collection's rules.
    pub fn of_rules(collection: &Collection, collections: &dyn expression::Catalogue) -> Self {
        let class = |kind: RuleKind| {
            let text = collection.rules.of(kind).as_deref().filter(|text| !text.trim().is_empty())?;
            let scope = Scope { collection, collections, purpose: Purpose::Rule(kind) };
            let predicate = expression::check(&expression::parse(text).ok()?, &scope).ok()?;
            Some(predicate.class(collection, collections))
        };
        Self {
            list: class(RuleKind::List),
            view: class(RuleKind::View),
            create: class(RuleKind::Create),
            update: class(RuleKind::Update),
            delete: class(RuleKind::Delete),
        }
    }
}

/// A change of some rules: a rule that is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RulesPatch {
    /// See [`Rules::list`].
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub list: Option<Option<String>>,
    /// See [`Rules::view`].
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub view: Option<Option<String>>,
    /// See [`Rules::create`].
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub create: Option<Option<String>>,
    /// See [`Rules::update`].
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub update: Option<Option<String>>,
    /// See [`Rules::delete`].
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub delete: Option<Option<String>>,
}

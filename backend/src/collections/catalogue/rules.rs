//! Checks the text of rules against the collections that there are.

use std::collections::BTreeMap;

use annex_openapi::collections::Collection;
use annex_openapi::expression::{self, ExpressionError, Purpose, RuleKind, Scope};

use super::model::{Rule, Rules};

/// The rule that a text means.
///
/// # Errors
/// The text is not an expression, or does not fit the collection.
pub(in crate::collections) fn check(
    kind: RuleKind,
    text: Option<&str>,
    collection: &Collection,
    collections: &dyn expression::Catalogue,
) -> Result<Rule, ExpressionError> {
    let Some(text) = text else { return Ok(Rule::Admins) };
    if text.trim().is_empty() {
        return Ok(Rule::Everyone);
    }
    let scope = Scope { collection, collections, purpose: Purpose::Rule(kind) };
    expression::check(&expression::parse(text)?, &scope).map(Rule::When)
}

/// The rules of a collection, and a sentence for each that does not fit it.
pub(super) fn check_all(
    collection: &Collection,
    collections: &BTreeMap<String, Collection>,
) -> (Rules, Vec<String>) {
    let mut problems = Vec::new();
    let mut checked = |kind: RuleKind, text: &Option<String>| {
        check(kind, text.as_deref(), collection, collections).unwrap_or_else(|error| {
            let reason = error.summary();
            problems.push(format!(
                "The rule `{}` denies, since it does not fit the table: {reason}",
                kind.as_str()
            ));
            Rule::Broken(reason)
        })
    };
    let texts = &collection.rules;
    let rules = Rules {
        list: checked(RuleKind::List, &texts.list),
        view: checked(RuleKind::View, &texts.view),
        create: checked(RuleKind::Create, &texts.create),
        update: checked(RuleKind::Update, &texts.update),
        delete: checked(RuleKind::Delete, &texts.delete),
    };
    (rules, problems)
}

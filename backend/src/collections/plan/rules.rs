//! Rules within a plan: those that are given are checked, those that are there follow a renaming, and none may be
//! broken by a change of the table.

use annex_openapi::collections::RulesPatch;
use annex_openapi::expression::{self, Expression, ExpressionError, Purpose, RuleKind, Scope};

use super::{Planner, State, conflict};
use crate::problem::Result;

impl Planner {
    /// Sets the rules that are given.
    pub(in crate::collections) fn patch_rules(
        &mut self,
        collection: &str,
        patch: &RulesPatch,
        pointer: &str,
    ) -> Result<()> {
        self.entry(collection)?;
        let entry = self.after.entries.get_mut(collection).expect("it is there");
        let rules = &mut entry.collection.rules;
        let given = [
            (&mut rules.list, &patch.list),
            (&mut rules.view, &patch.view),
            (&mut rules.create, &patch.create),
            (&mut rules.update, &patch.update),
            (&mut rules.delete, &patch.delete),
        ];
        for (rule, given) in given {
            if let Some(given) = given {
                rule.clone_from(given);
            }
        }
        self.rules_given.push((collection.to_owned(), pointer.to_owned()));
        Ok(())
    }

    /// Checks the rules of a collection that the request gives; `pointer` is where they stand in it.
    pub(super) fn check_given_rules(&mut self, collection: &str, pointer: &str) {
        for kind in RuleKind::ALL {
            if let Err(error) = check(&self.after, collection, kind) {
                let position = error.position();
                let place =
                    if position.line > 1 { format!("line {}, ", position.line) } else { String::new() };
                let detail = format!("At {place}character {}: {}", position.column, error.summary());
                self.error(format!("{pointer}/{}", kind.as_str()), error.code.as_str(), detail);
            }
        }
    }

    /// Fails where a rule that held before would be broken by a change of the tables.
    pub(super) fn check_other_rules(&self) -> Result<()> {
        for (name, entry) in &self.after.entries {
            let renamed =
                self.before.entries.values().find(|before| before.origin.table == entry.origin.table);
            let before = self.before.entries.get(name).or(renamed);
            let Some(before) = before.map(|before| before.collection.name.clone()) else { continue };
            for kind in RuleKind::ALL {
                let Err(error) = check(&self.after, name, kind) else { continue };
                if check(&self.before, &before, kind).is_ok() {
                    let detail = format!(
                        "The rule `{}` of `{name}` would not fit any more: {}",
                        kind.as_str(),
                        error.summary()
                    );
                    return Err(conflict(detail).with_hint("Change that rule first, or in the same request"));
                }
            }
        }
        Ok(())
    }

    /// Rewrites every rule, by the collections as they are before the renaming.
    pub(super) fn rewrite_rules(
        &mut self,
        rewrite: impl Fn(&Expression, &Scope<'_>) -> Result<String, ExpressionError>,
    ) {
        let state = self.after.clone();
        for (name, entry) in &mut self.after.entries {
            for kind in RuleKind::ALL {
                let rule = entry.collection.rules.of_mut(kind);
                let Some(text) = rule.as_deref().filter(|text| !text.trim().is_empty()) else { continue };
                let scope = Scope {
                    collection: &state.entries[name].collection,
                    collections: &state,
                    purpose: Purpose::Rule(kind),
                };
                // A rule that is broken already stays as it is: nothing is known of what it means.
                if let Ok(rewritten) = expression::parse(text).and_then(|parsed| rewrite(&parsed, &scope)) {
                    *rule = Some(rewritten);
                }
            }
        }
    }
}

fn check(state: &State, collection: &str, kind: RuleKind) -> Result<(), ExpressionError> {
    let Some(entry) = state.entries.get(collection) else { return Ok(()) };
    let text = entry.collection.rules.of(kind).as_deref();
    crate::collections::catalogue::rules::check(kind, text, &entry.collection, state).map(|_| ())
}

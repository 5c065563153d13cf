//! The end of a plan: what is left to check, and what changes in the settings.

use annex_openapi::collections::PlanStep;
use annex_openapi::expression::RuleKind;

use super::state::Settings;
use super::{Planner, State};
use crate::problem::Result;

/// A whole plan.
#[derive(Debug)]
pub(in crate::collections) struct Planned {
    pub(in crate::collections) steps: Vec<PlanStep>,
    /// Changes of the settings, a line each.
    pub(in crate::collections) settings: Vec<String>,
    /// The collections whose settings are no longer kept.
    pub(in crate::collections) forget: Vec<String>,
    /// The settings to keep.
    pub(in crate::collections) keep: Vec<Settings>,
    /// The collections afterwards.
    pub(in crate::collections) after: State,
    /// The names of the collections that are made or changed.
    pub(in crate::collections) touched: Vec<String>,
}

impl Planner {
    /// Ends the plan.
    ///
    /// # Errors
    /// A rule does not fit the collections as they will be.
    pub(in crate::collections) fn finish(mut self) -> Result<Planned> {
        self.make_waiting_relations();
        self.after.settle();
        for (collection, pointer) in std::mem::take(&mut self.rules_given) {
            self.check_given_rules(&collection, &pointer);
        }
        self.no_errors()?;
        self.check_other_rules()?;
        let (mut settings, mut forget, mut keep, mut touched) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (name, entry) in &self.before.entries {
            if !self.after.entries.contains_key(name) {
                settings.push(format!("`{name}` is no longer a collection"));
                forget.push(entry.collection.name.clone());
            }
        }
        for (name, entry) in &self.after.entries {
            let before = self.before.entries.get(name);
            let (was, is) = (before.map(|before| before.settings()), entry.settings());
            if was.as_ref() != Some(&is) {
                settings.extend(tell(was.as_ref(), &is));
                keep.push(is);
            }
            if before != Some(entry) {
                touched.push(name.clone());
            }
        }
        for name in &self.asked {
            if !touched.contains(name) && self.after.entries.contains_key(name) {
                touched.push(name.clone());
            }
        }
        self.after.classify(&touched);
        Ok(Planned { steps: self.steps, settings, forget, keep, after: self.after, touched })
    }
}

/// What changes in the settings of a collection.
fn tell(was: Option<&Settings>, is: &Settings) -> Vec<String> {
    let name = &is.name;
    let mut lines = Vec::new();
    let Some(was) = was else {
        lines.push(format!("`{name}` becomes a collection, over the table {}.{}", is.schema, is.table));
        let rules = RuleKind::ALL.into_iter().map(|kind| (kind, is.rules.of(kind)));
        lines.extend(
            rules.filter(|(_, rule)| rule.is_some()).map(|(kind, rule)| {
                format!("The rule `{}` of `{name}` becomes {}", kind.as_str(), said(rule))
            }),
        );
        return lines;
    };
    for kind in RuleKind::ALL {
        let (was, is) = (was.rules.of(kind), is.rules.of(kind));
        if was != is {
            let (kind, was, is) = (kind.as_str(), said(was), said(is));
            lines.push(format!("The rule `{kind}` of `{name}` becomes {is}; it was {was}"));
        }
    }
    for field in is.hidden.iter().filter(|field| !was.hidden.contains(field)) {
        lines.push(format!("`{name}.{field}` is hidden from all but admins"));
    }
    for field in was.hidden.iter().filter(|field| !is.hidden.contains(field)) {
        lines.push(format!("`{name}.{field}` is no longer hidden"));
    }
    if was.primary_key != is.primary_key {
        let key = is.primary_key.as_ref().map_or_else(|| "the table's own".to_owned(), |key| key.join(", "));
        lines.push(format!("The key of `{name}` becomes {key}"));
    }
    if (&was.schema, &was.table) != (&is.schema, &is.table) {
        lines.push(format!("`{name}` is over the table {}.{}", is.schema, is.table));
    }
    lines
}

fn said(rule: &Option<String>) -> String {
    match rule.as_deref() {
        None => "admins alone".to_owned(),
        Some(text) if text.trim().is_empty() => "everyone".to_owned(),
        Some(text) => format!("`{text}`"),
    }
}

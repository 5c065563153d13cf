//! What a change of collections comes to: the statements, the settings and the collections afterwards, worked out
//! without touching anything.

mod adopted;
mod alter;
mod alter_field;
mod apply;
mod change_type;
mod convert;
mod create;
mod field;
mod finish;
mod index;
mod naming;
mod realtime;
mod remove;
mod rules;
mod state;
mod target;

#[cfg(test)]
mod tests;

use annex_openapi::collections::{Lock, PlanStep};

pub(super) use adopted::{TableReference, clean_name};
pub(super) use apply::{Difference, defaults_to_spell};
pub(super) use naming::check_collection_name;
pub(super) use remove::Reach;
pub(super) use state::{Entry, Settings, State};

use super::ddl::statements::Reference;
use super::ddl::survey::Survey;
use crate::collections::catalogue::Identifier;
use crate::problem::{Code, FieldError, Problem, Result};

/// A plan on its way.
#[derive(Debug)]
pub(super) struct Planner {
    /// How things are.
    pub(super) before: State,
    /// How they will be.
    pub(super) after: State,
    /// What there is to lose.
    pub(super) survey: Survey,
    /// The statements so far.
    pub(super) steps: Vec<PlanStep>,
    /// What is wrong with the request so far.
    errors: Vec<FieldError>,
    /// What to do about it.
    hint: Option<String>,
    /// Relations to collections that are still to be made: the table, the column, and what it will point at.
    waiting: Vec<Waiting>,
    /// The collections that are still to be made.
    expected: Vec<String>,
    /// The collections whose rules the request gives, and where they stand in it.
    rules_given: Vec<(String, String)>,
    /// The collections that the request is about.
    asked: Vec<String>,
}

/// A relation to a collection that is still to be made.
#[derive(Debug)]
struct Waiting {
    table: Identifier,
    column: Identifier,
    reference: Reference,
}

impl Planner {
    /// A planner that starts from `now`; `before` is what there was before anything of the request was done.
    pub(super) fn new(before: State, now: State, survey: Survey) -> Self {
        Self {
            before,
            after: now,
            survey,
            steps: Vec::new(),
            errors: Vec::new(),
            hint: None,
            waiting: Vec::new(),
            expected: Vec::new(),
            rules_given: Vec::new(),
            asked: Vec::new(),
        }
    }

    fn step(&mut self, sql: String, lock: Lock) {
        self.steps.push(PlanStep { sql, lock, loses: None });
    }

    fn losing_step(&mut self, sql: String, lock: Lock, loses: impl Into<String>) {
        self.steps.push(PlanStep { sql, lock, loses: Some(loses.into()) });
    }

    fn error(&mut self, pointer: impl Into<String>, code: &str, detail: impl Into<String>) {
        self.errors.push(FieldError::new(pointer, code, detail));
    }

    /// The collection of that name, as it will be.
    fn entry(&self, name: &str) -> Result<&Entry> {
        self.after.entries.get(name).ok_or_else(|| no_collection(name, &self.after))
    }

    /// Fails where anything of the request is wrong so far.
    fn no_errors(&mut self) -> Result<()> {
        if self.errors.is_empty() {
            return Ok(());
        }
        let problem = Problem::validation(std::mem::take(&mut self.errors));
        Err(match self.hint.take() {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        })
    }
}

/// There is no such collection, but perhaps one with nearly its name.
pub(super) fn no_collection(name: &str, state: &State) -> Problem {
    let problem = Problem::not_found(format_args!("collection `{name}`"));
    match annex_openapi::near::nearest(name, state.entries.keys().map(String::as_str)) {
        Some(near) => problem.with_hint(format!("Did you mean `{near}`?")),
        None => problem,
    }
}

fn conflict(detail: impl Into<String>) -> Problem {
    Problem::new(Code::Conflict, detail)
}

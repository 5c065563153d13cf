//! What webhooks and triggers have in common as they are sent: what they are told of, and under which condition.

use annex_openapi::events::EventType;
use annex_openapi::problem::FieldError;

use crate::collections::catalogue::{Snapshot, Table};
use crate::evaluator::Program;
use crate::jobs::input::Faults;
use crate::problem::{Code, Problem, Result};
use crate::records::parameters::condition as checked;

/// The longest condition, in characters.
const MAX_CONDITION: usize = 10_000;

/// What somebody is to be told of.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What happens.
    pub events: &'a [EventType],
    /// The collection whose rows it is about.
    pub collection: Option<&'a str>,
    /// What must hold for a row.
    pub condition: Option<&'a str>,
    /// What is told of a row.
    pub fields: Option<&'a [String]>,
}

impl Wanted<'_> {
    /// Whether it is about rows.
    pub fn is_about_records(&self) -> bool {
        self.events.iter().any(|event| event.is_about_records())
    }

    /// Notes what is wrong with it, but for the condition.
    pub fn check(&self, faults: &mut Faults, snapshot: &Snapshot) {
        if self.events.is_empty() {
            faults.add("/events", "out_of_range", "`events` must have at least one entry");
        }
        if self.events.contains(&EventType::WebhookTest) {
            faults.add("/events", "not_allowed", "`webhook.test` is sent by hand and cannot be asked for");
        }
        let Some(name) = self.collection else {
            if self.is_about_records() {
                faults.add("/collection", "required", "`record.…` needs a `collection`");
            }
            for (member, is_there) in
                [("condition", self.condition.is_some()), ("fields", self.fields.is_some())]
            {
                if is_there {
                    let detail = format!("`{member}` is about the rows of a `collection`");
                    faults.add(format!("/{member}"), "not_allowed", detail);
                }
            }
            return;
        };
        let Some(table) = snapshot.served(name) else {
            return faults.add("/collection", "no_such_collection", "`collection` names no collection");
        };
        if !self.is_about_records() {
            faults.add("/collection", "not_allowed", "`collection` is for events of the kind `record.…`");
        }
        if !table.versioned {
            let detail = "Changes of a view are in no log: name the tables that it reads";
            faults.add("/collection", "not_allowed", detail);
        }
        if self.condition.is_some_and(|condition| condition.chars().count() > MAX_CONDITION) {
            let detail = format!("`condition` is longer than {MAX_CONDITION} characters");
            faults.add("/condition", "out_of_range", detail);
        }
        for (index, field) in self.fields.unwrap_or_default().iter().enumerate() {
            if table.column(field).is_none() {
                let detail = format!("`{name}` has no field `{field}`");
                faults.add(format!("/fields/{index}"), "no_such_field", detail);
            }
        }
    }

    /// Checks the condition.
    ///
    /// # Errors
    /// `invalid_expression`, `not_live`
    pub fn check_condition(&self, snapshot: &Snapshot) -> Result<()> {
        match self.collection.and_then(|name| snapshot.served(name)) {
            Some(table) => compile(snapshot, table, self.condition).map(drop),
            None => Ok(()),
        }
    }
}

/// Makes a condition ready to look at rows.
///
/// # Errors
/// `invalid_expression`; `not_live` where the row alone does not decide it.
pub fn compile(snapshot: &Snapshot, table: &Table, condition: Option<&str>) -> Result<Option<Program>> {
    let predicate = checked(snapshot, table, true, "/condition", condition)?;
    let Some(predicate) = predicate else { return Ok(None) };
    if predicate.uses_caller() {
        let detail = "A condition has no caller: it is about the row alone";
        let error = FieldError::new("/condition", "not_allowed", detail);
        return Err(Problem::new(Code::InvalidExpression, detail).with_errors(vec![error]));
    }
    match Program::compile(&predicate, table) {
        Ok(program) => Ok(Some(program)),
        Err(alone) => Err(Problem::new(Code::NotLive, format!("The condition: {alone}"))
            .with_hint("What is told is decided from the row alone, as the log has it")),
    }
}

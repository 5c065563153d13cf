//! A write of one record as one statement, its rule inside it: what the statement is, and what its rows mean.
//!
//! Each verb prepares its own. A request for one record runs it on a lane, a batch inside its transaction; there is no
//! other way to write a record, so that nothing is checked on the one way and not on the other.

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use tokio_postgres::Row;

use super::body::Members;
use super::create::{self, denied};
use super::delete;
use super::etag::{self, Demand};
use super::replace::{self, names_key, takes_key};
use super::request::{View, no_such_record};
use super::sql::{Bind, Sql, select};
use super::store::{self, Failure, raw};
use super::update;
use super::write::{Returning, Written};
use crate::collections::catalogue::Table;
use crate::problem::{Code, Problem};

/// What a write does to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// Makes it.
    Create,
    /// Changes some of its fields.
    Update(Target),
    /// Changes all of its fields, or makes it.
    Replace(Target),
    /// Deletes it.
    Delete(Target),
}

/// The record that a write is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its key.
    pub key: Vec<Bind>,
    /// What it must still be.
    pub demand: Demand,
}

impl Target {
    /// Whether a replacement may make the record.
    pub fn may_be_made(&self, table: &Table) -> bool {
        matches!(self.demand, Demand::None | Demand::Absent) && takes_key(table)
    }
}

/// A write that is ready to be run.
#[derive(Debug)]
pub struct Operation<'a> {
    /// Whose record it is.
    pub table: &'a Table,
    /// What it does.
    pub verb: Verb,
    /// The statement; none where the rules deny without looking.
    pub statement: Option<Rc<Sql>>,
    /// What the statement returns; nothing for a delete.
    pub returning: Option<Returning>,
    /// The key of the record that it makes, where that is known beforehand: a UUID.
    pub made: Option<String>,
}

/// What a write did.
#[derive(Debug)]
pub enum Outcome {
    /// There is a record.
    Written(Written),
    /// There is none any more.
    Deleted,
}

impl<'a> Operation<'a> {
    /// The write of those members. `made` is the key of a record to create where that is known already: others may refer to it.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn prepare(
        view: View<'a>,
        table: &'a Table,
        verb: Verb,
        members: &Members<'_>,
        made: Option<&str>,
    ) -> Result<Self, Failure> {
        match verb {
            Verb::Create => create::prepare(view, table, members, made),
            Verb::Update(target) => update::prepare(view, table, target, members),
            Verb::Replace(target) => replace::prepare(view, table, target, members.clone()),
            Verb::Delete(target) => delete::prepare(view, table, target),
        }
    }
}

impl Operation<'_> {
    /// Runs it by itself.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn run(&self, view: View<'_>) -> Result<Outcome, Failure> {
        let rows = match &self.statement {
            Some(statement) => self.rows(view, statement).await?,
            None => Vec::new(),
        };
        if let Some(outcome) = self.outcome(&rows)? {
            return Ok(outcome);
        }
        let seen = match self.second_look(view)? {
            Some(statement) => store::rows(view.reads(self.table), self.table, &statement).await?,
            None => Vec::new(),
        };
        Err(self.missed(view, &seen).into())
    }

    async fn rows(&self, view: View<'_>, statement: &Rc<Sql>) -> Result<Vec<Row>, Failure> {
        if self.verb == Verb::Create
            && let Some(company) = view.company(self.table)
            && let Some(rows) = company.rows(self.table, statement).await?
        {
            return Ok(rows);
        }
        let rows = store::rows(&view.request.lanes.writes, self.table, statement).await;
        rows.map_err(|failure| self.refused(failure))
    }

    /// What the statement's rows tell; none where it has written nothing.
    ///
    /// # Errors
    /// A value is not in its type's format.
    pub fn outcome(&self, rows: &[Row]) -> Result<Option<Outcome>, Failure> {
        let Some(row) = rows.first() else { return Ok(None) };
        let Some(returning) = &self.returning else { return Ok(Some(Outcome::Deleted)) };
        let created = match self.verb {
            Verb::Create => true,
            // Its last column says which of the two it was.
            Verb::Replace(_) => raw(row, row.len() - 1) == Some(&[1]),
            Verb::Update(_) | Verb::Delete(_) => false,
        };
        Ok(Some(Outcome::Written(returning.read(self.table, row, created)?)))
    }

    /// The value of the key's column, where it is known before the statement has run: a UUID that was made or given.
    pub fn made_key(&self, column: usize) -> Option<&str> {
        self.made.as_deref().filter(|_| self.table.key == [column])
    }

    /// What must be read to tell why nothing was written, where that needs anything.
    ///
    /// # Errors
    /// A rule was checked against another schema.
    pub fn second_look(&self, view: View<'_>) -> Result<Option<Sql>, Failure> {
        match &self.verb {
            Verb::Update(target) | Verb::Replace(target) | Verb::Delete(target)
                if matches!(target.demand, Demand::Version(_) | Demand::Absent) =>
            {
                Ok(select::get(&view.context(), self.table, &[], &target.key)?)
            }
            _ => Ok(None),
        }
    }

    /// Why nothing was written, given the rows of [`Operation::second_look`]: the rule denies, the record has another version
    /// (where the caller may view it), or there is none.
    pub fn missed(&self, view: View<'_>, seen: &[Row]) -> Problem {
        let target = match &self.verb {
            Verb::Create => return denied(self.table, &view.request.caller),
            Verb::Replace(target) if target.demand == Demand::Absent && !seen.is_empty() => {
                return etag::exists();
            }
            Verb::Replace(target) if target.may_be_made(self.table) => {
                return denied(self.table, &view.request.caller);
            }
            Verb::Update(target) | Verb::Replace(target) | Verb::Delete(target) => target,
        };
        let now = seen.first().and_then(|row| store::version(row, row.len() - 1));
        match (now, target.demand.version()) {
            (Some(now), Some(demanded)) if now != demanded => etag::changed(),
            _ => no_such_record(self.table),
        }
    }

    /// Tells a failure of the statement as this operation's.
    pub fn refused(&self, failure: Failure) -> Failure {
        let is_made = |problem: &Problem| problem.code == Code::NotUnique && names_key(self.table, problem);
        match (&self.verb, failure) {
            (Verb::Replace(target), Failure::Problem(problem)) if is_made(&problem) => match target.demand {
                Demand::Absent => etag::exists().into(),
                // It was made meanwhile and is there to be replaced now, or the caller may not change it.
                _ => Failure::Overtaken(no_such_record(self.table)),
            },
            (Verb::Delete(_), failure) => delete::refused(failure),
            (_, failure) => failure,
        }
    }
}

impl Outcome {
    /// The status of the answer.
    pub fn status(&self, minimal: bool) -> StatusCode {
        match self {
            Self::Written(written) if written.created => StatusCode::CREATED,
            Self::Written(written) if written.json.is_some() && !minimal => StatusCode::OK,
            Self::Written(_) | Self::Deleted => StatusCode::NO_CONTENT,
        }
    }

    /// The answer: the record where the caller may view it and did not decline it.
    pub fn respond(self, table: &Table, minimal: bool) -> HttpResponse {
        let status = self.status(minimal);
        match self {
            Self::Written(written) => written.respond(table, status, minimal),
            Self::Deleted => HttpResponse::new(status),
        }
    }
}

//! The in-process executor of the expression language: decides from images of rows what the SQL executor
//! ([`records::sql::predicate`](crate::records::sql::predicate)) decides in the database, for those that learn of rows from the log.
//!
//! Both mean what [`annex_openapi::expression`] says. An operator is evaluated here only where it is
//! [declared](annex_openapi::expression::Operator) to be proven equal in both, and a column only where its text says all that the
//! database compares; a differential test holds the two together. The rest is refused when a condition is compiled, with the reason.

pub(crate) mod array;
mod compile;
mod image;
mod instant;
mod json;
mod mirror;
mod node;
mod number;
mod operand;
mod others;
mod pattern;
mod value;

use annex_openapi::expression::{Predicate, Row};
use time::OffsetDateTime;

pub use image::Image;
pub use mirror::{Mirror, Mirrors, Need};
pub use others::{Link, Relation};

use crate::collections::catalogue::{Snapshot, Table, Trust};
use crate::extract::{Caller, Identity};
use compile::{Compiler, Frame};
use node::Node;

/// A condition, compiled against the table that it is about.
#[derive(Debug, Clone)]
pub struct Program {
    root: Node,
    needs: Vec<Need>,
}

/// The database alone can decide a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the database alone can decide the condition: {}", reasons.join("; "))]
pub struct DatabaseAlone {
    /// Why, each a sentence.
    pub reasons: Vec<String>,
}

/// What a condition may refer to besides its rows.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    identity: Option<&'a Identity>,
    /// The caller's id as text.
    id: [u8; uuid::fmt::Hyphenated::LENGTH],
    /// In microseconds.
    now: i64,
    mirrors: Option<&'a Mirrors>,
}

impl<'a> Context<'a> {
    /// For that caller, at that instant.
    pub fn new(caller: &'a Caller, now: OffsetDateTime) -> Self {
        let identity = caller.identity();
        let mut id = [0; uuid::fmt::Hyphenated::LENGTH];
        identity.map(|identity| identity.user_id).unwrap_or_default().hyphenated().encode_lower(&mut id);
        Self { identity, id, now: instant::of_time(now), mirrors: None }
    }

    /// With the rows of other collections that a program [needs](Program::needs).
    pub fn with_mirrors(self, mirrors: &'a Mirrors) -> Self {
        Self { mirrors: Some(mirrors), ..self }
    }

    fn id_text(&self) -> Option<&str> {
        self.identity.and(std::str::from_utf8(&self.id).ok())
    }
}

/// The rows that a condition is about.
#[derive(Debug, Clone, Copy)]
struct Rows<'a> {
    this: &'a Image,
    new: Option<&'a Image>,
    outer: Option<&'a Image>,
}

impl<'a> Rows<'a> {
    /// A row by itself.
    fn of(this: &'a Image) -> Self {
        Self { this, new: None, outer: None }
    }

    fn get(self, row: Row) -> Option<&'a Image> {
        match row {
            Row::This => Some(self.this),
            Row::New => self.new,
            Row::Outer => self.outer,
        }
    }
}

impl Program {
    /// Compiles a condition that is about the rows of the table alone.
    ///
    /// # Errors
    /// The database alone can decide it, or it asks for rows of other collections.
    pub fn compile(predicate: &Predicate, table: &Table) -> Result<Self, DatabaseAlone> {
        Self::finish(Compiler::new(None, Trust::Rule), predicate, table)
    }

    /// Compiles a condition that may ask for rows of other collections: a rule is given all of them, a filter those that the
    /// caller may view.
    ///
    /// # Errors
    /// The database alone can decide it.
    pub fn compile_over(
        predicate: &Predicate,
        table: &Table,
        snapshot: &Snapshot,
        trust: Trust,
    ) -> Result<Self, DatabaseAlone> {
        Self::finish(Compiler::new(Some(snapshot), trust), predicate, table)
    }

    fn finish<'a>(
        mut compiler: Compiler<'a>,
        predicate: &Predicate,
        table: &'a Table,
    ) -> Result<Self, DatabaseAlone> {
        compiler.classify(predicate, table);
        let root = compiler.predicate(Frame::of(table), predicate);
        let Compiler { reasons, needs, .. } = compiler;
        if reasons.is_empty() { Ok(Self { root, needs }) } else { Err(DatabaseAlone { reasons }) }
    }

    /// What it asks of other collections; nothing where it is about the row alone.
    pub fn needs(&self) -> &[Need] {
        &self.needs
    }

    /// Whether the condition holds for the row; none for unknown, which passes no more than false. `new` is the row as it would be
    /// written, for an update rule; a create rule is about that row alone, which is then both. Where a condition asks for a
    /// new row and there is none, its fields are null. Without the [mirrors](Context::with_mirrors) that it
    /// [needs](Self::needs), what depends on them is unknown or null.
    pub fn holds(&self, context: &Context<'_>, this: &Image, new: Option<&Image>) -> Option<bool> {
        self.root.holds(context, Rows { this, new, outer: None })
    }
}

//! The rows that a condition is about: as they are, and as they would be written.

use crate::collections::catalogue::Table;
use crate::records::sql::Alias;

/// What becomes of a column in an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// It stays.
    Unchanged,
    /// It gets the value of that place.
    Place(usize),
    /// It gets its default.
    Default,
}

/// The row that is written: its values stand in the statement already.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// What becomes of each column.
    pub slots: &'a [Slot],
    /// The row as it was, from which the other values come.
    pub base: Alias,
}

/// A row that a condition is about.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// A row source of the statement.
    Alias(Alias),
    /// The row as it would be after an update.
    Written(Written<'a>),
}

/// The rows that a condition is about.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The table of `this` and `new`.
    pub table: &'a Table,
    /// The row.
    pub this: Source<'a>,
    /// The row as it would be written.
    pub new: Option<Source<'a>>,
    /// Within `exists`: the row around.
    pub(super) outer: Option<(&'a Table, Source<'a>)>,
    /// The table of `new`, which stays the same within `exists`.
    pub(super) written: &'a Table,
}

impl<'a> Rows<'a> {
    /// A condition about one row.
    pub fn of(table: &'a Table, this: Source<'a>) -> Self {
        Self { table, this, new: None, outer: None, written: table }
    }

    /// The same, with the row as it would be written.
    pub fn with_new(self, new: Source<'a>) -> Self {
        Self { new: Some(new), ..self }
    }
}

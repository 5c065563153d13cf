//! Rows of other collections, as conditions reach them: over relations, and by `exists`.

use std::ops::ControlFlow;

use super::compile::Compiler;
use super::mirror::{Mirror, Need, encode};
use super::node::Node;
use super::operand::{Column, Operand};
use super::value::Kind;
use super::{Context, DatabaseAlone, Image, Rows};
use crate::collections::catalogue::{Snapshot, Table, Trust};

/// The rows of another collection that a condition sees.
#[derive(Debug, Clone)]
pub(super) struct Other {
    pub(super) collection: Box<str>,
    pub(super) sight: Sight,
}

/// Which rows are seen.
#[derive(Debug, Clone)]
pub(super) enum Sight {
    All,
    /// None, but for admins.
    Admins,
    /// Those for which it is true; for admins, all.
    When(Box<Node>),
}

impl Other {
    /// None where nobody brought the rows.
    fn mirror<'a>(&self, context: &Context<'a>) -> Option<&'a Mirror> {
        context.mirrors?.get(&self.collection)
    }

    fn sees(&self, context: &Context<'_>, row: &Image) -> bool {
        let admin = || context.identity.is_some_and(crate::extract::Identity::is_admin);
        match &self.sight {
            Sight::All => true,
            Sight::Admins => admin(),
            Sight::When(rule) => admin() || rule.holds(context, Rows::of(row)) == Some(true),
        }
    }
}

/// The way over relations to a row.
#[derive(Debug, Clone)]
pub(super) struct Way {
    /// The relation that it starts with.
    pub(super) start: Column,
    pub(super) hops: Box<[Hop]>,
}

/// A relation that is followed.
#[derive(Debug, Clone)]
pub(super) struct Hop {
    pub(super) to: Other,
    /// The column there that the relation's value equals.
    pub(super) key: usize,
    /// The relation there that is followed next, and as what it is read.
    pub(super) next: Option<(usize, Kind)>,
}

impl Way {
    /// The row that it leads to.
    pub(super) fn follow<'a>(&'a self, context: &'a Context<'_>, rows: Rows<'a>) -> Option<&'a Image> {
        let mut value = self.start.kind.read(self.start.text(context, rows)?)?;
        let mut found = None;
        for hop in &self.hops {
            let mut key = Vec::with_capacity(16);
            encode(&mut key, &value)?;
            let mirror = hop.to.mirror(context)?;
            let row = mirror.find(&[hop.key], &key).find(|row| hop.to.sees(context, row))?;
            found = Some(row);
            let Some((column, kind)) = hop.next else { break };
            value = kind.read(row.get(column)?)?;
        }
        found
    }
}

/// A relation to one row.
#[derive(Debug, Clone, Copy)]
pub struct Relation<'a> {
    /// The column whose value is looked for, here.
    pub here: usize,
    /// The collection that it leads to.
    pub target: &'a str,
    /// The column that equals the value, there.
    pub there: usize,
    /// The columns that are read of the row there.
    pub columns: &'a [usize],
}

/// A relation, as callers follow it: to the row that it leads to, where they may view that.
#[derive(Debug, Clone)]
pub struct Link {
    way: Way,
    needs: Vec<Need>,
}

impl Link {
    /// Prepares to follow a relation from rows of the table.
    ///
    /// # Errors
    /// The database alone can decide who may view what it leads to, or can find it.
    pub fn new(table: &Table, relation: &Relation<'_>, snapshot: &Snapshot) -> Result<Self, DatabaseAlone> {
        let mut compiler = Compiler::new(Some(snapshot), Trust::Filter);
        let way = compiler.link(table, relation);
        let Compiler { reasons, needs, .. } = compiler;
        way.filter(|_| reasons.is_empty()).map(|way| Self { way, needs }).ok_or(DatabaseAlone { reasons })
    }

    /// What it asks of other collections.
    pub fn needs(&self) -> &[Need] {
        &self.needs
    }

    /// The row that it leads to, where there is one that the caller may view.
    pub fn follow<'a>(&'a self, context: &'a Context<'_>, row: &'a Image) -> Option<&'a Image> {
        self.way.follow(context, Rows::of(row))
    }
}

/// `exists(collection, condition)`
#[derive(Debug, Clone)]
pub(super) struct Exists {
    pub(super) of: Other,
    /// Columns there that have to equal values that are known outside; none means that every row is looked at.
    pub(super) columns: Box<[usize]>,
    pub(super) values: Box<[Operand]>,
    pub(super) condition: Box<Node>,
}

impl Exists {
    /// None where nobody brought the rows, which passes no more than false.
    pub(super) fn holds(&self, context: &Context<'_>, rows: Rows<'_>) -> Option<bool> {
        let mirror = self.of.mirror(context)?;
        let within = |row| Rows { this: row, new: rows.new, outer: Some(rows.this) };
        let fulfils =
            |row| self.condition.holds(context, within(row)) == Some(true) && self.of.sees(context, row);
        if self.columns.is_empty() {
            return Some(mirror.rows().any(fulfils));
        }
        let mut key = Vec::with_capacity(32);
        let complete = self.values.iter().try_for_each(|value| {
            // They are about the rows around alone; there this row is the outer one.
            match value
                .value(context, Rows { outer: Some(rows.this), ..rows })
                .and_then(|value| encode(&mut key, &value))
            {
                Some(()) => ControlFlow::Continue(()),
                None => ControlFlow::Break(()),
            }
        });
        // Nothing equals null.
        Some(complete.is_continue() && mirror.find(&self.columns, &key).any(fulfils))
    }
}

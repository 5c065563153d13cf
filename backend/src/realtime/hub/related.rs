//! Records that the records of a subscription lead to, told with them as they are then.

use std::sync::Arc;

use super::view::ViewError;
use crate::collections::catalogue::{Rule, Snapshot, Table};
use crate::evaluator::{Context, Image, Link, Need, Relation};
use crate::extract::Caller;
use crate::records::expand::Expand;
use crate::records::projection::Projection;
use crate::records::wire::encode::write_string;
use crate::records::wire::text::open_object;

/// A relation that is followed.
#[derive(Debug)]
pub struct Related {
    name: String,
    link: Link,
    target: Arc<Table>,
    columns: Vec<usize>,
    inner: Vec<Related>,
}

impl Related {
    /// Prepares to follow relations, as that caller does.
    ///
    /// # Errors
    /// One leads to many records, or the database alone can decide what it leads to.
    pub fn all(
        snapshot: &Snapshot,
        table: &Table,
        caller: &Caller,
        expands: &[Expand],
    ) -> Result<Vec<Self>, ViewError> {
        expands.iter().map(|expand| Self::new(snapshot, table, caller, expand)).collect()
    }

    fn new(snapshot: &Snapshot, table: &Table, caller: &Caller, expand: &Expand) -> Result<Self, ViewError> {
        let Expand { name, target, here, there, many, inner } = expand;
        if *many {
            return Err(ViewError::Many { relation: name.clone(), target: target.collection.name.clone() });
        }
        let columns = Projection::all(target, caller).columns;
        let read: Vec<usize> = columns.iter().copied().chain(inner.iter().map(|inner| inner.here)).collect();
        let relation =
            Relation { here: *here, target: &target.collection.name, there: *there, columns: &read };
        let link = Link::new(table, &relation, snapshot);
        let link = link.map_err(|alone| ViewError::Relation(name.clone(), alone))?;
        let inner = Self::all(snapshot, target, caller, inner)?;
        Ok(Self { name: name.clone(), link, target: Arc::clone(target), columns, inner })
    }

    /// What is asked of other collections.
    pub fn needs(&self) -> impl Iterator<Item = &Need> {
        let inner: Box<dyn Iterator<Item = &Need>> = Box::new(self.inner.iter().flat_map(Self::needs));
        self.link.needs().iter().chain(inner)
    }

    /// Whether some may view what it leads to, and others not.
    pub fn asks_caller(&self) -> bool {
        self.target.rules.view != Rule::Everyone || self.inner.iter().any(Self::asks_caller)
    }

    /// What tells it from a relation of which something else is told.
    pub fn key(&self) -> String {
        let inner: Vec<String> = self.inner.iter().map(Self::key).collect();
        format!("{} {:?} {inner:?}", self.name, self.columns)
    }
}

/// Writes a record, and what the relations lead to from there.
pub fn write(
    out: &mut Vec<u8>,
    table: &Table,
    columns: &[usize],
    related: &[Related],
    context: &Context<'_>,
    row: &Image,
) {
    open_object(out, table, columns, row);
    if !related.is_empty() {
        out.extend_from_slice(if columns.is_empty() { b"\"expand\":{" } else { b",\"expand\":{" });
        for (place, related) in related.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            write_string(out, related.name.as_bytes());
            out.push(b':');
            match related.link.follow(context, row) {
                Some(found) => write(out, &related.target, &related.columns, &related.inner, context, found),
                None => out.extend_from_slice(b"null"),
            }
        }
        out.push(b'}');
    }
    out.push(b'}');
}

//! What a subscription is about: the rows of a collection that its caller may see and asks for. Subscriptions that are about the same
//! share one.

use std::sync::Arc;

use annex_openapi::expression::Predicate;
use time::OffsetDateTime;

use super::demand::{Demand, Watch, demands, needs, watches};
use super::related::{self, Related};
use crate::collections::catalogue::{Rule, Snapshot, Table, Trust};
use crate::evaluator::{Context, DatabaseAlone, Image, Mirrors, Need, Program};
use crate::extract::Caller;
use crate::realtime::position::Cursor;
use crate::records::expand::Expand;
use crate::records::projection::Projection;
use crate::records::sql::predicate::{self, Verdict};
use crate::records::wire::text::open_object;

/// Rows of a collection, as one caller sees them.
#[derive(Debug)]
pub struct View {
    /// The collection.
    pub table: Arc<Table>,
    /// Who asks.
    pub caller: Caller,
    /// What the rows must fulfil; without one the caller sees none at all.
    conditions: Option<Vec<Program>>,
    /// The columns that are told.
    columns: Vec<usize>,
    /// The relations that are followed for what is told.
    related: Vec<Related>,
    /// The columns whose change is told: those, and those that relations begin with.
    telling: Vec<usize>,
    /// What the conditions demand of a row by equality: without one of these it is not worth a look.
    pub demands: Vec<Demand>,
    /// Whether another caller may be told something else.
    pub asks_caller: bool,
    /// What is asked of other collections.
    pub needs: Vec<Need>,
    /// The rows of those that matter to the conditions.
    watches: Vec<Watch>,
    /// Tells it from views that are about something else.
    pub key: String,
}

/// Why a subscription cannot be told of changes.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The database alone can decide a condition.
    #[error("the rule `view`: {0}")]
    Rule(DatabaseAlone),
    /// The database alone can decide a condition.
    #[error("the filter: {0}")]
    Filter(DatabaseAlone),
    /// The database alone can decide what a relation leads to.
    #[error("`expand` of `{0}`: {1}")]
    Relation(String, DatabaseAlone),
    /// A relation leads to many records.
    #[error("`expand` of `{relation}` leads to many records")]
    Many {
        /// The relation.
        relation: String,
        /// The collection of those.
        target: String,
    },
    /// It looks into a collection whose changes are not told.
    #[error("it looks into `{0}`, which has realtime off")]
    Unpublished(String),
}

/// What a change is to the one who sees a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// The row was not there before.
    Enter,
    /// The row was there, and is.
    Update,
    /// The row is there no more.
    Leave,
}

impl Passage {
    /// As messages call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enter => "enter",
            Self::Update => "update",
            Self::Leave => "leave",
        }
    }
}

impl View {
    /// What of a collection a caller sees under its view rule and the filter, and the relations that are followed from there.
    ///
    /// # Errors
    /// The database alone can decide the rule, the filter or what a relation leads to.
    pub fn new(
        snapshot: &Snapshot,
        table: &Arc<Table>,
        caller: &Caller,
        filter: Option<(&str, &Predicate)>,
        projection: Projection,
        expands: &[Expand],
    ) -> Result<Self, ViewError> {
        let context = predicate::Context { snapshot, caller, now: OffsetDateTime::UNIX_EPOCH };
        let rule = match context.verdict(&table.rules.view) {
            Verdict::All => Some(None),
            Verdict::Some(rule) => Some(Some(rule)),
            Verdict::Nothing => None,
        };
        let filter_predicate = filter.map(|(_, predicate)| predicate);
        let predicates: Vec<&Predicate> = rule.flatten().into_iter().chain(filter_predicate).collect();
        let related = Related::all(snapshot, table, caller, expands)?;
        // A rule that the caller alone decides leaves no condition, but it may be decided otherwise later.
        let ruled = !caller.is_admin() && matches!(&table.rules.view, Rule::When(rule) if rule.uses_caller());
        let asks_caller = ruled
            || filter_predicate.is_some_and(Predicate::uses_caller)
            // A filter finds those rows of other collections that the caller may view, and so does a relation.
            || !caller.is_admin()
                && (filter_predicate.is_some_and(|filter| !filter.uses().collections.is_empty())
                    || related.iter().any(Related::asks_caller));
        let conditions = match rule {
            None => None,
            Some(rule) => {
                let compile = |predicate, trust| Program::compile_over(predicate, table, snapshot, trust);
                let rule =
                    rule.map(|rule| compile(rule, Trust::Rule)).transpose().map_err(ViewError::Rule)?;
                let filter = filter_predicate.map(|filter| compile(filter, Trust::Filter));
                let filter = filter.transpose().map_err(ViewError::Filter)?;
                Some(rule.into_iter().chain(filter).collect::<Vec<_>>())
            }
        };
        let of_conditions = needs(conditions.iter().flatten().flat_map(Program::needs));
        let needs = needs(of_conditions.iter().chain(related.iter().flat_map(Related::needs)));
        if let Some(need) = needs.iter().find(|need| !need.table.served || !need.table.collection.realtime) {
            return Err(ViewError::Unpublished(need.collection().to_owned()));
        }
        let watches = watches(&predicates, &of_conditions, caller);
        let who = caller.identity().filter(|_| asks_caller);
        let key = format!(
            "{} {:?} {:?} {:?} {:?} {} {:?}",
            table.collection.name,
            rule.map(|rule| rule.is_some()),
            filter.map(|(text, _)| text),
            projection.columns,
            related.iter().map(Related::key).collect::<Vec<_>>(),
            caller.is_admin(),
            who,
        );
        let begins = expands.iter().map(|expand| expand.here);
        Ok(Self {
            telling: projection.columns.iter().copied().chain(begins).collect(),
            demands: demands(&predicates, table, caller),
            table: Arc::clone(table),
            caller: caller.clone(),
            conditions,
            columns: projection.columns,
            related,
            asks_caller,
            needs,
            watches,
            key,
        })
    }

    /// Whether its caller may be told something else with other roles: what `asks_caller` says, and what admins alone see.
    pub fn depends_on_caller(&self) -> bool {
        self.asks_caller
            || !matches!(self.table.rules.view, Rule::Everyone)
            || self.table.collection.fields.iter().any(|field| field.hidden)
    }

    /// Whether rows of the table, whichever version of the collection it is, have the columns that the view knows.
    pub fn fits(&self, table: &Arc<Table>) -> bool {
        Arc::ptr_eq(table, &self.table)
            || table.columns == self.table.columns
                && table.key == self.table.key
                && table.collection.fields == self.table.collection.fields
    }

    /// Whether the row is in the view at that instant.
    fn holds(&self, context: &Context<'_>, row: &Image) -> bool {
        let Some(conditions) = &self.conditions else { return false };
        conditions.iter().all(|condition| condition.holds(context, row, None) == Some(true))
    }

    /// Whether its collection, and those that the conditions look into, are as they were.
    pub fn is_current(&self, snapshot: &Snapshot) -> bool {
        let mut tables = self.needs.iter().map(|need| &need.table).chain([&self.table]);
        tables.all(|table| {
            let now = snapshot.table(&table.collection.name);
            now.is_some_and(|now| Arc::ptr_eq(now, table) || **now == **table)
        })
    }

    /// Whether something is asked of that collection.
    pub fn looks_into(&self, collection: &str) -> bool {
        self.needs.iter().any(|need| need.collection() == collection)
    }

    /// Whether the conditions may be decided otherwise since a row of that collection changed.
    pub fn depends_on(&self, collection: &str, old: Option<&Image>, new: Option<&Image>) -> bool {
        let mut watches = self.watches.iter().filter(|watch| watch.collection == collection);
        watches.any(|watch| watch.matters(old) || watch.matters(new))
    }

    /// What a change is to whoever sees the view.
    pub fn passages<'a>(
        &'a self,
        mirrors: &'a Mirrors,
        old: Option<&Image>,
        new: Option<&Image>,
        at: OffsetDateTime,
    ) -> Passages<'a> {
        let context = Context::new(&self.caller, at).with_mirrors(mirrors);
        let was = old.is_some_and(|old| self.holds(&context, old));
        let is = new.is_some_and(|new| self.holds(&context, new));
        let [first, second] = match (was, is) {
            (false, false) => [None, None],
            (true, false) => [Some(Passage::Leave), None],
            (false, true) => [Some(Passage::Enter), None],
            (true, true) if !self.same(&self.table.key, old, new) => {
                // It goes by another name from here on.
                [Some(Passage::Leave), Some(Passage::Enter)]
            }
            (true, true) if self.same(&self.telling, old, new) => [None, None],
            (true, true) => [Some(Passage::Update), None],
        };
        Passages { view: self, context, list: [first, second] }
    }

    fn same(&self, columns: &[usize], old: Option<&Image>, new: Option<&Image>) -> bool {
        let value =
            |image: Option<&Image>, column| image.and_then(|image| image.get(column)).map(str::to_owned);
        columns.iter().all(|&column| match (old, new) {
            (Some(old), Some(new)) => old.get(column) == new.get(column),
            _ => value(old, column) == value(new, column),
        })
    }

    /// Writes the key of a row.
    pub fn write_key(&self, out: &mut Vec<u8>, row: &Image) {
        open_object(out, &self.table, &self.table.key, row);
        out.push(b'}');
    }
}

/// What a change is to whoever sees a view: mostly one thing or none.
#[derive(Debug)]
pub struct Passages<'a> {
    view: &'a View,
    context: Context<'a>,
    list: [Option<Passage>; 2],
}

impl Passages<'_> {
    /// Whether it is anything.
    pub fn are_any(&self) -> bool {
        self.list[0].is_some()
    }

    /// What it is, in order, each with the row that is told of.
    pub fn each<'r>(
        &self,
        old: Option<&'r Image>,
        new: Option<&'r Image>,
    ) -> impl Iterator<Item = (Passage, &'r Image)> {
        self.list
            .into_iter()
            .flatten()
            .filter_map(move |passage| Some((passage, if passage == Passage::Leave { old? } else { new? })))
    }

    /// Writes the record of a row; of one that leaves, its key alone.
    pub fn write_record(&self, out: &mut Vec<u8>, passage: Passage, row: &Image) {
        match passage {
            Passage::Leave => self.view.write_key(out, row),
            Passage::Enter | Passage::Update => {
                let View { table, columns, related, .. } = self.view;
                related::write(out, table, columns, related, &self.context, row);
            }
        }
    }

    /// Writes what follows the subscription's name in each message, in order, each with its own cursor; `text` is that of the change.
    pub fn write(
        &self,
        cursor: Cursor,
        text: &str,
        old: Option<&Image>,
        new: Option<&Image>,
        mut each: impl FnMut(&str, Vec<u8>),
    ) {
        let first = self.list[1].map(|_| cursor.first_place().to_string());
        for (passage, row) in self.each(old, new) {
            let cursor = first.as_deref().filter(|_| passage == Passage::Leave).unwrap_or(text);
            let mut out = Vec::with_capacity(128 + row.size());
            out.extend_from_slice(b"\"type\":\"");
            out.extend_from_slice(passage.name().as_bytes());
            out.extend_from_slice(b"\",\"cursor\":\"");
            out.extend_from_slice(cursor.as_bytes());
            out.extend_from_slice(b"\",\"record\":");
            self.write_record(&mut out, passage, row);
            out.push(b'}');
            each(cursor, out);
        }
    }
}

//! From messages of the log to changes of collections.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use super::change::{Change, OnTopic, RowChange};
use super::pgoutput::{Datum, Message, Relation, Tuple};
use super::{Committed, Event, FeedError};
use crate::collections::catalogue::{Catalogue, Snapshot, Table};
use crate::evaluator::Image;
use crate::realtime::position::{Lsn, Position};
use crate::realtime::store;

/// How long a transaction that is in the log may take to count.
const VISIBLE: Duration = Duration::from_millis(1);

/// Seconds from 1970-01-01 to 2000-01-01, from where Postgres counts.
const EPOCH: i64 = 946_684_800;

/// Reads one stretch of the log.
#[derive(Debug)]
pub struct Decoder<'a> {
    pool: &'a PgPool,
    catalogue: &'a Catalogue,
    /// The collections, as they were when the log last said that they changed.
    snapshot: Arc<Snapshot>,
    /// Which collections are told of.
    is_told: fn(&Table) -> bool,
    tables: HashMap<u32, Known>,
    transaction: Option<Transaction>,
    reached: Option<Lsn>,
    /// Whether a row changed of which the log does not have what it was.
    missed: bool,
}

/// A table of the log.
#[derive(Debug)]
struct Known {
    relation: Relation,
    /// The collection that it is, where it is one, and for each of its columns the place in the log's rows.
    collection: Option<(Arc<Table>, Vec<Option<usize>>)>,
}

#[derive(Debug)]
struct Transaction {
    commit: Lsn,
    id: u32,
    at: OffsetDateTime,
    changes: u32,
}

impl<'a> Decoder<'a> {
    /// Reads from the beginning of a stretch, and tells of those collections.
    pub fn new(pool: &'a PgPool, catalogue: &'a Catalogue, is_told: fn(&Table) -> bool) -> Self {
        let snapshot = catalogue.snapshot();
        Self {
            pool,
            catalogue,
            snapshot,
            is_told,
            tables: HashMap::new(),
            transaction: None,
            reached: None,
            missed: false,
        }
    }

    /// The collections, as what has been read last is told by them.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// A transaction follows.
    pub fn begin(&mut self, commit: Lsn, id: u32, micros: i64) {
        let nanos = (i128::from(micros) + i128::from(EPOCH) * 1_000_000) * 1000;
        let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        self.transaction = Some(Transaction { commit, id, at, changes: 0 });
    }

    /// All of the transaction has been read.
    pub fn commit(&mut self, end: Lsn) {
        self.transaction = None;
        self.reached = Some(end);
    }

    /// Everything before that has been read.
    pub fn alive(&mut self, end: Lsn) {
        if self.transaction.is_none() && self.reached.is_none_or(|reached| reached < end) {
            self.reached = Some(end);
        }
    }

    /// How far the log has been read since this was asked last, where it was read on.
    pub fn reached(&mut self) -> Option<Lsn> {
        self.reached.take()
    }

    /// Whether a row changed, since this was asked last, of which the log does not have what it was.
    pub fn missed(&mut self) -> bool {
        std::mem::take(&mut self.missed)
    }

    /// Counts what the log has of the transaction, whether it is told or not: whoever reads it counts the same.
    fn count(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            transaction.changes += 1;
        }
    }

    /// An event at the place of what was counted last.
    fn committed(&self, change: Change) -> Option<Event> {
        let transaction = self.transaction.as_ref()?;
        Some(Event::Change(Committed {
            position: Position { commit: transaction.commit, change: transaction.changes },
            transaction: transaction.id,
            at: transaction.at,
            change,
        }))
    }

    /// A message that a transaction left in the log.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn message(&mut self, prefix: &str, content: &Bytes) -> Result<Option<Event>, FeedError> {
        self.count();
        let change = match prefix {
            "annex.schema" => {
                self.refresh().await?;
                Change::Schema
            }
            "annex.identity" => {
                self.wait_until_it_counts().await?;
                Change::Identity(std::str::from_utf8(content).ok().and_then(|id| Uuid::parse_str(id).ok()))
            }
            "annex.broadcast" => match OnTopic::read(content) {
                Some(said) => Change::Broadcast(said),
                None => return Ok(None),
            },
            "annex.presence" => match OnTopic::read(content) {
                Some(one) => Change::Presence(one),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(self.committed(change))
    }

    /// A change of rows, or what a table looks like.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn rows(&mut self, message: Message, events: &mut Vec<Event>) -> Result<(), FeedError> {
        match message {
            Message::Relation(relation) => self.relation(relation, events).await?,
            Message::Insert { relation, new } => {
                self.count();
                events.extend(self.row(relation, None, Some(&new)));
            }
            Message::Update { relation, old, new } => {
                // A place for its leaving, and one for its coming by another key.
                self.count();
                self.count();
                events.extend(match old {
                    Some(old) => self.row(relation, Some(&old), Some(&new)),
                    None => self.unknown(relation),
                });
            }
            Message::Delete { relation, old } => {
                self.count();
                events.extend(match old {
                    Some(old) => self.row(relation, Some(&old), None),
                    None => self.unknown(relation),
                });
            }
            Message::Truncate(relations) => {
                for relation in relations {
                    self.count();
                    let table = self.tables.get(&relation).and_then(|known| known.collection.as_ref());
                    let truncated = table.map(|(table, _)| Change::Truncated(Arc::clone(table)));
                    events.extend(truncated.and_then(|truncated| self.committed(truncated)));
                }
            }
            Message::Other => {}
        }
        Ok(())
    }

    fn row(&self, relation: u32, old: Option<&Tuple>, new: Option<&Tuple>) -> Option<Event> {
        let (table, places) = self.tables.get(&relation)?.collection.as_ref()?;
        let change = RowChange {
            table: Arc::clone(table),
            old: old.map(|old| image(places, old, None)),
            new: new.map(|new| image(places, new, old)),
        };
        self.committed(Change::Row(Arc::new(change)))
    }

    /// A row of which it is not known what it was: somebody took the table's replica identity away.
    fn unknown(&mut self, relation: u32) -> Option<Event> {
        let (table, _) = self.tables.get(&relation)?.collection.as_ref()?;
        self.missed = true;
        tracing::warn!(
            collection = table.collection.name,
            "The log does not have rows as they were; turn realtime off and on again, or set `replica identity full`"
        );
        self.committed(Change::Reshaped(Arc::clone(table)))
    }

    /// A table, as it is from here on.
    async fn relation(&mut self, relation: Relation, events: &mut Vec<Event>) -> Result<(), FeedError> {
        let id = relation.id;
        let before = self.tables.remove(&id);
        if before.as_ref().is_some_and(|before| before.relation == relation) {
            self.tables.extend(before.map(|before| (id, before)));
            return Ok(());
        }
        // The types of its columns may be others than those that are known.
        self.refresh().await?;
        let collection = self.collection(&relation);
        if let Some((table, _)) = &collection
            && (before.is_some() || !fits(table, &relation))
        {
            let table = Arc::clone(table);
            events.extend(self.committed(Change::Reshaped(table)));
        }
        self.tables.insert(id, Known { relation, collection });
        Ok(())
    }

    /// Reads the collections again, as they are behind the transaction.
    async fn refresh(&mut self) -> Result<(), FeedError> {
        self.wait_until_it_counts().await?;
        self.snapshot = self.catalogue.refresh_now(self.pool).await?;
        for (id, mut known) in std::mem::take(&mut self.tables) {
            known.collection = self.collection(&known.relation);
            self.tables.insert(id, known);
        }
        Ok(())
    }

    /// The collection that a table of the log is, where it is one that is told of, and for each of its columns the place in the log's
    /// rows.
    fn collection(&self, relation: &Relation) -> Option<(Arc<Table>, Vec<Option<usize>>)> {
        // By its number: it may have another name by now.
        let mut tables = self.snapshot.tables.values();
        let table = tables.find(|table| table.origin.oid == Some(relation.id))?;
        let place = |name: &str| relation.columns.iter().position(|column| column.name == name);
        let names = table.collection.fields.iter().map(|field| field.name.as_str());
        (table.served && (self.is_told)(table)).then(|| (Arc::clone(table), names.map(place).collect()))
    }

    /// A transaction is in the log a moment before it counts for others.
    async fn wait_until_it_counts(&self) -> Result<(), FeedError> {
        let Some(transaction) = &self.transaction else { return Ok(()) };
        while !store::seen(self.pool).await?.sees(transaction.id) {
            tokio::time::sleep(VISIBLE).await;
        }
        Ok(())
    }
}

/// Whether the table has the columns that the log's rows have.
fn fits(table: &Table, relation: &Relation) -> bool {
    let fields = table.collection.fields.iter().map(|field| &field.name);
    let served = fields.clone().count();
    let unserved = table.unserved.iter().map(|unserved| &unserved.column);
    relation.columns.len() == served + table.unserved.len()
        && fields.chain(unserved).all(|name| relation.columns.iter().any(|column| column.name == *name))
}

/// The row in the order of the collection's columns. What did not change and stands apart is taken from the row before.
fn image(places: &[Option<usize>], tuple: &Tuple, before: Option<&Tuple>) -> Image {
    let values = places.iter().map(|place| {
        let place = (*place)?;
        let datum = match tuple.0.get(place)? {
            Datum::Unchanged => before?.0.get(place)?,
            datum => datum,
        };
        match datum {
            Datum::Text(text) => std::str::from_utf8(text).ok(),
            Datum::Null | Datum::Unchanged => None,
        }
    });
    values.collect()
}

//! The outbox, in which triggers put down what changes where the write-ahead log cannot be read (`annex.changes`).
//!
//! Transactions get their places one after another, each right before it is committed, so they are read in the order of their
//! commits as from the log; and what is read has the form that Postgres's output plugin gives it.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use sqlx::postgres::PgListener;
use sqlx::{Connection, PgConnection, PgPool};
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::FeedError;
use super::pgoutput::{Column, Datum, Malformed, Message, Relation, Tuple};
use super::source::Entry;
use crate::db;
use crate::realtime::position::Lsn;

/// The name in the place of a slot's where the outbox is read.
pub const OUTBOX: &str = "annex_outbox";

/// How many entries are read ahead.
const AHEAD: usize = 1024;

/// How many transactions are read with one statement.
const MOST_AT_ONCE: i64 = 1000;

/// How long nothing is heard before it is looked.
const QUIET: Duration = Duration::from_secs(1);

/// Microseconds from 1970-01-01 to 2000-01-01, from where Postgres counts.
const EPOCH: i128 = 946_684_800_000_000;

/// A reading of the outbox.
#[derive(Debug)]
pub struct Outbox {
    entries: mpsc::Receiver<Result<Entry, FeedError>>,
    _reading: AbortOnDropHandle<()>,
}

impl Outbox {
    /// Reads from there on. The tables of that publication are what the parts of partitioned tables count as.
    pub fn read(pool: &PgPool, publication: &'static str, from: Lsn) -> Self {
        let (sender, entries) = mpsc::channel(AHEAD);
        let reading = Reading {
            pool: pool.clone(),
            publication,
            sender,
            at: from.cast_signed(),
            tables: HashMap::new(),
            is_within: false,
        };
        Self { entries, _reading: AbortOnDropHandle::new(tokio::spawn(reading.run())) }
    }

    /// What is next, as soon as it is there.
    ///
    /// # Errors
    /// The database does not answer, or what is next has been thrown away.
    pub async fn next(&mut self) -> Result<Entry, FeedError> {
        self.entries.recv().await.unwrap_or(Err(FeedError::Closed))
    }
}

/// What is in the outbox: a transaction's change, where there is one.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    trimmed: i64,
    starts: Option<i64>,
    ends: i64,
    transaction: i64,
    at: Option<OffsetDateTime>,
    kind: String,
    relation: Option<i64>,
    shape: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

/// One statement, so that it is of one moment: whoever finds rows thrown away finds that they were.
const READ: &str = r#"
    select t.last_value as trimmed, o.starts, coalesce(o.ends, 0) as ends, coalesce(o.number, 0) as transaction, o.at,
           coalesce(o.kind::text, '') as kind, o.relation::bigint as relation, o.shape, o.before, o.after
      from annex.changes_trimmed t
      left join (
          select c.starts, c.ends, c.at, c.transaction::text::bigint as number, o.*
            from (select * from annex.change_commits where starts >= $1 order by starts limit $2) c
            join annex.changes o on o.transaction = c.transaction
      ) o on true
     order by o.starts, o.id"#;

/// A table, or a part of one.
#[derive(Debug)]
struct Known {
    /// Its columns, as they were written down.
    shape: String,
    /// What it counts as.
    id: u32,
    /// The places of its columns, by their names.
    order: Vec<usize>,
}

#[derive(Debug)]
struct Reading {
    pool: PgPool,
    publication: &'static str,
    sender: mpsc::Sender<Result<Entry, FeedError>>,
    /// Up to where everything has been read.
    at: i64,
    /// The tables that changes were of, by their numbers.
    tables: HashMap<i64, Known>,
    /// Whether a transaction has begun and not ended.
    is_within: bool,
}

/// Why it is not read on.
enum Stop {
    Failed(FeedError),
    /// Nobody wants it.
    Unwanted,
}

impl<E: Into<FeedError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Reading {
    async fn run(mut self) {
        if let Err(Stop::Failed(error)) = self.read_on().await {
            // Where nobody listens any more nobody has to be told.
            let _told = self.sender.send(Err(error)).await;
        }
    }

    async fn read_on(&mut self) -> Result<(), Stop> {
        let mut listener = PgListener::connect_with(&db::listening(&self.pool)).await?;
        listener.eager_reconnect(false);
        listener.listen("annex_changes").await?;
        let options = (*self.pool.connect_options()).clone().options([("statement_timeout", "0")]);
        let mut connection = PgConnection::connect_with(&options).await?;
        loop {
            if self.portion(&mut connection).await? {
                continue;
            }
            self.tell(Entry::Alive(self.at.cast_unsigned())).await?;
            tokio::select! {
                heard = timeout(QUIET, listener.try_recv()) => {
                    if matches!(heard, Ok(Ok(None))) {
                        return Err(FeedError::Closed.into());
                    }
                    heard.unwrap_or(Ok(None))?;
                }
                () = self.sender.closed() => return Err(Stop::Unwanted),
            }
            // One look is enough for all who have said that there is something.
            while listener.next_buffered().is_some() {}
        }
    }

    /// Reads what is there, up to so many transactions; whether there was anything.
    async fn portion(&mut self, connection: &mut PgConnection) -> Result<bool, Stop> {
        let mut rows = sqlx::query_as::<_, Row>(READ).bind(self.at).bind(MOST_AT_ONCE).fetch(connection);
        let mut last = None;
        while let Some(row) = rows.try_next().await? {
            if row.trimmed > self.at {
                return Err(FeedError::Trimmed.into());
            }
            let Some(starts) = row.starts else { break };
            if last.is_none_or(|(before, _)| before != starts) {
                self.end(last).await?;
                last = Some((starts, row.ends));
                self.begin(&row, starts).await?;
            }
            self.entry(row).await?;
        }
        drop(rows);
        self.end(last).await?;
        if let Some((_, ends)) = last {
            self.at = ends;
        }
        Ok(last.is_some())
    }

    async fn begin(&mut self, row: &Row, starts: i64) -> Result<(), Stop> {
        let micros = row.at.map_or(0, |at| at.unix_timestamp_nanos() / 1000 - EPOCH);
        self.is_within = true;
        self.tell(Entry::Begin {
            commit: starts.cast_unsigned(),
            // As in the log: the lower half of the number.
            transaction: row.transaction as u32,
            micros: i64::try_from(micros).unwrap_or_default(),
        })
        .await
    }

    async fn end(&mut self, transaction: Option<(i64, i64)>) -> Result<(), Stop> {
        match transaction {
            Some((_, ends)) if std::mem::take(&mut self.is_within) => {
                self.tell(Entry::Commit(ends.cast_unsigned())).await
            }
            _ => Ok(()),
        }
    }

    async fn entry(&mut self, row: Row) -> Result<(), Stop> {
        let (before, after) = (row.before, row.after);
        if row.kind == "M" {
            let (prefix, content) = (before.unwrap_or_default(), Bytes::from(after.unwrap_or_default()));
            if prefix == "annex.schema" {
                // What is a part of what may be another by now.
                self.tables.clear();
            }
            return self.tell(Entry::Message { prefix, content }).await;
        }
        let (origin, shape) = (row.relation.unwrap_or_default(), row.shape.unwrap_or_default());
        if self.tables.get(&origin).is_none_or(|known| known.shape != shape) {
            self.relation(origin, shape).await?;
        }
        let Some(Known { id, order, .. }) = self.tables.get(&origin) else { return Ok(()) };
        let relation = *id;
        let old = before.map(|text| tuple(&text, order)).transpose()?;
        let new = after.map(|text| tuple(&text, order)).transpose()?;
        let message = match (row.kind.as_str(), old, new) {
            ("I", None, Some(new)) => Message::Insert { relation, new },
            ("U", old @ Some(_), Some(new)) => Message::Update { relation, old, new },
            ("D", old @ Some(_), None) => Message::Delete { relation, old },
            ("T", None, None) => Message::Truncate(vec![relation]),
            _ => return Err(Malformed.into()),
        };
        self.tell(Entry::Rows(message)).await
    }

    /// A table of which there was no change yet, or that has other columns now.
    async fn relation(&mut self, origin: i64, shape: String) -> Result<(), Stop> {
        let named: Vec<(String, u32, i32)> = serde_json::from_str(&shape).map_err(|_| Malformed)?;
        let mut order: Vec<usize> = (0..named.len()).collect();
        // The parts of a table may have its columns in another order.
        order.sort_unstable_by_key(|place| &named[*place].0);
        let columns = order.iter().map(|place| {
            let (name, type_, modifier) = &named[*place];
            Column { name: name.clone(), type_: (*type_, modifier.cast_unsigned()) }
        });
        let columns = columns.collect();
        let id: i64 = sqlx::query_scalar(
            "select coalesce((
                 select a.relid::oid::bigint
                   from pg_partition_ancestors($1::bigint::oid::regclass) with ordinality a (relid, place)
                   join pg_publication_rel r on r.prrelid = a.relid
                   join pg_publication p on p.oid = r.prpubid and p.pubname = $2
                  order by a.place desc limit 1), $1)",
        )
        .bind(origin)
        .bind(self.publication)
        .fetch_one(&self.pool)
        .await?;
        let id = u32::try_from(id).map_err(|_| Malformed)?;
        self.tables.insert(origin, Known { shape, id, order });
        let relation = Relation { id, schema: String::new(), name: String::new(), columns };
        self.tell(Entry::Rows(Message::Relation(relation))).await
    }

    async fn tell(&self, entry: Entry) -> Result<(), Stop> {
        self.sender.send(Ok(entry)).await.map_err(|_| Stop::Unwanted)
    }
}

/// Reads a row's text (PostgreSQL documentation, "Composite Type Input and Output Syntax"); its values come in that order.
fn tuple(text: &str, order: &[usize]) -> Result<Tuple, Malformed> {
    let mut values: Vec<Datum> = Vec::with_capacity(order.len());
    let mut rest = text.strip_prefix('(').ok_or(Malformed)?;
    loop {
        let (value, behind) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (value, behind) = unquote(quoted)?;
                (Datum::Text(value.into()), behind)
            }
            None => {
                let end = rest.find([',', ')']).ok_or(Malformed)?;
                let value = &rest[..end];
                let value = if value.is_empty() { Datum::Null } else { Datum::Text(value.to_owned().into()) };
                (value, &rest[end..])
            }
        };
        values.push(value);
        rest = match behind.strip_prefix(',') {
            Some(next) => next,
            None if behind == ")" => break,
            None => return Err(Malformed),
        };
    }
    if values.len() != order.len().max(1) {
        return Err(Malformed);
    }
    Ok(Tuple(order.iter().map(|place| values[*place].clone()).collect()))
}

/// A value in quotes, and what stands behind it.
fn unquote(text: &str) -> Result<(String, &str), Malformed> {
    let mut value = String::with_capacity(text.len().min(64));
    let mut rest = text;
    loop {
        let end = rest.find(['"', '\\']).ok_or(Malformed)?;
        value.push_str(&rest[..end]);
        let (mark, behind) = rest[end..].split_at(1);
        match (mark, behind.as_bytes().first()) {
            ("\"", Some(b'"')) | ("\\", Some(b'\\' | b'"')) => {
                value.push_str(&behind[..1]);
                rest = &behind[1..];
            }
            ("\"", _) => return Ok((value, behind)),
            _ => return Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, count: usize) -> Option<Vec<Option<String>>> {
        let order: Vec<usize> = (0..count).collect();
        let Tuple(values) = tuple(text, &order).ok()?;
        let text = |value| match value {
            Datum::Text(text) => Some(String::from_utf8(text.into()).expect("UTF-8")),
            _ => None,
        };
        Some(values.into_iter().map(text).collect())
    }

    #[test]
    fn a_row_s_text_is_read_as_postgres_writes_it() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(values("(1,,\"\")", 3), Some(vec![some("1"), None, some("")]));
        let quoted = r#"("a, ""b"" \\ (c)","{""d e"",f}",é)"#;
        assert_eq!(values(quoted, 3), Some(vec![some(r#"a, "b" \ (c)"#), some(r#"{"d e",f}"#), some("é")]));
        assert_eq!(values("(,)", 2), Some(vec![None, None]));
        assert_eq!(values("()", 1), Some(vec![None]));
        assert_eq!(values("()", 0), Some(vec![]));
        for (wrong, count) in
            [("", 1), ("(", 1), ("(1", 1), ("(1,2)", 1), ("(1)x", 1), ("(\"1)", 1), (r#"("\a")"#, 1)]
        {
            assert_eq!(values(wrong, count), None, "{wrong}");
        }
    }

    #[test]
    fn values_come_in_the_order_that_is_asked_for() {
        let read = tuple("(b,a)", &[1, 0]).expect("a row");
        assert_eq!(read.0, ["a", "b"].map(|text| Datum::Text(Bytes::from(text))));
    }
}

//! What an operation of a batch is once it can be sent, and once it is done.

use annex_openapi::jobs::JobCreate;
use serde_json::value::RawValue;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, Row, Statement};
use uuid::Uuid;

use crate::collections::catalogue::Table;
use crate::db::lanes::Place;
use crate::jobs::input::Entry;
use crate::jobs::lease::{PATIENCE, locked, stale};
use crate::jobs::store::COMPLETE;
use crate::problem::{Problem, Result};
use crate::realtime::channels::Said;
use crate::records::operation::{Operation, Outcome};
use crate::records::request::View;
use crate::records::sql::{Bind, Sql};
use crate::records::store::{self, Failure};

/// An operation that can be sent.
pub struct Prepared<'a> {
    /// What it does.
    pub work: Work<'a>,
    /// The JSON of the key of the record that it is about; none for a create.
    pub id: Option<Box<RawValue>>,
    /// The fields to write, where hooks are to be asked about them.
    pub unasked: Option<Vec<(String, Box<RawValue>)>>,
}

/// What an operation does.
pub enum Work<'a> {
    /// It writes a record.
    Write(Operation<'a>),
    /// It enqueues a job.
    Enqueue {
        /// The job.
        job: Box<JobCreate>,
        /// The statement.
        sql: Sql,
    },
    /// It says something.
    Broadcast {
        /// On which topic.
        topic: String,
        /// The statement.
        sql: Sql,
    },
}

/// What an operation did.
pub enum Done {
    /// There is a record, or there is none any more.
    Written {
        /// What became of it.
        outcome: Outcome,
        /// The JSON of its key.
        id: Vec<u8>,
        /// Its row, where there is one.
        row: Option<Row>,
    },
    /// There is a job.
    Enqueued {
        /// Its id.
        id: Uuid,
        /// Whether it is new; otherwise it has the unique key already.
        created: bool,
    },
    /// It was said.
    Said,
}

impl<'a> Work<'a> {
    /// The job is enqueued.
    pub fn enqueue(entry: Entry) -> Self {
        let Entry { job, json } = entry;
        let text = "select id, created from annex.enqueue_jobs(jsonb_build_array($1::text::jsonb))";
        let sql = Sql { text: text.to_owned(), binds: vec![Bind::text(json)], result: Vec::new() };
        Self::Enqueue { job: Box::new(job), sql }
    }

    /// Something is said.
    pub fn broadcast(said: &Said<'_>) -> Self {
        let text = "select annex.emit('annex.broadcast', array[$1::text])::text";
        let sql = Sql { text: text.to_owned(), binds: vec![Bind::text(said.text())], result: Vec::new() };
        Self::Broadcast { topic: said.topic.clone().into_owned(), sql }
    }

    /// The statement; none where the rules deny without looking.
    pub fn statement(&self) -> Option<&Sql> {
        match self {
            Self::Write(operation) => operation.statement.as_deref(),
            Self::Enqueue { sql, .. } | Self::Broadcast { sql, .. } => Some(sql),
        }
    }

    /// Whose record is written, where one is.
    pub fn table(&self) -> Option<&'a Table> {
        match self {
            Self::Write(operation) => Some(operation.table),
            Self::Enqueue { .. } | Self::Broadcast { .. } => None,
        }
    }

    /// What must be read to tell why nothing was written, where that needs anything.
    ///
    /// # Errors
    /// A rule was checked against another schema.
    pub fn second_look(&self, view: View<'_>) -> Result<Option<Sql>, Failure> {
        match self {
            Self::Write(operation) => operation.second_look(view),
            Self::Enqueue { .. } | Self::Broadcast { .. } => Ok(None),
        }
    }

    /// Prepares one of its statements.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn prepare(&self, place: &Place, sql: &Sql) -> Result<Statement, Failure> {
        match self {
            Self::Write(operation) => store::prepare(place, operation.table, sql).await,
            Self::Enqueue { .. } | Self::Broadcast { .. } => {
                place.prepare(&sql.text).await.map_err(|error| self.refused(error))
            }
        }
    }

    /// Why nothing was written, given the rows of the second look.
    pub fn missed(&self, view: View<'_>, seen: &[Row]) -> Failure {
        match self {
            Self::Write(operation) => operation.missed(view, seen).into(),
            Self::Enqueue { .. } => Problem::internal("a job was not enqueued").into(),
            Self::Broadcast { .. } => Problem::internal("nothing was said").into(),
        }
    }

    /// Tells what Postgres said about one of its statements.
    pub fn refused(&self, error: Error) -> Failure {
        match self {
            Self::Write(operation) => operation.refused(store::failure(operation.table, error)),
            Self::Enqueue { .. } | Self::Broadcast { .. } => store::problem(error).into(),
        }
    }
}

impl Prepared<'_> {
    /// What the statement's rows tell; none where it has written nothing.
    ///
    /// # Errors
    /// A value is not in its type's format.
    pub fn done(&self, mut rows: Vec<Row>) -> Result<Option<Done>, Failure> {
        let operation = match &self.work {
            Work::Write(operation) => operation,
            Work::Enqueue { .. } => {
                let row = rows.first().ok_or_else(|| Problem::internal("a job was not enqueued"))?;
                return Ok(Some(Done::Enqueued { id: row.get(0), created: row.get(1) }));
            }
            Work::Broadcast { .. } => return Ok(Some(Done::Said)),
        };
        let Some(outcome) = operation.outcome(&rows)? else { return Ok(None) };
        let row = operation.returning.as_ref().and(rows.pop());
        let mut id = Vec::new();
        match (&operation.returning, &row, &self.id) {
            (Some(returning), Some(row), _) => returning.write_id(&mut id, operation.table, row)?,
            (_, _, Some(given)) => id.extend_from_slice(given.get().as_bytes()),
            _ => id.extend_from_slice(b"null"),
        }
        Ok(Some(Done::Written { outcome, id, row }))
    }
}

/// The end of a job's attempt that is written in the batch's transaction.
pub struct Completion<'a> {
    /// The lease.
    pub lease: i64,
    /// The job's place under it.
    pub position: i32,
    /// The JSON of what came of the job.
    pub result: Option<&'a RawValue>,
}

impl Completion<'_> {
    /// Writes it, as the last that the transaction does: what its job unlocks is seen by others when all the rest is.
    ///
    /// # Errors
    /// `stale_lease` where the job is not held any more, `conflict`.
    pub async fn write(&self, place: &Place) -> Result<(), Failure> {
        let result = self.result.map(|json| json.get().to_owned());
        let patience = format!("{}ms", PATIENCE.as_millis());
        let binds = [
            Bind::text(self.lease.to_string()),
            Bind::text(self.position.to_string()),
            Bind(result),
            Bind::text(patience),
        ];
        let statement = place.prepare(COMPLETE).await.map_err(store::problem)?;
        match store::query(place.client(), &statement, &binds).await {
            Ok(refused) if refused.is_empty() => Ok(()),
            Ok(_) => Err(stale().into()),
            // A lease that was taken away meanwhile is looked for again.
            Err(error) if error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE) => {
                Err(Failure::Overtaken(store::problem(error)))
            }
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Err(locked().into()),
            Err(error) => Err(store::problem(error).into()),
        }
    }
}

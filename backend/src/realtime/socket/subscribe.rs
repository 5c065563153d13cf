//! A subscription, from what the client asks for to what the hub is told.

use std::pin::pin;
use std::sync::Arc;

use actix_web::web::Data;
use annex_openapi::expression::Predicate;
use annex_openapi::realtime::Subscribe;
use futures_util::TryStreamExt;
use tokio_postgres::Row;

use crate::app::App;
use crate::collections::catalogue::{Snapshot, Table};
use crate::db::Lanes;
use crate::db::lanes::Place;
use crate::extract::{Caller, Party};
use crate::problem::{Code, Problem, Result};
use crate::realtime::hub::{self, Command, ConnectionId, Records, Start, View, ViewError};
use crate::realtime::position::Cursor;
use crate::realtime::seen::Seen;
use crate::realtime::store::{POINT, behind_header, lsn};
use crate::records::expand::{self, Expand};
use crate::records::parameters::filter;
use crate::records::projection::Projection;
use crate::records::sql::predicate::Context;
use crate::records::sql::{Sql, select};
use crate::records::store::{self, At, Failure};
use crate::records::wire::encode::{Malformed, write_json};

/// The most records of a snapshot.
const MOST_RECORDS: usize = 10_000;
/// The most bytes of one.
const MOST_BYTES: usize = 8 << 20;
/// How many changes of the schema are followed.
const MOST_REFRESHES: u32 = 3;

/// On whose behalf subscriptions begin.
#[derive(Debug, Clone)]
pub struct Subscriber {
    /// The connection.
    pub connection: ConnectionId,
    /// The application.
    pub app: Data<App>,
    /// The ways to its database.
    pub lanes: Data<Lanes>,
    /// Whose share of those it takes.
    pub party: Party,
    /// Who asks.
    pub caller: Caller,
}

impl Subscriber {
    /// Begins a subscription.
    ///
    /// # Errors
    /// `not_found`, `not_live`, `invalid_expression`, `invalid_parameter`, `invalid_cursor`
    pub async fn subscribe(&self, asked: &Subscribe) -> Result<()> {
        let mut refreshes = 0;
        loop {
            let snapshot = self.app.catalogue.snapshot();
            match self.subscribe_as(&snapshot, asked).await {
                Ok(()) => return Ok(()),
                Err(Failure::Stale(_)) if refreshes < MOST_REFRESHES => {
                    refreshes += 1;
                    self.app.catalogue.refresh_now(&self.app.db.pool).await?;
                }
                Err(Failure::Stale(reason)) => return Err(Problem::internal(reason)),
                Err(Failure::Problem(problem) | Failure::Overtaken(problem)) => return Err(problem),
            }
        }
    }

    async fn subscribe_as(&self, snapshot: &Snapshot, asked: &Subscribe) -> Result<(), Failure> {
        let name = &asked.collection;
        let table =
            snapshot.served(name).ok_or_else(|| Problem::not_found(format_args!("collection `{name}`")))?;
        if !table.collection.realtime {
            let detail = format!("`{name}` has realtime off");
            let hint =
                format!("An admin turns it on: PATCH /v1/collections/{name} with {{\"realtime\": true}}");
            return Err(Problem::new(Code::NotLive, detail).with_hint(hint).into());
        }
        let before = self.app.realtime.ready().await?;
        let predicate = filter(snapshot, table, &self.caller, asked.filter.as_deref())?;
        let context = Context { snapshot, caller: &self.caller, now: self.app.clock.now() };
        let projection = Projection::new(table, &self.caller, asked.fields.as_deref())?;
        let expands = Expand::parse(&context, table, &asked.expand)?;
        let with_filter = asked.filter.as_deref().zip(predicate.as_ref());
        let view = View::new(snapshot, table, &self.caller, with_filter, projection.clone(), &expands);
        let view = view.map_err(|error| not_live(name, &error))?;
        let start = match (&asked.after, asked.snapshot) {
            (Some(_), true) => {
                let detail = "`after` and `snapshot` say two things: where to begin";
                return Err(Problem::new(Code::ValidationFailed, detail).into());
            }
            (Some(after), false) => {
                let cursor = after.parse::<Cursor>().map_err(|_| {
                    Problem::new(Code::InvalidCursor, "`after` is no cursor of the feed")
                        .with_hint("Give back a `cursor` of an event, or subscribe with `snapshot`")
                })?;
                Start::After { cursor, asked: self.app.realtime.end().await? }
            }
            (None, true) => {
                let wanted = Wanted { table, projection, expands: &expands, filter: predicate.as_ref() };
                self.snapshot(&context, wanted, before).await?
            }
            (None, false) => Start::Now(self.app.realtime.end().await?),
        };
        let subscribe = hub::Subscribe {
            connection: self.connection,
            id: asked.id.as_str().into(),
            view: Arc::new(view),
            start,
            begun: false,
        };
        self.app.realtime.tell(Command::Subscribe(Box::new(subscribe)));
        Ok(())
    }

    /// The rows as they are, and which transactions they are of.
    async fn snapshot(
        &self,
        context: &Context<'_>,
        wanted: Wanted<'_>,
        // Whatever the snapshot does not see must be in what is read of the log from there on.
        before: Cursor,
    ) -> Result<Start, Failure> {
        let share = self.lanes.scan_shares.take(self.party).await?;
        let transaction = self.lanes.transactions.transaction().await?;
        let place = transaction.place();
        let client = place.client();
        let answer = async {
            let begin = "begin isolation level repeatable read read only";
            client.batch_execute(begin).await.map_err(store::problem)?;
            // What the snapshot sees was committed before this position; it is asked for when the snapshot has been taken.
            let point = client.query_one(POINT, &[]).await.map_err(store::problem)?;
            let (seen, reached): (&str, &str) = (point.get(0), point.get(1));
            let seen: Seen = seen.parse().map_err(Problem::internal)?;
            let reached = behind_header(lsn(reached).map_err(Problem::from)?);
            let records = wanted.read(context, place).await?;
            Ok::<_, Failure>(Start::Snapshot { records, seen, reached, before })
        };
        let answer = answer.await;
        transaction.rollback().await;
        drop(share);
        // What was read may have been committed and not be on disk.
        self.app.realtime.end().await?;
        answer
    }
}

/// The records of a snapshot.
struct Wanted<'a> {
    table: &'a Table,
    projection: Projection,
    expands: &'a [Expand],
    filter: Option<&'a Predicate>,
}

impl Wanted<'_> {
    /// Reads them, in the transaction that the connection is in.
    async fn read(self, context: &Context<'_>, place: &Place) -> Result<Records, Failure> {
        let Self { table, mut projection, expands, filter } = self;
        let key: Vec<usize> = table.key.iter().map(|column| projection.need(*column)).collect();
        expand::need(&mut projection, expands);
        let mut records = Records::default();
        let statement = select::viewed(context, table, &projection.columns, filter, MOST_RECORDS + 1)?;
        let Some(sql) = statement else { return Ok(records) };
        let rows = read_rows(place, table, &sql).await?;
        let found =
            expand::follow(context, At::Transaction(place), table, &projection, expands, &rows).await?;
        for (place, row) in rows.iter().enumerate() {
            let (mut name, mut record) = (Vec::new(), Vec::new());
            write_columns(&mut name, table, table.key.iter().copied().zip(key.iter().copied()), row)?;
            projection.open_object(&mut record, table, row)?;
            found.close_object(&mut record, place);
            records.put(name, record);
            if records.size() > MOST_BYTES {
                return Err(too_large().into());
            }
        }
        Ok(records)
    }
}

/// Reads rows, as long as they are not too many or too large.
async fn read_rows(place: &Place, table: &Table, sql: &Sql) -> Result<Vec<Row>, Failure> {
    let prepared = store::prepare(place, table, sql).await?;
    let refused = |error| store::failure(table, error);
    let mut stream = pin!(place.client().query_raw(&prepared, &sql.binds).await.map_err(refused)?);
    let (mut rows, mut size) = (Vec::new(), 0);
    while let Some(row) = stream.try_next().await.map_err(refused)? {
        size += row.raw_size_bytes();
        rows.push(row);
        if rows.len() > MOST_RECORDS || size > MOST_BYTES {
            return Err(too_large().into());
        }
    }
    Ok(rows)
}

/// Writes columns, each with its place in the row, as a JSON object.
fn write_columns(
    out: &mut Vec<u8>,
    table: &Table,
    columns: impl Iterator<Item = (usize, usize)>,
    row: &Row,
) -> Result<(), Malformed> {
    out.push(b'{');
    for (number, (column, place)) in columns.enumerate() {
        if number > 0 {
            out.push(b',');
        }
        out.extend_from_slice(table.json_key(column));
        write_json(out, &table.columns[column], store::raw(row, place))?;
    }
    out.push(b'}');
    Ok(())
}

fn too_large() -> Problem {
    let detail = format!(
        "More than {MOST_RECORDS} records, or {} MiB of them, fit the subscription",
        MOST_BYTES >> 20
    );
    Problem::new(Code::PayloadTooLarge, detail).with_hint(
        "Subscribe without `snapshot` first and then list the records page by page, or narrow the filter",
    )
}

fn not_live(collection: &str, error: &ViewError) -> Problem {
    let problem = Problem::new(Code::NotLive, format!("Changes of `{collection}` cannot be told: {error}"));
    match error {
        ViewError::Unpublished(other) if other == "users" => {
            problem.with_hint("Accounts are not followed: say it with `@user`")
        }
        ViewError::Unpublished(other) => problem.with_hint(format!("Turn realtime on for `{other}` too")),
        ViewError::Rule(_) => problem.with_hint("Say the rule `view` with conditions on the row itself"),
        ViewError::Filter(_) => problem.with_hint("Leave that out of the filter"),
        ViewError::Relation(..) => problem.with_hint("Leave it out, and ask for the record that it leads to"),
        ViewError::Many { target, .. } => problem.with_hint(format!("Subscribe to `{target}` with a filter")),
    }
}

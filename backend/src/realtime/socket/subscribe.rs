//! A subscription, from what the client asks for to what the hub is told.

use std::pin::pin;
use std::sync::Arc;

use actix_web::web::Data;
use annex_openapi::realtime::Subscribe;
use futures_util::TryStreamExt;
use tokio_postgres::Row;

use crate::app::App;
use crate::collections::catalogue::{Snapshot, Table};
use crate::db::Lanes;
use crate::extract::{Caller, Party};
use crate::problem::{Code, Problem, Result};
use crate::realtime::hub::{self, Command, ConnectionId, Records, Start, View, ViewError};
use crate::realtime::position::{Cursor, Lsn};
use crate::realtime::seen::Seen;
use crate::realtime::store::{behind_header, flushed, lsn};
use crate::records::parameters::filter;
use crate::records::projection::Projection;
use crate::records::sql::predicate::Context;
use crate::records::sql::select;
use crate::records::store::{self, Failure};
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
        let projection = Projection::new(table, &self.caller, asked.fields.as_deref())?;
        let with_filter = asked.filter.as_deref().zip(predicate.as_ref());
        let view = View::new(snapshot, table, &self.caller, with_filter, projection.clone());
        let view = view.map_err(|error| not_live(name, &error))?;
        let start = match (&asked.after, asked.snapshot) {
            (Some(_), true) => {
                let detail = "`after` and `snapshot` say two things: where to begin";
                return Err(Problem::new(Code::ValidationFailed, detail).into());
            }
            (Some(after), false) => Start::After(after.parse::<Cursor>().map_err(|_| {
                Problem::new(Code::InvalidCursor, "`after` is no cursor of the feed")
                    .with_hint("Give back a `cursor` of an event, or subscribe with `snapshot`")
            })?),
            (None, true) => self.snapshot(snapshot, table, &projection, predicate.as_ref(), before).await?,
            (None, false) => Start::Now(flushed(&self.app.db.pool).await.map_err(Problem::from)?),
        };
        let subscribe = hub::Subscribe {
            connection: self.connection,
            id: asked.id.as_str().into(),
            view: Arc::new(view),
            start,
        };
        self.app.realtime.tell(Command::Subscribe(Box::new(subscribe)));
        Ok(())
    }

    /// The rows as they are, and which transactions they are of.
    async fn snapshot(
        &self,
        snapshot: &Snapshot,
        table: &Table,
        projection: &Projection,
        filter: Option<&annex_openapi::expression::Predicate>,
        // Whatever the snapshot does not see must be in what is read of the log from there on.
        before: Lsn,
    ) -> Result<Start, Failure> {
        let share = self.lanes.scan_shares.take(self.party).await?;
        let transaction = self.lanes.transactions.transaction().await?;
        let place = transaction.place();
        let client = place.client();
        let answer = async {
            let begin = "begin isolation level repeatable read read only";
            client.batch_execute(begin).await.map_err(store::problem)?;
            // What the snapshot sees was committed before this position; it is asked for when the snapshot has been taken.
            let point = "select pg_current_snapshot()::text, pg_current_wal_insert_lsn()::text";
            let point = client.query_one(point, &[]).await.map_err(store::problem)?;
            let (seen, reached): (&str, &str) = (point.get(0), point.get(1));
            let seen: Seen = seen.parse().map_err(Problem::internal)?;
            let reached = behind_header(lsn(reached).map_err(Problem::from)?);
            let context = Context { snapshot, caller: &self.caller, now: self.app.clock.now() };
            let mut records = Records::default();
            let mut projection = projection.clone();
            let key: Vec<usize> = table.key.iter().map(|column| projection.need(*column)).collect();
            let statement = select::viewed(&context, table, &projection.columns, filter, MOST_RECORDS + 1)?;
            if let Some(sql) = statement {
                let prepared = store::prepare(place, table, &sql).await?;
                let refused = |error| store::failure(table, error);
                let mut rows = pin!(client.query_raw(&prepared, &sql.binds).await.map_err(refused)?);
                let mut many = 0;
                while let Some(row) = rows.try_next().await.map_err(refused)? {
                    let row = &row;
                    many += 1;
                    let (mut name, mut record) = (Vec::new(), Vec::new());
                    write_columns(&mut name, table, table.key.iter().copied().zip(key.iter().copied()), row)?;
                    projection.open_object(&mut record, table, row)?;
                    record.push(b'}');
                    records.put(name, record);
                    if many > MOST_RECORDS || records.size() > MOST_BYTES {
                        return Err(too_large().into());
                    }
                }
            }
            Ok::<_, Failure>(Start::Snapshot { records, seen, reached, before })
        };
        let answer = answer.await;
        transaction.rollback().await;
        drop(share);
        answer
    }
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
    }
}

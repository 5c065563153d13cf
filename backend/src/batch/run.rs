//! Runs a batch: one round trip for all that is prepared, and then the next.

use std::collections::HashMap;

use futures_util::future::join_all;
use tokio_postgres::{Error, Statement};

use super::plan::Plan;
use super::work::{Completion, Done};
use crate::db::lanes::Transaction;
use crate::problem::{Code, Problem, Result};
use crate::records::operation::Outcome;
use crate::records::pipeline::send;
use crate::records::sql::Sql;
use crate::records::store::{self, Failure};
use crate::records::write::Written;

/// A batch may take so many times as long as one statement.
const STATEMENTS_LONG: u32 = 3;

/// Does all of it, the end of the job included where there is one, or nothing.
///
/// # Errors
/// See [`Failure`]; a problem tells which operation's it is.
pub async fn run(plan: &mut Plan<'_>, completion: Option<&Completion<'_>>) -> Result<(), Failure> {
    // What is wrong with the first ones is told without beginning a transaction.
    plan.prepare()?;
    plan.admit().await?;
    let lane = &plan.view.request.lanes.transactions;
    let limit = lane.statement_timeout() * STATEMENTS_LONG;
    let transaction = lane.transaction().await?;
    match tokio::time::timeout(limit, run_all(plan, &transaction, completion)).await {
        Ok(Ok(())) => transaction.commit().await.map_err(|error| not_committed(plan, error)),
        Ok(Err(failure)) => {
            if matches!(failure, Failure::Stale(_)) {
                lane.forget();
            }
            transaction.rollback().await;
            Err(failure)
        }
        Err(_) => Err(Problem::new(
            Code::StatementTimeout,
            format!("The batch took longer than {} s; nothing of it was done", limit.as_secs()),
        )
        .with_hint("Send fewer operations at a time")
        .into()),
    }
}

async fn run_all(
    plan: &mut Plan<'_>,
    transaction: &Transaction,
    completion: Option<&Completion<'_>>,
) -> Result<(), Failure> {
    let mut begun = false;
    while plan.done.len() < plan.inputs.len() {
        plan.prepare()?;
        plan.admit().await?;
        let mut room = plan.room;
        let done = run_prepared(plan, transaction, !begun, &mut room).await?;
        plan.done.extend(done);
        plan.room = room;
        begun = true;
    }
    match completion {
        Some(completion) => completion.write(transaction.place()).await,
        None => Ok(()),
    }
}

/// Does what is prepared and not done.
async fn run_prepared(
    plan: &Plan<'_>,
    transaction: &Transaction,
    begin: bool,
    room: &mut usize,
) -> Result<Vec<Done>, Failure> {
    let first = plan.done.len();
    let wave = &plan.prepared[first..];
    // Why a record was not written must be read before a later operation changes it, so it is read always.
    let looks = wave.iter().enumerate().map(|(at, prepared)| {
        let look = prepared.work.second_look(plan.view);
        look.map_err(|failure| plan.failed(first + at, failure))
    });
    let looks: Vec<Option<Sql>> = looks.collect::<Result<_, _>>()?;
    let statements = prepare_statements(plan, transaction, wave.len(), &looks).await?;

    let client = transaction.place().client();
    let begun = send(async {
        if begin {
            transaction.begin().await?;
        }
        Ok(())
    });
    let begun = begun.await;
    let mut sent = Vec::with_capacity(wave.len());
    for (prepared, look) in wave.iter().zip(&looks) {
        let mut queries = [None, None];
        for (query, sql) in queries.iter_mut().zip([prepared.work.statement(), look.as_ref()]) {
            if let Some(sql) = sql {
                *query = Some(send(store::query(client, &statements[sql.text.as_str()], &sql.binds)).await);
            }
        }
        sent.push(queries);
    }

    begun.receive().await.map_err(Problem::database_unavailable)?;
    let mut done = Vec::with_capacity(wave.len());
    for (at, (prepared, [written, seen])) in wave.iter().zip(sent).enumerate() {
        let failed = |failure: Failure| plan.failed(first + at, failure);
        let refused = |error| failed(prepared.work.refused(error));
        let rows = match written {
            Some(written) => written.receive().await.map_err(refused)?,
            None => Vec::new(),
        };
        let Some(did) = prepared.done(rows).map_err(failed)? else {
            let seen = match seen {
                Some(seen) => seen.receive().await.map_err(refused)?,
                None => Vec::new(),
            };
            return Err(failed(prepared.work.missed(plan.view, &seen)));
        };
        if let Done::Written { outcome: Outcome::Written(Written { json: Some(json), .. }), .. } = &did {
            plan.take(room, json.len()).map_err(|problem| failed(problem.into()))?;
        }
        done.push(did);
    }
    Ok(done)
}

/// The statements of what is prepared and not done, by their text; those that are new go out together.
async fn prepare_statements<'p>(
    plan: &'p Plan<'_>,
    transaction: &Transaction,
    count: usize,
    looks: &'p [Option<Sql>],
) -> Result<HashMap<&'p str, Statement>, Failure> {
    let first = plan.prepared.len() - count;
    // By text, with the operation that needs it first.
    let mut needed: HashMap<&str, (usize, &Sql)> = HashMap::new();
    for (at, (prepared, look)) in plan.prepared[first..].iter().zip(looks).enumerate() {
        for sql in [prepared.work.statement(), look.as_ref()].into_iter().flatten() {
            needed.entry(sql.text.as_str()).or_insert((first + at, sql));
        }
    }
    let place = transaction.place();
    let made = needed.into_iter().map(|(text, (index, sql))| async move {
        let statement = plan.prepared[index].work.prepare(place, sql).await;
        Ok((text, statement.map_err(|failure| plan.failed(index, failure))?))
    });
    join_all(made).await.into_iter().collect()
}

/// A constraint that is checked last does not hold; it may be that of any operation on its table.
fn not_committed(plan: &Plan<'_>, error: Error) -> Failure {
    let tables = plan.prepared.iter().filter_map(|prepared| prepared.work.table());
    let named = error.as_db_error().and_then(|said| said.schema().zip(said.table()));
    let named = named.map(|(schema, table)| format!("{schema}.{table}"));
    let table = tables
        .clone()
        .find(|table| Some(&table.collection.table) == named.as_ref())
        .or_else(|| tables.clone().next());
    let Some(table) = table else { return store::problem(error).into() };
    match store::failure(table, error) {
        Failure::Problem(mut problem) => {
            problem.errors.iter_mut().for_each(|error| error.pointer = "/operations".to_owned());
            problem.into()
        }
        stale => stale,
    }
}

//! Batches: many jobs that belong together, and steps that need others.

pub mod add;
pub mod cancel;
pub mod create;
pub mod get;
mod graph;
pub mod list;
pub mod retry;

use annex_openapi::jobs::JobCreate;
use annex_openapi::jobs::batches::{BatchJob, JobBatch};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use self::graph::Graph;
use super::input::{self, Faults};
use super::patience::Failed;
use super::store::{batches, jobs};
use crate::app::App;
use crate::problem::{Problem, Result};

/// The most jobs that come at a time.
const MOST_JOBS: usize = 10_000;

/// The batch of that id.
async fn read(app: &App, id: Uuid) -> Result<JobBatch> {
    batches::get(&app.db.pool, id).await?.ok_or_else(no_such_batch)
}

fn no_such_batch() -> Problem {
    Problem::not_found("such batch")
}

/// Checks the jobs of a batch, and a job that is enqueued when they have ended.
async fn check(app: &App, sent: &[BatchJob], callback: Option<&JobCreate>) -> Result<()> {
    let mut faults = Faults::default();
    if !(1..=MOST_JOBS).contains(&sent.len()) {
        faults.add("/jobs", "out_of_range", format!("`jobs` must have 1 to {MOST_JOBS} entries"));
    }
    for (index, BatchJob { job, step, needs }) in sent.iter().enumerate() {
        let at = format!("/jobs/{index}");
        faults.job(&format!("{at}/job"), job);
        if job.unique_key.is_some() {
            let detail = "a job of a batch has no `unique_key`: it would stand for one outside";
            faults.add(format!("{at}/job/unique_key"), "not_allowed", detail);
        }
        faults.text(&at, "step", step.as_deref(), 100);
        if needs.as_ref().is_some_and(|needs| needs.len() > 1000) {
            faults.add(format!("{at}/needs"), "out_of_range", "`needs` must have at most 1000 entries");
        }
        if needs.iter().flatten().any(|need| need.contains('\0')) {
            faults.add(format!("{at}/needs"), "invalid", "`needs` has a NUL character in it");
        }
    }
    if let Some(callback) = callback {
        faults.job("/callback", callback);
    }
    faults.check()?;
    let mut faults = Faults::default();
    let placed: Vec<(String, &JobCreate)> =
        sent.iter().enumerate().map(|(index, sent)| (format!("/jobs/{index}/job"), &sent.job)).collect();
    app.jobs.schemas.check(&app.db.pool, &placed, &mut faults).await?;
    faults.check()
}

/// Enqueues the jobs of a batch that is held in this transaction, and notes which need which.
async fn enqueue(
    connection: &mut PgConnection,
    batch: Uuid,
    sent: &[BatchJob],
    graph: &Graph<'_>,
    created_by: Uuid,
) -> Result<(), Failed> {
    let mut entries = Vec::with_capacity(sent.len());
    for (index, BatchJob { job, step, .. }) in sent.iter().enumerate() {
        let mut entry = input::entry(job, Some(created_by))?;
        entry.insert("batch_id".to_owned(), batch.to_string().into());
        entry.insert("step".to_owned(), step.clone().into());
        entry.insert("needs".to_owned(), graph.open(index).into());
        entries.push(Value::Object(entry));
    }
    let ids = jobs::enqueue(&mut *connection, &Value::Array(entries)).await?;
    let ids: Vec<Uuid> = ids.into_iter().map(|(id, _)| id).collect();
    let (needed, needing): (Vec<Uuid>, Vec<Uuid>) = graph.pairs(&ids).into_iter().unzip();
    if !needed.is_empty() {
        batches::depend(connection, &needed, &needing).await?;
    }
    Ok(())
}

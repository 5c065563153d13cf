//! Imports and exports in the background: asked for with `Prefer: respond-async`, done by jobs in the name of whoever asked, and seen
//! by them and by admins.

pub mod export;
mod export_job;
pub mod import;
mod import_job;
mod teller;

use actix_web::HttpResponse;
use actix_web::guard::GuardContext;
use actix_web::http::header::{HeaderName, LOCATION};
use annex_openapi::jobs::JobCreate;
use serde_json::{Map, Value};
use uuid::Uuid;

use self::export_job::RecordsExport;
use self::import_job::RecordsImport;
use crate::app::App;
use crate::extract::{Caller, Identity, Prefer};
use crate::jobs::on_behalf::OnBehalf;
use crate::jobs::store::{files, jobs};
use crate::jobs::{Job, JobError, Registry, input};
use crate::problem::{Code, Problem, RateLimit, Result};
use crate::records::Failure;

/// Adds the kinds of jobs that import and export.
pub fn add_to(registry: &mut Registry) {
    registry.add_built_in::<RecordsExport>();
    registry.add_built_in::<RecordsImport>();
}

/// Where the jobs of accounts wait, by account.
const QUEUE: &str = "transfers";
/// How many of one account may.
const WAITING: RateLimit = RateLimit { name: "transfers", quota: 20, window: None };

/// Whether a request for records is to be done in the background. Who is not signed in could not look at the job, and is answered at once.
pub fn is_wanted(context: &GuardContext<'_>) -> bool {
    Prefer::of(context.head().headers()).in_background
        && context.req_data().get::<Caller>().is_some_and(|caller| caller.identity().is_some())
}

/// What `annex.enqueue_jobs` takes for a job of that id in the account's name.
fn entries<T: Job>(id: Uuid, identity: &Identity, mut args: Map<String, Value>) -> Result<Value> {
    OnBehalf::write(identity, &mut args)?;
    let job = JobCreate {
        kind: T::KIND.to_owned(),
        args: Some(args),
        queue: Some(QUEUE.to_owned()),
        key: Some(identity.user_id.to_string()),
        ..JobCreate::default()
    };
    let mut entry = input::entry(&job, Some(identity.user_id))?;
    entry.insert("id".to_owned(), id.to_string().into());
    Ok(Value::from(vec![entry]))
}

/// Refuses an account that has many waiting.
async fn check_waiting(app: &App, identity: &Identity) -> Result<()> {
    let waiting = files::waiting(&app.db.pool, QUEUE, &identity.user_id.to_string()).await?;
    if waiting < WAITING.quota.into() { Ok(()) } else { Err(Problem::too_many(WAITING, 10)) }
}

/// The answer to a request that is done in the background.
async fn accepted(app: &App, id: Uuid) -> Result<HttpResponse> {
    let job = jobs::get(&app.db.pool, id).await?;
    let job = job.ok_or_else(|| Problem::internal("a job that was enqueued is not there"))?;
    Ok(HttpResponse::Accepted()
        .insert_header((LOCATION, format!("/v1/jobs/{id}")))
        .insert_header((HeaderName::from_static("preference-applied"), "respond-async"))
        .json(job))
}

/// What a job is told that met a failure.
fn told(failure: Failure) -> JobError {
    match failure {
        Failure::Problem(problem) => problem.into(),
        Failure::Overtaken(problem) => JobError::retry(problem.detail).code(problem.code.as_str()),
        Failure::Stale(reason) => {
            tracing::debug!(reason, "the schema changed under a job");
            JobError::retry("The collection changed meanwhile").code(Code::Conflict.as_str())
        }
    }
}

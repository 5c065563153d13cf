//! Imports and exports in the background: asked for with `Prefer: respond-async`, done by jobs in the name of whoever asked, and seen
//! by them and by admins.

pub mod export;
pub mod file;
pub mod import;
mod keeping;
mod link;
mod part;

use actix_web::HttpResponse;
use actix_web::guard::GuardContext;
use actix_web::http::header::{HeaderName, LOCATION};
use annex_openapi::jobs::{Job, JobCreate};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::input;
use super::job::{Context, JobError};
use super::store::{files, jobs};
use crate::app::App;
use crate::extract::{Caller, Identity, Prefer};
use crate::problem::{Code, Problem, RateLimit, Result};
use crate::records::Failure;

pub use self::keeping::Keeping;
pub use self::link::{LinkKey, add_link};

/// The kind of jobs that export.
pub const EXPORT: &str = "records.export";
/// The kind of jobs that import.
pub const IMPORT: &str = "records.import";

/// Where the jobs of accounts wait, by account.
const QUEUE: &str = "transfers";
/// How many of one account may.
const WAITING: RateLimit = RateLimit { name: "transfers", quota: 20, window: None };

/// Whether a request for records is to be done in the background. Who is not signed in could not look at the job, and is answered at once.
pub fn is_wanted(context: &GuardContext<'_>) -> bool {
    Prefer::of(context.head().headers()).in_background
        && context.req_data().get::<Caller>().is_some_and(|caller| caller.identity().is_some())
}

/// In whose name a job is done: the server says so in the arguments, and no schema lets anybody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnBehalf {
    /// The account.
    user: Uuid,
    /// The admin who acts as the account.
    impersonator: Option<Uuid>,
}

impl OnBehalf {
    /// The member of the arguments.
    pub const MEMBER: &'static str = "caller";

    fn of(identity: &Identity) -> Self {
        Self { user: identity.user_id, impersonator: identity.impersonator }
    }

    /// In whose name an import or export is done that an account asked for.
    fn of_job(job: &Job) -> Option<Self> {
        let is_transfer = job.kind == EXPORT || job.kind == IMPORT;
        let member = job.args.as_ref().filter(|_| is_transfer)?.get(Self::MEMBER)?;
        serde_json::from_value(member.clone()).ok()
    }

    /// The account whose file it is.
    pub fn owner(this: Option<Self>) -> Option<Uuid> {
        this.map(|this| this.user)
    }

    /// Whoever that is now, with the rights of now. What was enqueued by hand is done as the admin who did, and what no account asked for,
    /// a schedule or a program on the database, by the server.
    ///
    /// # Errors
    /// The account may not do anything any more, or is no admin.
    pub async fn caller(this: Option<Self>, context: &Context) -> Result<Caller, JobError> {
        let gone =
            || JobError::permanent("account_gone", "The account that asked for it is disabled or deleted");
        let app = context.app();
        if let Some(Self { user, impersonator }) = this {
            return app.auth.on_behalf_of(user, impersonator).await?.ok_or_else(gone);
        }
        let origin = jobs::origin(&app.db.pool, context.job_id()).await?.unwrap_or_default();
        let Some(user) = origin.created_by.filter(|_| origin.schedule.is_none()) else {
            return Ok(Caller::server());
        };
        let caller = app.auth.on_behalf_of(user, None).await?.ok_or_else(gone)?;
        if caller.is_admin() {
            return Ok(caller);
        }
        Err(JobError::permanent(Code::Forbidden.as_str(), "The account that enqueued it is no admin"))
    }
}

/// Whether a job may be seen: all by admins, and an import or export by whoever asked for it.
pub fn may_see(identity: &Identity, job: &Job) -> bool {
    identity.is_admin() || OnBehalf::of_job(job).is_some_and(|on_behalf| on_behalf.user == identity.user_id)
}

/// What `annex.enqueue_jobs` takes for a job of that id in the account's name.
fn entries(id: Uuid, kind: &str, identity: &Identity, mut args: Map<String, Value>) -> Result<Value> {
    let on_behalf = serde_json::to_value(OnBehalf::of(identity)).map_err(Problem::internal)?;
    args.insert(OnBehalf::MEMBER.to_owned(), on_behalf);
    let job = JobCreate {
        kind: kind.to_owned(),
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

/// Deletes the files whose time is over.
///
/// # Errors
/// The database does not answer.
pub async fn sweep(app: &App) -> sqlx::Result<()> {
    let swept = files::sweep(&app.db.pool, app.clock.now()).await?;
    if swept > 0 {
        tracing::debug!(swept, "files of jobs have gone");
    }
    Ok(())
}

/// What a job is told that met a failure.
pub fn told(failure: Failure) -> JobError {
    match failure {
        Failure::Problem(problem) => problem.into(),
        Failure::Overtaken(problem) => JobError::retry(problem.detail).code(problem.code.as_str()),
        Failure::Stale(reason) => {
            tracing::debug!(reason, "the schema changed under a job");
            JobError::retry("The collection changed meanwhile").code(Code::Conflict.as_str())
        }
    }
}

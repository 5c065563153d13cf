//! In whose name a job is done that an account asked for.

use annex_openapi::jobs::Job;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::job::{Context, JobError};
use super::store::jobs;
use crate::app::App;
use crate::extract::{Caller, Identity};
use crate::problem::{Code, Problem, Result};

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

    /// Says in the arguments of a job that it is done in the name of that account.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn write(identity: &Identity, args: &mut Map<String, Value>) -> Result<()> {
        let on_behalf = Self { user: identity.user_id, impersonator: identity.impersonator };
        let on_behalf = serde_json::to_value(on_behalf).map_err(Problem::internal)?;
        args.insert(Self::MEMBER.to_owned(), on_behalf);
        Ok(())
    }

    /// In whose name a job is done, where it is of a kind that accounts ask for.
    fn of_job(app: &App, job: &Job) -> Option<Self> {
        let args = job.args.as_ref().filter(|_| app.jobs.registry.is_on_behalf(&job.kind))?;
        serde_json::from_value(args.get(Self::MEMBER)?.clone()).ok()
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

/// Whether a job may be seen: all by admins, and one that an account asked for by that account.
pub fn may_see(app: &App, identity: &Identity, job: &Job) -> bool {
    identity.is_admin()
        || OnBehalf::of_job(app, job).is_some_and(|on_behalf| on_behalf.user == identity.user_id)
}

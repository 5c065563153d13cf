//! What is done to all jobs that a filter means, in portions: by the request itself where that does not take long, and else by a job
//! that goes on where it stopped.

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use annex_openapi::jobs::{JobCount, JobCreate, JobFilter, JobState};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::job::{Completed, Context, Job, JobError};
use super::on_behalf::OnBehalf;
use super::patience::{Patience, patiently};
use super::store::{self, jobs};
use super::{filter, input};
use crate::app::App;
use crate::extract::Identity;
use crate::problem::{Problem, Result};

/// How many jobs one transaction changes.
const PORTION: i64 = 1000;
/// How long the request itself works.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where the jobs wait that go on: apart from those that they are about.
const QUEUE: &str = "bulk";
/// How often it is told how far it is.
const PERIOD: Duration = Duration::from_secs(1);

/// What is done.
pub trait Action: Send + 'static {
    /// The kind of the jobs that go on.
    const KIND: &'static str;
    /// What they do.
    const DESCRIPTION: &'static str;
    /// In which states jobs are that it can be done to.
    const STATES: &'static [JobState];

    /// Does it. How many jobs that were.
    fn act(pool: &PgPool, ids: &[Uuid]) -> impl Future<Output = sqlx::Result<i64>> + Send;
}

/// What is done to which jobs, and how far that is; also as the arguments of a job that goes on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bulk<A> {
    #[serde(default)]
    filter: JobFilter,
    /// The job of the last portion that comes last.
    #[serde(default)]
    after: Option<Uuid>,
    #[serde(default)]
    count: u64,
    #[serde(skip)]
    action: PhantomData<fn() -> A>,
}

impl<A: Action> Bulk<A> {
    /// Does it to all, however long that takes.
    ///
    /// # Errors
    /// The database's problems.
    pub async fn all(app: &App, filter: JobFilter) -> Result<()> {
        let mut bulk = Self { filter, after: None, count: 0, action: PhantomData };
        while bulk.portion(app, None).await? {}
        Ok(())
    }

    /// Does it, and answers for how many jobs, or with the job that goes on.
    ///
    /// # Errors
    /// `validation_failed`; the database's problems.
    pub async fn answer(app: &App, identity: &Identity, filter: JobFilter) -> Result<HttpResponse> {
        filter::check(&filter)?;
        let mut bulk = Self { filter, after: None, count: 0, action: PhantomData };
        let began = Instant::now();
        while bulk.portion(app, None).await? {
            if began.elapsed() >= PATIENCE {
                return bulk.go_on(app, identity).await;
            }
        }
        Ok(HttpResponse::Ok().json(JobCount { count: bulk.count }))
    }

    async fn go_on(self, app: &App, identity: &Identity) -> Result<HttpResponse> {
        let Value::Object(args) = serde_json::to_value(&self).map_err(Problem::internal)? else {
            return Err(Problem::internal("arguments are no object"));
        };
        let (kind, queue) = (A::KIND.to_owned(), Some(QUEUE.to_owned()));
        let job = JobCreate { kind, args: Some(args), queue, ..JobCreate::default() };
        let entries = Value::from(vec![input::entry(&job, Some(identity.user_id))?]);
        let enqueued = patiently(async || jobs::enqueue(&app.db.pool, &entries).await).await?;
        let id = enqueued.first().map(|(id, _)| *id);
        let id = id.ok_or_else(|| Problem::internal("a job was not enqueued"))?;
        let job = jobs::get(&app.db.pool, id).await?;
        let job = job.ok_or_else(|| Problem::internal("a job that was enqueued is not there"))?;
        Ok(HttpResponse::Accepted().insert_header((LOCATION, format!("/v1/jobs/{id}"))).json(job))
    }

    /// Does it to the next jobs, but not to that one. Whether there may be more.
    async fn portion(&mut self, app: &App, but: Option<Uuid>) -> Result<bool> {
        let wanted = self.filter.state;
        let states: Vec<JobState> =
            A::STATES.iter().copied().filter(|one| wanted.is_none_or(|state| state == *one)).collect();
        if states.is_empty() {
            return Ok(false);
        }
        let (pool, mut patience) = (&app.db.pool, Patience::default());
        let mut ids = loop {
            match self.find(pool, &states).await {
                Ok(ids) => break ids,
                Err(error) => patience.lost(error.into()).await?,
            }
        };
        let is_last = (ids.len() as i64) < PORTION;
        let Some(last) = ids.last().copied() else { return Ok(false) };
        ids.retain(|id| Some(*id) != but);
        let count = loop {
            match A::act(pool, &ids).await {
                Ok(count) => break count,
                Err(error) => patience.lost(error.into()).await?,
            }
        };
        self.count += count.unsigned_abs();
        self.after = Some(last);
        Ok(!is_last)
    }

    /// The next jobs, the newest first.
    async fn find(&self, pool: &PgPool, states: &[JobState]) -> sqlx::Result<Vec<Uuid>> {
        // One that moves on from place to place while they are looked through is passed over by none.
        let mut transaction = pool.begin_with("begin isolation level repeatable read read only").await?;
        jobs::take_time(&mut transaction).await?;
        let ids = store::matching(&mut transaction, &self.filter, Some(states), self.after, PORTION).await?;
        transaction.rollback().await?;
        Ok(ids)
    }
}

impl<A: Action> Job for Bulk<A> {
    const KIND: &'static str = A::KIND;
    const DESCRIPTION: &'static str = A::DESCRIPTION;

    fn schema() -> Option<Value> {
        let text = json!({"type": "string", "maxLength": 200});
        let moment = json!({"type": "string", "format": "date-time"});
        Some(json!({
            "type": "object",
            "properties": {"filter": {
                "type": "object",
                "description": "Which jobs; without it, all",
                "properties": {
                    "ids": {"type": "array", "maxItems": 1000, "items": {"type": "string", "format": "uuid"}},
                    "state": {"enum": A::STATES.iter().map(|state| state.as_str()).collect::<Vec<_>>()},
                    "kind": text, "queue": text, "tag": text, "schedule": text,
                    "batch": {"type": "string", "format": "uuid"},
                    "args": {"type": "object", "description": "Members that the arguments must have"},
                    "since": moment, "until": moment,
                },
                "additionalProperties": false,
            }},
            "additionalProperties": false,
        }))
    }

    async fn run(mut self, context: Context) -> Result<Completed, JobError> {
        // Who may not do it any more does not.
        OnBehalf::caller(None, &context).await?;
        filter::check(&self.filter)?;
        let mut told = Instant::now();
        while self.portion(context.app(), Some(context.job_id())).await? {
            if told.elapsed() >= PERIOD {
                told = Instant::now();
                context.progress(None, &format!("{} jobs so far", self.count)).await?;
            }
        }
        Ok(json!({"count": self.count}).into())
    }
}

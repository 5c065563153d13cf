//! What a handler of jobs is, and what it works with.

use std::time::Duration;

use actix_web::web::Data;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use sqlx::{Postgres, Transaction};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::store::{self, Finish, Outcome};
use crate::app::App;
use crate::problem::{Code, Problem};

/// A kind of job that this program runs; the value is the arguments.
///
/// It runs at least once: a server may die after the work is done and before that is known. What it writes by
/// [`Context::complete`] is written exactly once.
pub trait Job: DeserializeOwned + Send + 'static {
    /// The kind's name, such as `email.send`: lower-case words with dots between.
    const KIND: &'static str;

    /// A sentence for people.
    const DESCRIPTION: &'static str = "";

    /// Whether accounts ask for such jobs: whom [`OnBehalf`](super::on_behalf::OnBehalf) names in the arguments sees the job.
    const ON_BEHALF: bool = false;

    /// JSON Schema (2020-12) of the arguments, which are checked against it when a job is enqueued through the API.
    fn schema() -> Option<Value> {
        None
    }

    /// Does the work of one attempt. It is dropped at its next `await` where the job is cancelled, takes longer than its timeout, or where
    /// this server is thought dead.
    ///
    /// # Errors
    /// Whether another attempt may help, and why this one did not.
    fn run(self, context: Context) -> impl Future<Output = Result<Completed, JobError>> + Send;
}

/// The end of an attempt that went well.
#[derive(Debug)]
pub struct Completed(pub(super) End);

#[derive(Debug)]
pub(super) enum End {
    /// It is yet to be written.
    Result(Option<Value>),
    /// It was written with what the handler wrote.
    Committed,
}

impl From<()> for Completed {
    fn from((): ()) -> Self {
        Self(End::Result(None))
    }
}

impl From<Value> for Completed {
    fn from(result: Value) -> Self {
        Self(End::Result(Some(result)))
    }
}

/// Why an attempt failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct JobError {
    code: Option<&'static str>,
    message: String,
    /// On the heap: an error stays small.
    details: Option<Box<Value>>,
    retry: bool,
    delay: Option<Duration>,
}

impl JobError {
    /// Another attempt may help.
    pub fn retry(message: impl Into<String>) -> Self {
        Self { code: None, message: message.into(), details: None, retry: true, delay: None }
    }

    /// No other attempt will help.
    pub fn permanent(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Some(code), message: message.into(), details: None, retry: false, delay: None }
    }

    /// With a code for programs.
    pub fn code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    /// With more for whoever looks into it.
    pub fn details(self, details: Value) -> Self {
        Self { details: Some(Box::new(details)), ..self }
    }

    /// The next attempt is not before that.
    pub fn after(self, delay: Duration) -> Self {
        Self { delay: Some(delay), ..self }
    }

    /// Whether the attempt was another worker's when its end was to be written.
    pub(super) fn is_stale(&self) -> bool {
        self.code == Some(STALE)
    }

    pub(super) fn into_outcome(self) -> Outcome {
        let mut error = json!({"message": self.message});
        if let Some(code) = self.code {
            error["code"] = code.into();
        }
        if let Some(details) = self.details {
            error["details"] = *details;
        }
        Outcome::Failed { error, retry: self.retry, delay: self.delay.map(|delay| delay.as_secs_f64()) }
    }
}

impl From<sqlx::Error> for JobError {
    fn from(error: sqlx::Error) -> Self {
        // The text may have SQL in it, and the error of a job is seen by whoever may see the job.
        tracing::warn!(%error, "a statement of a job failed");
        Self::retry("The database did not do what the job asked for").code("database")
    }
}

/// What a client would be told. No other attempt helps where the request itself is at fault.
impl From<Problem> for JobError {
    fn from(problem: Problem) -> Self {
        if problem.cause.is_some() {
            tracing::warn!(%problem, "a job met a problem");
        }
        let passes = problem.code.status().is_server_error()
            || problem.retry_after.is_some()
            || problem.code == Code::RequestTimeout;
        let mut details = Map::new();
        if !problem.errors.is_empty() {
            details.insert("errors".to_owned(), json!(problem.errors));
        }
        if let Some(hint) = problem.hint {
            details.insert("hint".to_owned(), hint.into());
        }
        let details = (!details.is_empty()).then(|| Box::new(Value::Object(details)));
        let (code, message) = (Some(problem.code.as_str()), problem.detail);
        Self { code, message, details, retry: passes, delay: None }
    }
}

/// How much a line of a job's log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For whoever develops the job.
    Debug,
    /// What happened.
    Info,
    /// What should not happen.
    Warn,
    /// What went wrong.
    Error,
}

impl Level {
    /// As it is kept.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// One attempt of a job, for its handler.
#[derive(Debug, Clone)]
pub struct Context {
    pub(super) app: Data<App>,
    pub(super) job: Uuid,
    pub(super) attempt: i16,
    pub(super) lease: i64,
    pub(super) position: i32,
    pub(super) stopped: CancellationToken,
}

impl Context {
    /// The application that runs the job.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The job.
    pub fn job_id(&self) -> Uuid {
        self.job
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> i16 {
        self.attempt
    }

    /// Ends when the attempt is to stop; a handler that awaits need not ask, it is dropped.
    pub fn stopped(&self) -> &CancellationToken {
        &self.stopped
    }

    /// Says how far the job is: from 0 to 1, where that is known, and in words.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn progress(&self, progress: impl Into<Option<f64>>, message: &str) -> Result<(), JobError> {
        let progress = progress.into().map(|progress| progress.clamp(0.0, 1.0));
        Ok(store::set_progress(&self.app.db.pool, self.job, self.attempt, progress, Some(message)).await?)
    }

    /// Appends a line to the job's log.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn log(&self, level: Level, message: &str) -> Result<(), JobError> {
        let line = [(level.as_str(), message)];
        Ok(store::append_log(&self.app.db.pool, self.job, self.attempt, &line).await?)
    }

    /// Begins a transaction, for [`Context::complete`].
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn begin(&self) -> Result<Transaction<'static, Postgres>, JobError> {
        Ok(crate::db::begin(&self.app.db.pool).await?)
    }

    /// The same in a transaction on a connection of the handler's own, which the handler commits: with its error it must not.
    ///
    /// # Errors
    /// As for [`Context::complete`].
    pub(crate) async fn complete_on(&self, client: &Client, result: &Value) -> Result<(), JobError> {
        let (lease, position) = (self.lease.to_string(), self.position.to_string());
        let refused = client.query(store::COMPLETE, &[&lease, &position, &result.to_string(), &"0"]).await;
        let refused = refused.map_err(|error| {
            tracing::warn!(%error, "the end of a job could not be written");
            JobError::retry("The end of the job could not be written").code("database")
        })?;
        if refused.is_empty() { Ok(()) } else { Err(stale()) }
    }

    /// Ends the attempt in the transaction that has what the handler wrote, and commits it: all of it is there once, or, where this
    /// attempt was given to another worker meanwhile, none of it.
    ///
    /// # Errors
    /// The attempt is not this worker's any more, or the database does not answer.
    pub async fn complete(
        &self,
        mut transaction: Transaction<'static, Postgres>,
        result: Option<Value>,
    ) -> Result<Completed, JobError> {
        let finish =
            Finish { lease: self.lease, position: self.position, outcome: Outcome::Succeeded(result) };
        if !store::finish(&mut *transaction, &[finish]).await?.is_empty() {
            return Err(stale());
        }
        transaction.commit().await?;
        Ok(Completed(End::Committed))
    }
}

/// The code of an attempt that is another worker's.
const STALE: &str = "stale_lease";

fn stale() -> JobError {
    JobError::permanent(STALE, "The attempt was given to another worker")
}

impl Completed {
    /// Its end was written with what the handler wrote.
    pub(crate) fn committed() -> Self {
        Self(End::Committed)
    }
}

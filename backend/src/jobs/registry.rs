//! The kinds of jobs that this program runs.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;

use serde_json::Value;
use serde_json::value::RawValue;
use sqlx::PgPool;
use sqlx::types::Json;

use super::job::{Completed, Context, Job, JobError};

pub(super) type Attempt = Pin<Box<dyn Future<Output = Result<Completed, JobError>> + Send>>;

/// Begins an attempt with these arguments.
type Begin = fn(&RawValue, Context) -> Result<Attempt, JobError>;

/// The argument in which a callback is told of its batch.
const BATCH: &str = "batch";

/// Who runs the kinds that every server has, as `annex.jobs` names them.
const ANNEX: &str = "@annex";
/// Who runs the kinds that no server has: workers over HTTP.
pub(super) const WORKERS: &str = "@workers";

struct Kind {
    begin: Begin,
    schema: Option<Value>,
    /// Whether it has no place for what a callback is told of its batch.
    is_closed: bool,
    description: &'static str,
    is_on_behalf: bool,
    runner: &'static str,
}

/// The kinds of jobs that this program runs, by name.
#[derive(Default)]
pub struct Registry(BTreeMap<&'static str, Kind>);

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Registry {
    /// Adds a kind of this program; one of the same name is replaced. Servers of other programs leave its jobs alone.
    pub fn add<T: Job>(&mut self) {
        self.add_run_by::<T>(T::KIND);
    }

    /// Adds a kind that every server has.
    pub(crate) fn add_built_in<T: Job>(&mut self) {
        self.add_run_by::<T>(ANNEX);
    }

    fn add_run_by<T: Job>(&mut self, runner: &'static str) {
        let begin: Begin = |args, context| {
            let job: T = serde_json::from_str(args.get()).map_err(|error| {
                JobError::permanent(
                    "invalid_arguments",
                    format!("The arguments are not those of `{}`: {error}", T::KIND),
                )
            })?;
            Ok(Box::pin(job.run(context)))
        };
        let (schema, description, is_on_behalf) = (T::schema(), T::DESCRIPTION, T::ON_BEHALF);
        let is_closed = schema.as_ref().is_some_and(|schema| {
            schema["additionalProperties"] == false && schema["properties"].get(BATCH).is_none()
        });
        self.0.insert(T::KIND, Kind { begin, schema, is_closed, description, is_on_behalf, runner });
    }

    /// As whom this program claims: it has all that they run.
    pub fn runners(&self) -> Vec<String> {
        let own = self.0.values().map(|kind| kind.runner).filter(|runner| *runner != ANNEX);
        std::iter::once(ANNEX).chain(own).map(str::to_owned).collect()
    }

    /// Whether accounts ask for jobs of that kind; see [`Job::ON_BEHALF`].
    pub fn is_on_behalf(&self, kind: &str) -> bool {
        self.0.get(kind).is_some_and(|kind| kind.is_on_behalf)
    }

    /// Begins an attempt; `None` where this program does not run the kind.
    pub(super) fn begin(
        &self,
        kind: &str,
        args: &RawValue,
        context: Context,
    ) -> Option<Result<Attempt, JobError>> {
        let kind = self.0.get(kind)?;
        let own = if kind.is_closed { without_batch(args) } else { None };
        Some((kind.begin)(own.as_deref().unwrap_or(args), context))
    }

    /// Tells the database which kinds servers run, and what their arguments are.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn publish(&self, pool: &PgPool) -> sqlx::Result<()> {
        for (name, kind) in &self.0 {
            sqlx::query!(
                "insert into annex.job_kinds as k (name, runner, schema, description) values ($1, $2, $3, $4)
                on conflict (name) do update set runner = excluded.runner, schema = excluded.schema, description = excluded.description
                where (k.runner, k.schema, k.description) is distinct from (excluded.runner, excluded.schema, excluded.description)",
                *name,
                kind.runner,
                kind.schema.as_ref().map(Json) as Option<Json<&Value>>,
                kind.description,
            )
            .execute(pool)
            .await?;
        }
        Ok(())
    }
}

/// The arguments without what the end of a batch adds to those of its callback, where it has.
fn without_batch(args: &RawValue) -> Option<Box<RawValue>> {
    let mut members: BTreeMap<String, &RawValue> = serde_json::from_str(args.get()).ok()?;
    members.remove(BATCH)?;
    serde_json::value::to_raw_value(&members).ok()
}

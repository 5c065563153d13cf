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

struct Kind {
    begin: Begin,
    schema: Option<Value>,
    description: &'static str,
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
    /// The kinds that every server runs.
    pub fn built_in() -> Self {
        let mut registry = Self::default();
        super::kinds::add_to(&mut registry);
        registry
    }

    /// Adds a kind; one of the same name is replaced.
    pub fn add<T: Job>(&mut self) {
        let begin: Begin = |args, context| {
            let job: T = serde_json::from_str(args.get()).map_err(|error| {
                JobError::permanent(
                    "invalid_arguments",
                    format!("The arguments are not those of `{}`: {error}", T::KIND),
                )
            })?;
            Ok(Box::pin(job.run(context)))
        };
        self.0.insert(T::KIND, Kind { begin, schema: T::schema(), description: T::DESCRIPTION });
    }

    /// Begins an attempt; `None` where this program does not run the kind.
    pub(super) fn begin(
        &self,
        kind: &str,
        args: &RawValue,
        context: Context,
    ) -> Option<Result<Attempt, JobError>> {
        Some((self.0.get(kind)?.begin)(args, context))
    }

    /// Tells the database which kinds servers run, and what their arguments are.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn publish(&self, pool: &PgPool) -> sqlx::Result<()> {
        for (name, kind) in &self.0 {
            sqlx::query!(
                "insert into annex.job_kinds as k (name, remote, schema, description) values ($1, false, $2, $3)
                on conflict (name) do update set remote = false, schema = excluded.schema, description = excluded.description
                where (k.remote, k.schema, k.description) is distinct from (false, excluded.schema, excluded.description)",
                *name,
                kind.schema.as_ref().map(Json) as Option<Json<&Value>>,
                kind.description,
            )
            .execute(pool)
            .await?;
        }
        Ok(())
    }
}

//! The JSON Schemas of kinds, compiled once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use annex_openapi::jobs::JobCreate;
use jsonschema::{PatternOptions, Validator};
use serde_json::Value;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::checking::{Args, Checker, Schema};
use super::input::Faults;
use super::store;
use crate::problem::{Problem, Result};

/// The schemas that were compiled, by kind, and when the kind was changed last.
#[derive(Default)]
pub struct Schemas {
    compiled: Mutex<HashMap<String, Compiled>>,
    checker: Checker,
}

/// A kind without a schema, or with one that does not compile, has none.
struct Compiled {
    changed_at: OffsetDateTime,
    schema: Option<Arc<Schema>>,
}

impl std::fmt::Debug for Schemas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Schemas(…)")
    }
}

/// Compiles a schema, which refers to nothing outside itself.
///
/// # Errors
/// In a sentence, what is wrong with it.
pub fn compile(schema: &Value) -> Result<Validator, String> {
    // An expression that takes exponential time would hold the server up.
    jsonschema::options()
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .map_err(|error| error.to_string())
}

impl Schemas {
    /// Checks the arguments of jobs against the schemas of their kinds. Each comes with where it stands in the body.
    ///
    /// # Errors
    /// The database does not answer; `overloaded` where it takes too long.
    pub async fn check(
        &self,
        pool: &PgPool,
        jobs: &[(String, &JobCreate)],
        faults: &mut Faults,
    ) -> Result<()> {
        let (_, checks) = self.of_all(pool, jobs, |at| format!("{at}/args")).await?;
        let found = self.checker.check(checks).await?;
        found.into_iter().for_each(|errors| faults.extend(errors));
        Ok(())
    }

    /// The first of the jobs, each with a number of its own, whose arguments are not as the schema of its kind says, and why.
    ///
    /// # Errors
    /// The database does not answer; `overloaded` where it takes too long.
    pub async fn first_fault(
        &self,
        pool: &PgPool,
        jobs: &[(usize, &JobCreate)],
    ) -> Result<Option<(usize, Problem)>> {
        let (places, checks) = self.of_all(pool, jobs, |_| "/args".to_owned()).await?;
        let found = self.checker.check(checks).await?;
        let wrong = places.into_iter().zip(found).find(|(_, errors)| !errors.is_empty());
        Ok(wrong.map(|(place, errors)| (place, Problem::validation(errors))))
    }

    /// Those of the jobs whose kind has a schema, by their places, and what is to be checked of each.
    async fn of_all<P: Clone>(
        &self,
        pool: &PgPool,
        jobs: &[(P, &JobCreate)],
        at: impl Fn(&P) -> String,
    ) -> Result<(Vec<P>, Vec<Args>)> {
        let mut names: Vec<&str> = jobs.iter().map(|(_, job)| job.kind.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let schemas = self.of(pool, &names).await?;
        let checks = jobs.iter().filter_map(|(place, job)| {
            let schema = Arc::clone(schemas.get(job.kind.as_str())?);
            let args = Value::Object(job.args.clone().unwrap_or_default());
            Some((place.clone(), Args { at: at(place), args, schema }))
        });
        Ok(checks.unzip())
    }

    async fn of<'a>(&self, pool: &PgPool, names: &[&'a str]) -> Result<HashMap<&'a str, Arc<Schema>>> {
        let known: Vec<Option<OffsetDateTime>> = {
            let compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
            names.iter().map(|name| compiled.get(*name).map(|of| of.changed_at)).collect()
        };
        let changed = store::kinds::changed(pool, names, &known).await?;
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in changed {
            let schema = match kind.schema {
                None => None,
                Some(schema) => match compile(&schema) {
                    Ok(validator) => Some(Arc::new(Schema::new(validator))),
                    Err(error) => {
                        tracing::warn!(
                            kind = kind.name,
                            error,
                            "the schema of a kind of jobs cannot be used"
                        );
                        None
                    }
                },
            };
            match kind.updated_at {
                Some(changed_at) => drop(compiled.insert(kind.name, Compiled { changed_at, schema })),
                None => drop(compiled.remove(&kind.name)),
            }
        }
        let found = names.iter().filter_map(|name| Some((*name, compiled.get(*name)?.schema.clone()?)));
        Ok(found.collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_schema_is_refused() {
        for wrong in [
            json!({"type": "text"}),
            json!({"$ref": "http://127.0.0.1:9/schema"}),
            json!({"pattern": "("}),
            json!(7),
        ] {
            assert!(compile(&wrong).is_err(), "{wrong}");
        }
    }
}

//! The JSON Schemas of kinds, compiled once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use annex_openapi::jobs::JobCreate;
use annex_openapi::problem::FieldError;
use jsonschema::{PatternOptions, Validator};
use serde_json::Value;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::input::Faults;
use super::store;
use crate::problem::{Problem, Result};

/// The most places of one job's arguments that are told of.
const MOST_ERRORS: usize = 50;

/// The schemas that were compiled, by kind, and when the kind was changed last.
#[derive(Default)]
pub struct Schemas(Mutex<HashMap<String, Compiled>>);

/// A kind without a schema, or with one that does not compile, has no validator.
struct Compiled {
    changed_at: OffsetDateTime,
    validator: Option<Arc<Validator>>,
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
    /// The database does not answer.
    pub async fn check(
        &self,
        pool: &PgPool,
        jobs: &[(String, &JobCreate)],
        faults: &mut Faults,
    ) -> Result<()> {
        let mut names: Vec<&str> = jobs.iter().map(|(_, job)| job.kind.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let validators = self.of(pool, &names).await?;
        for (at, job) in jobs {
            if let Some(validator) = validators.get(job.kind.as_str()) {
                let args = Value::Object(job.args.clone().unwrap_or_default());
                faults.extend(errors(validator, &args, &format!("{at}/args")));
            }
        }
        Ok(())
    }

    /// The first of the jobs, each with a number of its own, whose arguments are not as the schema of its kind says, and why.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn first_fault(
        &self,
        pool: &PgPool,
        jobs: &[(usize, &JobCreate)],
    ) -> Result<Option<(usize, Problem)>> {
        let mut names: Vec<&str> = jobs.iter().map(|(_, job)| job.kind.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let validators = self.of(pool, &names).await?;
        Ok(jobs.iter().find_map(|(index, job)| {
            let args = Value::Object(job.args.clone().unwrap_or_default());
            let wrong = errors(validators.get(job.kind.as_str())?, &args, "/args");
            (!wrong.is_empty()).then(|| (*index, Problem::validation(wrong)))
        }))
    }

    async fn of<'a>(&self, pool: &PgPool, names: &[&'a str]) -> Result<HashMap<&'a str, Arc<Validator>>> {
        let known: Vec<Option<OffsetDateTime>> = {
            let compiled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            names.iter().map(|name| compiled.get(*name).map(|of| of.changed_at)).collect()
        };
        let changed = store::kinds::changed(pool, names, &known).await?;
        let mut compiled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in changed {
            let validator = match kind.schema {
                None => None,
                Some(schema) => match compile(&schema) {
                    Ok(validator) => Some(Arc::new(validator)),
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
                Some(changed_at) => drop(compiled.insert(kind.name, Compiled { changed_at, validator })),
                None => drop(compiled.remove(&kind.name)),
            }
        }
        let found = names.iter().filter_map(|name| Some((*name, compiled.get(*name)?.validator.clone()?)));
        Ok(found.collect())
    }
}

fn errors(validator: &Validator, args: &Value, at: &str) -> Vec<FieldError> {
    let errors = validator.iter_errors(args).take(MOST_ERRORS);
    errors
        .map(|error| {
            let pointer = format!("{at}{}", error.instance_path());
            // Arguments may be secret and large; what is wrong with them is said without them.
            FieldError::new(pointer, "schema", error.masked().to_string())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_pointed_at_and_not_repeated() {
        let schema = json!({"type": "object", "required": ["to"], "properties": {
            "to": {"type": "string", "pattern": "^.+@.+$"}, "pages": {"type": "array", "items": {"type": "integer"}}}});
        let validator = compile(&schema).unwrap();
        let found = errors(&validator, &json!({"to": "sesame", "pages": [1, "x"]}), "/args");
        let mut pointers: Vec<&str> = found.iter().map(|error| error.pointer.as_str()).collect();
        pointers.sort_unstable();
        assert_eq!(pointers, ["/args/pages/1", "/args/to"]);
        assert!(found.iter().all(|error| !error.detail.contains("sesame")), "{found:?}");
        assert_eq!(errors(&validator, &json!({"to": "a@b"}), "/args"), []);
    }

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

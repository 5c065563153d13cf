//! Checks arguments away from the threads that serve requests, a few jobs at a time, and none for long: a schema may ask for more than
//! any machine can do.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use annex_openapi::problem::FieldError;
use jsonschema::Validator;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

use crate::problem::{Code, Problem, Result};

/// How many requests are checked at the same time.
const AT_A_TIME: usize = 2;
/// How long a request waits for its turn, and how long its check may take then.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a schema is not tried again whose check took longer: each time twice as long as before.
const FIRST_REST: Duration = Duration::from_secs(60);
/// The most places of one job's arguments that are told of.
const MOST_ERRORS: usize = 50;
/// References within a schema go deep.
const STACK: usize = 16 << 20;

/// The schema of a kind, compiled.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    rest: Mutex<Rest>,
}

#[derive(Debug, Default)]
struct Rest {
    times: u32,
    until: Option<Instant>,
}

impl Schema {
    /// One that was not tried yet.
    pub fn new(validator: Validator) -> Self {
        Self { validator, rest: Mutex::default() }
    }

    fn is_resting(&self) -> bool {
        let rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        rest.until.is_some_and(|until| Instant::now() < until)
    }

    fn rest(&self) {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        rest.until = Some(Instant::now() + FIRST_REST * 2_u32.saturating_pow(rest.times.min(16)));
        rest.times += 1;
    }

    fn errors(&self, args: &Value, at: &str) -> Vec<FieldError> {
        let errors = self.validator.iter_errors(args).take(MOST_ERRORS);
        errors
            .map(|error| {
                let pointer = format!("{at}{}", error.instance_path());
                // Arguments may be secret and large; what is wrong with them is said without them.
                FieldError::new(pointer, "schema", error.masked().to_string())
            })
            .collect()
    }
}

/// Arguments, which stand there in the body, and the schema that they are to be like.
#[derive(Debug)]
pub struct Args {
    /// As a JSON pointer.
    pub at: String,
    /// The arguments.
    pub args: Value,
    /// Of their kind.
    pub schema: Arc<Schema>,
}

/// Who checks.
#[derive(Debug, Clone)]
pub struct Checker(Arc<Semaphore>);

impl Default for Checker {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_A_TIME)))
    }
}

/// What a request has to check, while it is checked.
struct Work {
    all: Vec<Args>,
    /// Which one is being checked.
    current: AtomicUsize,
    /// Whether the check has ended, or nobody waits for it any more: whichever came first.
    is_over: AtomicBool,
}

impl Checker {
    /// What is wrong with each of these arguments.
    ///
    /// # Errors
    /// `overloaded` where that takes too long.
    pub async fn check(&self, all: Vec<Args>) -> Result<Vec<Vec<FieldError>>> {
        if all.is_empty() {
            return Ok(Vec::new());
        }
        if all.iter().any(|one| one.schema.is_resting()) {
            return Err(too_long());
        }
        let turn = timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await;
        let turn = turn.map(|turn| turn.expect("the semaphore is never closed")).map_err(|_| {
            Problem::new(
                Code::Overloaded,
                "Too many jobs are enqueued at this moment; try again in a few seconds",
            )
            .with_retry_after(5)
        })?;
        // It is watched also where the client hangs up.
        tokio::spawn(self.clone().watch(turn, all)).await.map_err(Problem::internal)?
    }

    async fn watch(self, turn: OwnedSemaphorePermit, all: Vec<Args>) -> Result<Vec<Vec<FieldError>>> {
        let work = Arc::new(Work { all, current: AtomicUsize::new(0), is_over: AtomicBool::new(false) });
        let (answer, answered) = oneshot::channel();
        let working = Arc::clone(&work);
        let check = move || {
            let found = working.errors();
            if working.is_over.swap(true, Ordering::AcqRel) {
                // Another has had this turn long since.
                turn.forget();
            }
            drop(answer.send(found));
        };
        // A thread of the runtime's would be waited for when the server stops.
        thread::Builder::new()
            .name("schema check".to_owned())
            .stack_size(STACK)
            .spawn(check)
            .map_err(Problem::internal)?;
        if let Ok(found) = timeout(PATIENCE, answered).await {
            return found.map_err(Problem::internal);
        }
        if !work.is_over.swap(true, Ordering::AcqRel) {
            self.0.add_permits(1);
            work.all[work.current.load(Ordering::Relaxed)].schema.rest();
            tracing::warn!(
                "arguments took too long to be checked; the schema of their kind is not tried for a while"
            );
        }
        Err(too_long())
    }
}

impl Work {
    fn errors(&self) -> Vec<Vec<FieldError>> {
        let check = |(index, Args { at, args, schema }): (usize, &Args)| {
            self.current.store(index, Ordering::Relaxed);
            schema.errors(args, at)
        };
        self.all.iter().enumerate().map(check).collect()
    }
}

fn too_long() -> Problem {
    Problem::new(Code::Overloaded, "The arguments take too long to be checked against the schema of their kind")
        .with_hint("Make the schema simpler: `anyOf` within `anyOf`, references to references and `uniqueItems` multiply")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::schemas::compile;
    use super::*;

    fn args(schema: &Value, args: Value) -> Args {
        Args { at: "/args".to_owned(), args, schema: Arc::new(Schema::new(compile(schema).unwrap())) }
    }

    #[tokio::test]
    async fn what_is_wrong_is_pointed_at_and_not_repeated() {
        let schema = json!({"type": "object", "required": ["to"], "properties": {
            "to": {"type": "string", "pattern": "^.+@.+$"}, "pages": {"type": "array", "items": {"type": "integer"}}}});
        let both = vec![
            args(&schema, json!({"to": "sesame", "pages": [1, "x"]})),
            args(&schema, json!({"to": "a@b"})),
        ];
        let found = Checker::default().check(both).await.unwrap();
        let mut pointers: Vec<&str> = found[0].iter().map(|error| error.pointer.as_str()).collect();
        pointers.sort_unstable();
        assert_eq!(pointers, ["/args/pages/1", "/args/to"]);
        assert!(found[0].iter().all(|error| !error.detail.contains("sesame")), "{found:?}");
        assert_eq!(found[1], []);
    }

    #[tokio::test]
    async fn what_refers_to_itself_ends() {
        let checker = Checker::default();
        let nested = (0..60).fold(json!(1), |inner, _| json!({"a": inner}));
        for schema in [
            json!({"$ref": "#"}),
            json!({"allOf": [{"$ref": "#"}]}),
            json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}),
            json!({"properties": {"a": {"$ref": "#"}}}),
        ] {
            if compile(&schema).is_ok() {
                drop(checker.check(vec![args(&schema, nested.clone())]).await);
            }
        }
    }

    #[tokio::test]
    async fn what_never_ends_is_given_up_and_holds_no_other_up() {
        let last = 60;
        let mut parts = serde_json::Map::new();
        for part in 0..last {
            let next = json!({"$ref": format!("#/$defs/d{}", part + 1)});
            parts.insert(format!("d{part}"), json!({"anyOf": [next, next]}));
        }
        parts.insert(format!("d{last}"), json!({"type": "string"}));
        let (endless, checker) = (json!({"$defs": parts, "$ref": "#/$defs/d0"}), Checker::default());
        let first = args(&endless, json!({}));
        let again = Args { at: String::new(), args: json!({}), schema: Arc::clone(&first.schema) };
        let overlong = checker.check(vec![first]).await.unwrap_err();
        assert_eq!(overlong.code, Code::Overloaded);
        // It is not even tried.
        let began = Instant::now();
        checker.check(vec![again]).await.unwrap_err();
        assert!(began.elapsed() < PATIENCE);
        assert_eq!(checker.0.available_permits(), AT_A_TIME);
        let good = checker.check(vec![args(&json!({"type": "object"}), json!({}))]).await.unwrap();
        assert_eq!(good, [[]]);
    }
}

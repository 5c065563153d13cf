//! A job as it was sent, checked and made ready for `annex.enqueue_jobs`.

use annex_openapi::jobs::{Backoff, JobCreate};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::extract::can_be_kept;
use crate::extract::is_name;
use crate::problem::{FieldError, Problem, Result};

/// The largest arguments, and the largest result.
pub const MAX_ARGS: usize = 1 << 20;
/// The longest time that can be named, in seconds: a year.
const YEAR: f64 = 31_536_000.0;

/// What is wrong with the places of a body.
#[derive(Debug, Default)]
pub struct Faults(Vec<FieldError>);

impl Faults {
    /// That place is wrong.
    pub fn add(&mut self, pointer: impl Into<String>, code: &str, detail: impl Into<String>) {
        self.0.push(FieldError::new(pointer, code, detail));
    }

    /// More wrong places.
    pub fn extend(&mut self, errors: impl IntoIterator<Item = FieldError>) {
        self.0.extend(errors);
    }

    /// Whether nothing was found yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing is wrong.
    ///
    /// # Errors
    /// `validation_failed` with all places.
    pub fn check(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::validation(self.0)) }
    }

    /// A number that must be within bounds, where it is there.
    pub fn bound<T: PartialOrd + std::fmt::Display>(
        &mut self,
        at: &str,
        member: &str,
        value: Option<T>,
        least: T,
        most: T,
    ) {
        if value.is_some_and(|value| !(value >= least && value <= most)) {
            let detail = format!("`{member}` must be from {least} to {most}");
            self.add(format!("{at}/{member}"), "out_of_range", detail);
        }
    }

    /// A text that must have so many characters, and no NUL, where it is there.
    pub fn text(&mut self, at: &str, member: &str, value: Option<&str>, most: usize) {
        let Some(value) = value else { return };
        self.entry(&format!("{at}/{member}"), &format!("`{member}`"), value, most);
    }

    /// The same, where it stands.
    pub fn entry(&mut self, pointer: &str, called: &str, value: &str, most: usize) {
        if value.is_empty() || value.chars().count() > most {
            self.add(pointer, "out_of_range", format!("{called} must have 1 to {most} characters"));
        } else if value.contains('\0') {
            self.add(pointer, "invalid", format!("{called} has a NUL character in it"));
        }
    }

    /// A name of a queue or of a kind, where it is there.
    pub fn name(&mut self, at: &str, member: &str, value: Option<&str>, most: usize) {
        if value.is_some_and(|value| !is_name(value, most)) {
            let detail = format!(
                "`{member}` must have 1 to {most} of a-z, 0-9, `_`, `.` and `-`, and begin with a letter"
            );
            self.add(format!("{at}/{member}"), "invalid", detail);
        }
    }

    /// A moment that the database keeps as it is, where it is there.
    pub fn moment(&mut self, at: &str, member: &str, value: Option<OffsetDateTime>) {
        if value.is_some_and(|value| !can_be_kept(value)) {
            let detail = format!("`{member}` must be in the years 1 to 9999 (UTC), to the microsecond");
            self.add(format!("{at}/{member}"), "out_of_range", detail);
        }
    }

    /// JSON that can be kept, where it is there.
    pub fn json(&mut self, at: &str, member: &str, value: Option<&Value>, most: usize) {
        let Some(value) = value else { return };
        let pointer = format!("{at}/{member}");
        if has_nul(value) {
            self.add(pointer, "invalid", format!("`{member}` has a NUL character in it"));
        } else if value.to_string().len() > most {
            self.add(pointer, "out_of_range", format!("`{member}` is larger than {most} bytes"));
        }
    }

    /// How long to wait after a failure, where it is there.
    pub fn backoff(&mut self, at: &str, backoff: Option<&Backoff>) {
        let pointer = format!("{at}/backoff");
        match backoff {
            None => {}
            Some(Backoff::Exponential(backoff)) => {
                self.bound(&pointer, "base_seconds", backoff.base_seconds, 0.0, YEAR);
                self.bound(&pointer, "max_seconds", backoff.max_seconds, 0.0, YEAR);
            }
            Some(Backoff::Delays(delays)) => {
                if !(1..=1000).contains(&delays.0.len()) {
                    self.add(pointer, "out_of_range", "`backoff` must have 1 to 1000 entries");
                } else if delays.0.iter().any(|delay| !(0.0..=YEAR).contains(delay)) {
                    self.add(pointer, "out_of_range", format!("each entry must be from 0 to {YEAR}"));
                }
            }
        }
    }

    /// Seconds that may be named, where they are there.
    pub fn seconds(&mut self, at: &str, member: &str, value: Option<f64>, least: f64) {
        self.bound(at, member, value, least, YEAR);
    }

    /// A job to enqueue; `at` is where it stands in the body.
    pub fn job(&mut self, at: &str, job: &JobCreate) {
        self.name(at, "kind", Some(&job.kind), 100);
        self.name(at, "queue", job.queue.as_deref(), 63);
        if job
            .args
            .as_ref()
            .is_some_and(|args| args.values().any(has_nul) || args.keys().any(|key| key.contains('\0')))
        {
            self.add(format!("{at}/args"), "invalid", "`args` has a NUL character in it");
        } else if job
            .args
            .as_ref()
            .is_some_and(|args| serde_json::to_vec(args).is_ok_and(|text| text.len() > MAX_ARGS))
        {
            self.add(format!("{at}/args"), "out_of_range", format!("`args` is larger than {MAX_ARGS} bytes"));
        }
        self.moment(at, "run_at", job.run_at);
        self.moment(at, "deadline", job.deadline);
        self.seconds(at, "delay_seconds", job.delay_seconds, 0.0);
        if job.delay_seconds.is_some() && job.run_at.is_some() {
            self.add(
                format!("{at}/delay_seconds"),
                "not_allowed",
                "`delay_seconds` is not for a job with `run_at`",
            );
        }
        self.bound(at, "priority", job.priority, -100, 100);
        self.text(at, "key", job.key.as_deref(), 200);
        self.text(at, "unique_key", job.unique_key.as_deref(), 200);
        self.seconds(at, "unique_seconds", job.unique_seconds, 1.0);
        if job.unique_seconds.is_some() && job.unique_key.is_none() {
            self.add(
                format!("{at}/unique_seconds"),
                "not_allowed",
                "`unique_seconds` is only for a job with `unique_key`",
            );
        }
        let tags = job.tags.as_deref().unwrap_or_default();
        if tags.len() > 20 {
            self.add(format!("{at}/tags"), "out_of_range", "there are at most 20 `tags`");
        }
        for (index, tag) in tags.iter().enumerate().take(20) {
            self.entry(&format!("{at}/tags/{index}"), "a tag", tag, 100);
        }
        self.bound(at, "max_attempts", job.max_attempts, 1, 1000);
        self.backoff(at, job.backoff.as_ref());
        self.bound(at, "timeout_seconds", job.timeout_seconds, 1, YEAR as u32);
    }
}

/// Whether there is a NUL in a text somewhere: Postgres keeps none.
pub fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A job that was checked, to be enqueued with other writes.
#[derive(Debug)]
pub struct Entry {
    /// The job.
    pub job: JobCreate,
    /// As `annex.enqueue_jobs` takes it.
    pub json: String,
}

impl Entry {
    /// The job, by that account. Its arguments are yet to be checked against the schema of its kind.
    ///
    /// # Errors
    /// `validation_failed`
    pub fn new(job: JobCreate, created_by: Uuid) -> Result<Self> {
        let mut faults = Faults::default();
        faults.job("", &job);
        faults.check()?;
        let json = serde_json::to_string(&entry(&job, Some(created_by))?).map_err(Problem::internal)?;
        Ok(Self { job, json })
    }
}

/// An entry of what `annex.enqueue_jobs` takes.
///
/// # Errors
/// It cannot be written as JSON.
pub fn entry(job: &JobCreate, created_by: Option<Uuid>) -> Result<Map<String, Value>> {
    match serde_json::to_value(job).map_err(Problem::internal)? {
        Value::Object(mut entry) => {
            entry.insert("created_by".to_owned(), created_by.map(|id| id.to_string()).into());
            Ok(entry)
        }
        other => Err(Problem::internal(format!("a job is written as {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(job: Value) -> Vec<(String, String)> {
        let job: JobCreate = serde_json::from_value(job).unwrap();
        let mut faults = Faults::default();
        faults.job("", &job);
        faults.0.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn every_wrong_place_is_told() {
        let job = json!({
            "kind": "Mail", "queue": "1st", "args": {"a": ["x\0"]}, "run_at": "0000-01-01T00:00:00Z", "delay_seconds": -1,
            "priority": 101, "key": "", "unique_seconds": 0, "tags": ["", "a"], "max_attempts": 0, "backoff": [],
            "timeout_seconds": 0,
        });
        let expected = [
            ("/kind", "invalid"),
            ("/queue", "invalid"),
            ("/args", "invalid"),
            ("/run_at", "out_of_range"),
            ("/delay_seconds", "out_of_range"),
            ("/delay_seconds", "not_allowed"),
            ("/priority", "out_of_range"),
            ("/key", "out_of_range"),
            ("/unique_seconds", "out_of_range"),
            ("/unique_seconds", "not_allowed"),
            ("/tags/0", "out_of_range"),
            ("/max_attempts", "out_of_range"),
            ("/backoff", "out_of_range"),
            ("/timeout_seconds", "out_of_range"),
        ];
        assert_eq!(wrong(job), expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
        // A program's "never" is one that cannot be kept.
        let never = "9999-12-31T23:59:59.9999999Z";
        let late = json!({"kind": "a", "run_at": never, "deadline": "9999-12-31T23:59:59-12:00"});
        let expected = [("/run_at", "out_of_range"), ("/deadline", "out_of_range")];
        assert_eq!(wrong(late), expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
        assert_eq!(wrong(json!({"kind": "a", "deadline": "9999-12-31T23:59:59.999999Z"})), []);
        assert_eq!(
            wrong(json!({"kind": "email.send", "args": {"a": 1}, "backoff": {"base_seconds": 1}})),
            []
        );
    }
}

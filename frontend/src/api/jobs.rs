//! Durable jobs.

use annex_openapi::jobs::stats::{JobMinute, JobStats};
use annex_openapi::jobs::{Job, JobCount, JobEvent, JobFilter, JobLogPage, JobPage, JobState};
use js_sys::{Reflect, Uint8Array};
use serde_json::Value;
use uuid::Uuid;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, ReadableStreamDefaultReader};

use super::stream::EventReader;
use super::{Api, ApiError, Call};

/// What is done to many jobs at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// They are tried again.
    Retry,
    /// They do not run any more.
    Cancel,
    /// They are forgotten.
    Discard,
}

impl Deed {
    /// Its name in addresses.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Cancel => "cancel",
            Self::Discard => "discard",
        }
    }

    /// Whether it can be done to a job that stands there.
    pub fn fits(self, state: JobState) -> bool {
        match self {
            Self::Retry => matches!(state, JobState::Failed | JobState::Cancelled),
            Self::Cancel => !state.is_final(),
            Self::Discard => state.is_final(),
        }
    }
}

/// The filter as parameters of the list.
fn parameters(filter: &JobFilter) -> Vec<(String, String)> {
    let Ok(Value::Object(members)) = serde_json::to_value(filter) else { return Vec::new() };
    let text = |value: Value| match value {
        Value::String(text) => text,
        value => value.to_string(),
    };
    members.into_iter().map(|(name, value)| (name, text(value))).collect()
}

fn list(filter: &JobFilter, limit: usize) -> Call {
    let call = Call::get("/v1/jobs").query("limit", limit);
    parameters(filter).iter().fold(call, |call, (name, value)| call.query(name, value))
}

/// What came of a change of many jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It is done to so many.
    Jobs(u64),
    /// A job goes on with it.
    GoesOn(Uuid),
}

impl Api {
    /// A page of jobs, the newest first.
    pub async fn jobs(
        self,
        filter: &JobFilter,
        limit: usize,
        cursor: Option<String>,
    ) -> Result<JobPage, ApiError> {
        self.fetch(list(filter, limit).query_opt("cursor", cursor)).await
    }

    /// How many jobs match; `exact`, or as far as the database knows without counting.
    pub async fn count_jobs(self, filter: &JobFilter, exact: bool) -> Result<i64, ApiError> {
        let prefer = if exact { "count=exact" } else { "count=estimated" };
        let page: JobPage = self.fetch(list(filter, 1).header("prefer", prefer)).await?;
        Ok(page.count.unwrap_or_default())
    }

    /// A job.
    pub async fn job(self, id: Uuid) -> Result<Job, ApiError> {
        self.fetch(Call::get(format!("/v1/jobs/{id}"))).await
    }

    /// Does that to one job.
    pub async fn change_job(self, id: Uuid, deed: Deed) -> Result<(), ApiError> {
        self.send(Call::post(format!("/v1/jobs/{id}/{}", deed.name()))).await.map(drop)
    }

    /// Does that to all jobs that match; says to how many, or which job goes on with it.
    pub async fn change_jobs(self, filter: &JobFilter, deed: Deed) -> Result<Changed, ApiError> {
        let answer = self.send(Call::post(format!("/v1/jobs/{}", deed.name())).json(filter)).await?;
        if answer.status() == 202 {
            return Ok(Changed::GoesOn(answer.json::<Job>().await?.id));
        }
        Ok(Changed::Jobs(answer.json::<JobCount>().await?.count))
    }

    /// What became of jobs in the last minutes, of a queue or of all.
    pub async fn job_minutes(
        self,
        queue: Option<String>,
        minutes: usize,
    ) -> Result<Vec<JobMinute>, ApiError> {
        let call = Call::get("/v1/jobs/stats").query("minutes", minutes).query_opt("queue", queue);
        Ok(self.fetch::<JobStats>(call).await?.minutes)
    }

    /// Lines of a job's log, the oldest first, behind the one of that id.
    pub async fn job_log(self, id: Uuid, after: Option<i64>) -> Result<JobLogPage, ApiError> {
        let call = Call::get(format!("/v1/jobs/{id}/logs")).query("limit", 1000).query_opt("after", after);
        self.fetch(call).await
    }

    /// Tells what happens to a job, until the server or the signal ends it.
    pub async fn follow_job(
        self,
        id: Uuid,
        signal: &AbortSignal,
        mut heard: impl FnMut(JobEvent),
    ) -> Result<(), ApiError> {
        let call =
            Call::get(format!("/v1/jobs/{id}/events")).header("accept", "text/event-stream").signal(signal);
        let stream = self.send(call).await?.into_response().body().ok_or(ApiError::Offline)?;
        let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
        let mut events = EventReader::default();
        loop {
            let piece = JsFuture::from(reader.read()).await.map_err(|_| ApiError::Offline)?;
            if Reflect::get(&piece, &"done".into()).is_ok_and(|done| done.is_truthy()) {
                return Ok(());
            }
            let piece: Uint8Array = match Reflect::get(&piece, &"value".into()) {
                Ok(value) => value.unchecked_into(),
                Err(_) => return Err(ApiError::Offline),
            };
            for data in events.push(&piece.to_vec()) {
                // What a newer server tells besides is not for this console.
                if let Ok(event) = serde_json::from_str(&data) {
                    heard(event);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_said_as_parameters() {
        let filter = JobFilter {
            state: Some(JobState::Failed),
            tag: Some("a b".to_owned()),
            args: serde_json::from_str(r#"{"to":"x"}"#).ok(),
            ..JobFilter::default()
        };
        let expected = [("args", r#"{"to":"x"}"#), ("state", "failed"), ("tag", "a b")];
        let mut said = parameters(&filter);
        said.sort();
        assert_eq!(said, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(parameters(&JobFilter::default()).is_empty());
    }

    #[test]
    fn a_job_is_either_stopped_or_tried_again() {
        for state in JobState::ALL {
            assert_ne!(Deed::Cancel.fits(state), Deed::Discard.fits(state), "{state:?}");
        }
        assert!(!Deed::Retry.fits(JobState::Succeeded) && Deed::Retry.fits(JobState::Cancelled));
    }
}

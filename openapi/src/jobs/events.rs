//! What followers of a job are sent.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Job, JobLogLine};

/// One server-sent event: its `data`, whose `type` is the name of the event too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum JobEvent {
    /// The first event, and one each time that the job has moved on.
    State(JobStateEvent),
    /// The worker has told how far it is.
    Progress(JobProgressEvent),
    /// The worker has written a line.
    Log(JobLogEvent),
}

/// The job as it stands now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobStateEvent {
    /// The job, as in lists.
    pub job: Box<Job>,
}

/// How far the attempt has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobProgressEvent {
    /// 0 to 1.
    #[schema(minimum = 0, maximum = 1, example = 0.4)]
    pub progress: Option<f64>,
    /// In the worker's own words.
    #[schema(example = "4 of 10 pages")]
    pub message: Option<String>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobLogEvent {
    /// The line.
    pub line: JobLogLine,
}

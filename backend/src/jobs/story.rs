//! What is told of a job to whoever follows it: the job as it stands, what it has written so far, and then what is new, until it ends.

use std::collections::VecDeque;

use actix_web::web::Data;
use annex_openapi::jobs::{Job, JobEvent, JobLogEvent, JobLogLine, JobProgressEvent, JobStateEvent};
use uuid::Uuid;

use super::followers::{Following, News, stands_still};
use super::no_such_job;
use super::store::jobs;
use crate::app::App;
use crate::problem::Result;

/// How many lines are read at a time.
const LINES: i64 = 200;

/// A job that is followed.
pub struct Story {
    app: Data<App>,
    following: Following,
    job: Job,
    /// The last line that was told.
    line: i64,
    /// A page of lines and what came with it: no more than that is held for somebody who listens slowly.
    ready: VecDeque<JobEvent>,
    /// Whether there may be lines to be read, before what comes next is told.
    is_behind: bool,
    /// The state in which the job has ended, which is told after all lines.
    last: Option<JobEvent>,
    ended: bool,
}

impl std::fmt::Debug for Story {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Story").field("job", &self.job.id).finish_non_exhaustive()
    }
}

impl Story {
    /// Of that job, from now on.
    ///
    /// # Errors
    /// `not_found`
    pub async fn begin(app: &Data<App>, id: Uuid) -> Result<Self> {
        let following = app.jobs.followers.follow(app, id);
        let job = jobs::read(&app.db.pool, &[id], true).await?.pop().ok_or_else(no_such_job)?;
        let ended = job.state.is_final();
        let ready = VecDeque::from([state(&job)]);
        Ok(Self { app: app.clone(), following, job, line: 0, ready, is_behind: true, last: None, ended })
    }

    /// The job as it was told last.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// What is told next; nothing more where the job has ended. Nothing is lost where it is not waited for to the end.
    pub async fn next(&mut self) -> Option<JobEvent> {
        loop {
            if let Some(next) = self.ready.pop_front() {
                return Some(next);
            }
            if self.is_behind {
                self.read_on().await;
                continue;
            }
            if self.ended {
                return self.last.take();
            }
            match self.following.next().await {
                News::Gone => self.ended = true,
                News::Missed => self.is_behind = true,
                News::Look(job, lines) => self.take(*job, lines),
            }
        }
    }

    fn take(&mut self, job: Job, lines: Vec<JobLogLine>) {
        lines.into_iter().for_each(|line| self.say(line));
        if (job.progress, &job.message) != (self.job.progress, &self.job.message) {
            let progress = JobProgressEvent { progress: job.progress, message: job.message.clone() };
            self.ready.push_back(JobEvent::Progress(progress));
        }
        if job.state.is_final() {
            // What was written last is in the next look, and there is none.
            (self.ended, self.is_behind) = (true, true);
            self.last = Some(state(&job));
        } else if !stands_still(&job, &self.job) {
            self.ready.push_back(state(&job));
        }
        self.job = job;
    }

    /// Reads a page of the lines that there are.
    async fn read_on(&mut self) {
        match jobs::log(&self.app.db.pool, self.job.id, self.line, LINES).await {
            Ok(lines) => {
                self.is_behind = lines.len() as i64 == LINES;
                lines.into_iter().for_each(|line| self.say(line));
            }
            Err(error) => {
                tracing::debug!(%error, "the lines of a job could not be read");
                // Whoever follows begins anew.
                (self.is_behind, self.ended, self.last) = (false, true, None);
            }
        }
    }

    fn say(&mut self, line: JobLogLine) {
        if line.id > self.line {
            self.line = line.id;
            self.ready.push_back(JobEvent::Log(JobLogEvent { line }));
        }
    }
}

fn state(job: &Job) -> JobEvent {
    JobEvent::State(JobStateEvent { job: Box::new(job.clone()) })
}

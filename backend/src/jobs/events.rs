//! `GET /v1/jobs/{id}/events`

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::web::{Bytes, Data};
use annex_openapi::jobs::{Job, JobEvent, JobLogEvent, JobLogLine, JobProgressEvent, JobStateEvent};
use annex_openapi::problem::Problem as ProblemBody;
use futures_util::stream;

use super::followers::{Following, News, stands_still};
use super::no_such_job;
use super::path::Id;
use super::store::jobs;
use crate::app::App;
use crate::extract::{Admin, Identity, NoParameters, Query};
use crate::problem::Result;

/// How often it is asked whether the caller still may follow. Then something is sent too: whoever is between takes a silent connection
/// for a dead one.
const ASKED: Duration = Duration::from_secs(5);
/// How many lines are read at a time.
const LINES: i64 = 200;

/// Follow a job until it ends, as server-sent events. For admins.
///
/// The name of an event is `state`, `progress` or `log`, and its data a `JobEvent`. First comes the job as it stands, then what it
/// has written so far, and then what is new, at most 300 ms later. After the state in which the job has ended the stream ends.
/// It ends too, within 5 s, where the caller is no admin any more or the session has ended. Who loses the connection begins anew; the
/// lines have ids.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    get, path = "/v1/jobs/{id}/events", operation_id = "jobs_events", tag = "jobs",
    params(("id" = Uuid, Path, description = "The job's id", example = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f")),
    responses(
        (status = 200, description = "The events", body = String, content_type = "text/event-stream"),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn events(
    Admin(caller): Admin,
    app: Data<App>,
    Id(id): Id,
    _: Query<NoParameters>,
) -> Result<HttpResponse> {
    let following = app.jobs.followers.follow(&app, id);
    let job = jobs::read(&app.db.pool, &[id], true).await?.pop().ok_or_else(no_such_job)?;
    let mut events = Events {
        app,
        caller,
        asked_at: Instant::now(),
        following,
        job,
        line: 0,
        ready: VecDeque::new(),
        is_behind: true,
        last: None,
        ended: false,
    };
    events.ready.push_back(written(&state(&events.job)));
    events.ended = events.job.state.is_final();
    let stream = stream::unfold(events, |mut events| async {
        let next = events.next().await?;
        Some((Ok::<_, actix_web::Error>(next), events))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        // nginx would keep events back otherwise.
        .insert_header((HeaderName::from_static("x-accel-buffering"), "no"))
        .streaming(stream))
}

struct Events {
    app: Data<App>,
    caller: Arc<Identity>,
    /// When it was asked last whether the caller still may follow.
    asked_at: Instant,
    following: Following,
    job: Job,
    /// The last line that was sent.
    line: i64,
    /// A page of lines and what came with it: no more than that is held for a client that reads slowly.
    ready: VecDeque<Bytes>,
    /// Whether there may be lines to be read, before what comes next is said.
    is_behind: bool,
    /// The state in which the job has ended, which is said after all lines.
    last: Option<Bytes>,
    ended: bool,
}

impl Events {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.asked_at.elapsed() >= ASKED {
                let caller = self.app.auth.again(&self.caller, &self.app).await;
                if !matches!(caller, Ok(Some(caller)) if caller.is_admin()) {
                    return None;
                }
                self.asked_at = Instant::now();
                return Some(Bytes::from_static(b": still here\n\n"));
            }
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
            let left = ASKED.saturating_sub(self.asked_at.elapsed());
            match tokio::time::timeout(left, self.following.next()).await {
                Err(_) => {}
                Ok(News::Gone) => self.ended = true,
                Ok(News::Missed) => self.is_behind = true,
                Ok(News::Look(job, lines)) => self.take(*job, lines),
            }
        }
    }

    fn take(&mut self, job: Job, lines: Vec<JobLogLine>) {
        lines.into_iter().for_each(|line| self.say(line));
        if (job.progress, &job.message) != (self.job.progress, &self.job.message) {
            let progress = JobProgressEvent { progress: job.progress, message: job.message.clone() };
            self.ready.push_back(written(&JobEvent::Progress(progress)));
        }
        if job.state.is_final() {
            // What was written last is in the next look, and there is none.
            (self.ended, self.is_behind) = (true, true);
            self.last = Some(written(&state(&job)));
        } else if !stands_still(&job, &self.job) {
            self.ready.push_back(written(&state(&job)));
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
            self.ready.push_back(written(&JobEvent::Log(JobLogEvent { line })));
        }
    }
}

fn state(job: &Job) -> JobEvent {
    JobEvent::State(JobStateEvent { job: Box::new(job.clone()) })
}

fn written(event: &JobEvent) -> Bytes {
    let name = match event {
        JobEvent::State(_) => "state",
        JobEvent::Progress(_) => "progress",
        JobEvent::Log(_) => "log",
    };
    let data = serde_json::to_string(event).expect("an event can be written as JSON");
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

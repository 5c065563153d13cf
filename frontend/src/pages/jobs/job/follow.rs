//! A job as it goes on: told by the server while somebody looks, and read anew where it has moved.

use annex_openapi::jobs::{Job, JobEvent, JobLogLine};
use gloo_timers::future::TimeoutFuture;
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use uuid::Uuid;
use web_sys::AbortController;

use crate::api::{Api, ApiError};

/// The most lines of the log that are kept here.
const LINES: usize = 5000;

/// What is known of a job.
#[derive(Clone, Copy)]
pub struct Followed {
    api: Api,
    id: Uuid,
    /// The job, once it is read.
    pub job: RwSignal<Option<Job>>,
    /// Its log, the oldest line first.
    pub log: RwSignal<Vec<JobLogLine>>,
    /// Why the job cannot be read.
    pub failure: RwSignal<Option<ApiError>>,
    /// Whether the server tells of it now.
    pub is_told: RwSignal<bool>,
    reading: StoredValue<Reading>,
    /// Ends what is told.
    told: StoredValue<Option<AbortController>, LocalStorage>,
}

/// Whether the job is being read, and whether it has moved since that began.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Not,
    Now,
    NowAndAgain,
}

impl Followed {
    /// Follows a job while the surrounding view shows.
    pub fn start(api: Api, id: Uuid) -> Self {
        let this = Self {
            api,
            id,
            job: RwSignal::new(None),
            log: RwSignal::new(Vec::new()),
            failure: RwSignal::new(None),
            is_told: RwSignal::new(false),
            reading: StoredValue::new(Reading::Not),
            told: StoredValue::new_local(None),
        };
        this.read();
        // A tab that nobody sees is told nothing.
        let hidden = window_event_listener(ev::visibilitychange, move |_| {
            if document().hidden() {
                this.hush();
            }
        });
        on_cleanup(move || {
            hidden.remove();
            this.hush();
        });
        spawn_local(this.listen());
        this
    }

    fn hush(self) {
        if let Some(told) = self.told.try_update_value(Option::take).flatten() {
            told.abort();
        }
    }

    /// Reads the job, and what is new of its log.
    pub fn read(self) {
        let is_reading = self.reading.try_update_value(|reading| {
            let was = *reading;
            *reading = if was == Reading::Not { Reading::Now } else { Reading::NowAndAgain };
            was != Reading::Not
        });
        if is_reading != Some(false) {
            return;
        }
        spawn_local(async move {
            loop {
                match self.api.job(self.id).await {
                    Ok(job) => {
                        self.failure.try_set(None);
                        self.job.try_set(Some(job));
                    }
                    Err(error) => drop(self.failure.try_set(Some(error))),
                }
                self.read_log().await;
                let is_moved = self.reading.try_update_value(|reading| {
                    let is_moved = *reading == Reading::NowAndAgain;
                    *reading = if is_moved { Reading::Now } else { Reading::Not };
                    is_moved
                });
                if is_moved != Some(true) {
                    return;
                }
            }
        });
    }

    async fn read_log(self) {
        loop {
            let after = self.log.try_with_untracked(|log| log.last().map(|line| line.id));
            let Some(after) = after else { return };
            // Where the job can be read and its log cannot, the next look has it.
            let Ok(page) = self.api.job_log(self.id, after).await else { return };
            let is_last = page.next_cursor.is_none() || page.items.is_empty();
            for line in page.items {
                self.add(line);
            }
            if is_last {
                return;
            }
        }
    }

    /// Puts a line at its place, once.
    fn add(self, line: JobLogLine) {
        self.log.try_maybe_update(|log| match log.binary_search_by_key(&line.id, |known| known.id) {
            Ok(_) => (false, ()),
            Err(place) => {
                log.insert(place, line);
                let many = log.len().saturating_sub(LINES);
                log.drain(..many);
                (true, ())
            }
        });
    }

    fn hear(self, event: JobEvent) {
        match event {
            JobEvent::State(event) => {
                // The list's form has no attempts: what it says at once is where the job stands.
                self.job.try_update(|job| {
                    if let Some(job) = job {
                        job.state = event.job.state;
                        job.cancel_requested = event.job.cancel_requested;
                    }
                });
                self.read();
            }
            JobEvent::Progress(event) => {
                self.job.try_update(|job| {
                    if let Some(job) = job {
                        job.progress = event.progress;
                        job.message = event.message;
                    }
                });
            }
            JobEvent::Log(event) => self.add(event.line),
        }
    }

    /// Whether the job may move by itself and somebody looks; nothing where the view is gone.
    fn is_wanted(self) -> Option<bool> {
        let is_over =
            self.job.try_with_untracked(|job| job.as_ref().is_some_and(|job| job.state.is_final()))?;
        Some(!is_over && !document().hidden())
    }

    async fn listen(self) {
        // The first event says what was read already, where that is still on its way.
        loop {
            let Some(is_wanted) = self.is_wanted() else { return };
            let is_known = self.job.try_with_untracked(Option::is_some) == Some(true);
            if is_wanted
                && is_known
                && let Ok(told) = AbortController::new()
            {
                let signal = told.signal();
                self.told.try_set_value(Some(told));
                self.is_told.try_set(true);
                // Why it ended makes no difference: the job is read anew, which says what is wrong.
                self.api.follow_job(self.id, &signal, |event| self.hear(event)).await.ok();
                if self.is_told.try_set(false).is_some() {
                    return;
                }
                self.read();
                TimeoutFuture::new(1000).await;
            }
            TimeoutFuture::new(300).await;
        }
    }
}

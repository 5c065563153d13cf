//! Jobs that a client follows: their state, how far they are, and what they write.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use annex_openapi::realtime::{Follow, JobMessage, Resync, ResyncReason, ServerMessage, Unsubscribed};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::client::{Client, POLICY};
use crate::extract::Identity;
use crate::jobs::{Story, may_see, no_such_job};
use crate::problem::{Code, Problem, Result};

/// How often it is asked whether the client still may follow.
const ASKED: Duration = Duration::from_secs(5);

/// The jobs that a client follows, by what it calls them.
#[derive(Debug, Default)]
pub struct Followed(HashMap<String, AbortHandle>);

impl Followed {
    /// Ends one, where it is there.
    pub fn end(&mut self, id: &str) {
        self.0.remove(id).inspect(AbortHandle::abort);
    }

    /// What those are called of which nothing more is told.
    pub fn take_ended(&mut self) -> Vec<String> {
        self.0.extract_if(|_, task| task.is_finished()).map(|(id, _)| id).collect()
    }

    /// Ends all; gives what they are called.
    pub fn end_all(&mut self) -> Vec<String> {
        self.0
            .drain()
            .map(|(id, task)| {
                task.abort();
                id
            })
            .collect()
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.end_all();
    }
}

impl Client {
    /// Has the client told of a job.
    ///
    /// # Errors
    /// `unauthenticated`, `not_found`
    pub(super) async fn follow(&mut self, asked: &Follow) -> Result<()> {
        let Some(identity) = self.caller.identity().cloned() else {
            return Err(Problem::new(Code::Unauthenticated, "Jobs are followed by whoever is signed in"));
        };
        let story = Story::begin(&self.app, asked.job).await?;
        if !may_see(&self.app, &identity, story.job()) {
            return Err(no_such_job());
        }
        let task = tell(self, story, asked.id.clone(), identity);
        self.followed.end(&asked.id);
        self.followed.0.insert(asked.id.clone(), actix_web::rt::spawn(task).abort_handle());
        Ok(())
    }
}

/// Tells a client of a job until that has ended, or the client may not know of it any more.
fn tell(
    client: &Client,
    mut story: Story,
    id: String,
    identity: Identity,
) -> impl Future<Output = ()> + use<> {
    let (app, outbox) = (client.app.clone(), Arc::clone(&client.outbox));
    async move {
        let mut ask = Instant::now() + ASKED;
        loop {
            let message = match tokio::time::timeout_at(ask, story.next()).await {
                Ok(Some(event)) => ServerMessage::Job(Box::new(JobMessage { id: id.clone(), event })),
                Ok(None) => {
                    outbox.send(&ServerMessage::Unsubscribed(Unsubscribed { id }));
                    return;
                }
                Err(_) => {
                    ask = Instant::now() + ASKED;
                    let now = app.auth.again(&identity, &app).await;
                    if matches!(now, Ok(Some(now)) if may_see(&app, &now, story.job())) {
                        continue;
                    }
                    let reason = ResyncReason::AccessChanged;
                    outbox.send(&ServerMessage::Resync(Resync { id, reason }));
                    return;
                }
            };
            if !outbox.send(&message) {
                return outbox.close(POLICY);
            }
        }
    }
}

//! Who follows jobs: one statement every 300 ms finds what is new of all of them, and none where nobody follows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::web::Data;
use annex_openapi::jobs::{Job, JobLogLine};
use sqlx::PgPool;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::store::jobs;
use crate::app::App;

const PERIOD: Duration = Duration::from_millis(300);
/// The most lines of one job that a look brings.
const MOST_LINES: i64 = 200;
/// Looks that a follower may be behind.
const BEHIND: usize = 8;

/// The jobs that are followed, and by how many.
#[derive(Debug)]
pub struct Followers {
    followed: Mutex<HashMap<Uuid, Followed>>,
    looks: broadcast::Sender<Arc<Look>>,
}

impl Default for Followers {
    fn default() -> Self {
        Self { followed: Mutex::default(), looks: broadcast::Sender::new(BEHIND) }
    }
}

#[derive(Debug, Default)]
struct Followed {
    followers: usize,
    /// The last line that was seen.
    line: i64,
}

/// What one look has found.
#[derive(Debug)]
struct Look {
    jobs: HashMap<Uuid, Job>,
    asked: Vec<Uuid>,
    lines: HashMap<Uuid, Vec<JobLogLine>>,
}

/// What a follower hears of its job.
#[derive(Debug)]
pub enum News {
    /// As it stands now, and the lines since the last look.
    Look(Box<Job>, Vec<JobLogLine>),
    /// It is not there any more.
    Gone,
    /// Too much came to hear it all: lines may have been missed.
    Missed,
}

impl Followers {
    /// Follows a job from now on.
    pub fn follow(&self, app: &Data<App>, id: Uuid) -> Following {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let looks = self.looks.subscribe();
        if followed.is_empty() {
            tokio::spawn(look_again_and_again(app.clone()));
        }
        followed.entry(id).or_default().followers += 1;
        Following { app: app.clone(), id, looks }
    }

    /// Whether anybody follows a job.
    pub fn are_there(&self) -> bool {
        !self.followed.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn asked(&self) -> (Vec<Uuid>, Vec<i64>) {
        let followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.iter().map(|(id, followed)| (*id, followed.line)).unzip()
    }

    /// Whether somebody still follows.
    fn publish(&self, look: Option<Look>) -> bool {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(look) = look {
            for (id, lines) in &look.lines {
                if let (Some(followed), Some(last)) = (followed.get_mut(id), lines.last()) {
                    followed.line = last.id;
                }
            }
            // Nobody may be there any more.
            drop(self.looks.send(Arc::new(look)));
        }
        followed.retain(|_, followed| followed.followers > 0);
        !followed.is_empty()
    }
}

async fn look_again_and_again(app: Data<App>) {
    loop {
        tokio::time::sleep(PERIOD).await;
        let (ids, lines) = app.jobs.followers.asked();
        let look = match look(&app.db.pool, ids, &lines).await {
            Ok(look) => Some(look),
            Err(error) => {
                tracing::debug!(%error, "the jobs that are followed could not be looked at");
                None
            }
        };
        if !app.jobs.followers.publish(look) {
            return;
        }
    }
}

async fn look(pool: &PgPool, asked: Vec<Uuid>, after: &[i64]) -> sqlx::Result<Look> {
    let jobs = jobs::read(pool, &asked, true).await?;
    let mut lines: HashMap<Uuid, Vec<JobLogLine>> = HashMap::new();
    for (id, line) in jobs::log_of_all(pool, &asked, after, MOST_LINES).await? {
        lines.entry(id).or_default().push(line);
    }
    Ok(Look { jobs: jobs.into_iter().map(|job| (job.id, job)).collect(), asked, lines })
}

/// A job that is followed until this is dropped.
pub struct Following {
    app: Data<App>,
    id: Uuid,
    looks: broadcast::Receiver<Arc<Look>>,
}

impl std::fmt::Debug for Following {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Following").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Following {
    /// What the next look brings.
    pub async fn next(&mut self) -> News {
        loop {
            match self.looks.recv().await {
                Ok(look) if !look.asked.contains(&self.id) => {}
                Ok(look) => {
                    let Some(job) = look.jobs.get(&self.id) else { return News::Gone };
                    let lines = look.lines.get(&self.id).cloned().unwrap_or_default();
                    return News::Look(Box::new(job.clone()), lines);
                }
                Err(broadcast::error::RecvError::Lagged(_)) => return News::Missed,
                Err(broadcast::error::RecvError::Closed) => return News::Gone,
            }
        }
    }

    /// Ends when the job is not any more as it was.
    pub async fn moved_on(&mut self, was: &Job) {
        loop {
            match self.next().await {
                News::Look(job, _) if is_same(&job, was) => {}
                News::Missed => {}
                News::Look(..) | News::Gone => return,
            }
        }
    }
}

/// Whether nothing has happened to a job but that its worker told how far it is.
pub fn stands_still(job: &Job, was: &Job) -> bool {
    let stand = |job: &Job| (job.state, job.attempt, job.cancel_requested, job.blocked_by_limit, job.run_at);
    stand(job) == stand(was)
}

/// Whether nothing at all has happened to it.
fn is_same(job: &Job, was: &Job) -> bool {
    stands_still(job, was) && job.progress == was.progress && job.message == was.message
}

impl Drop for Following {
    fn drop(&mut self) {
        let mut followed = self.app.jobs.followers.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(followed) = followed.get_mut(&self.id) {
            followed.followers -= 1;
        }
    }
}

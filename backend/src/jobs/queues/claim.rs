//! `POST /v1/queues/{queue}/claim`

use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use annex_openapi::jobs::leases::{ClaimRequest, ClaimedJob, ClaimedJobs};
use annex_openapi::problem::Problem as ProblemBody;
use serde_json::json;
use sqlx::PgPool;
use tokio::time::Instant;
use uuid::Uuid;

use crate::app::App;
use crate::connection::Exchange;
use crate::extract::{Json, Name, NoParameters, Query, Worker};
use crate::jobs::input::Faults;
use crate::jobs::lease::Token;
use crate::jobs::patience::patiently;
use crate::jobs::store::{self, Claimant, Claimed, Finish, Outcome, leases};
use crate::problem::{Problem, Result};

/// How long a lease lasts where nothing is said.
pub const LEASE_SECONDS: f64 = 60.0;
/// How long a lease may last.
pub const MOST_LEASE_SECONDS: f64 = 3600.0;
/// How often to look where nothing is heard: the connection that hears may be gone.
const LOOK: Duration = Duration::from_secs(5);

/// Take jobs of a queue, to work on them. For workers and admins.
///
/// Where there are none the answer waits for them, for up to `wait_seconds`. They are the worker's until their lease ends: it holds them
/// with heartbeats, and says how each ended with `complete` or `fail`. A worker that is not heard of loses them to others, so a job is
/// done at least once. Jobs of kinds that servers run are not given out. Those whose deadline has passed fail with the code
/// `deadline_passed`.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `validation_failed`
#[utoipa::path(
    post, path = "/v1/queues/{queue}/claim", operation_id = "queues_claim", tag = "workers",
    params(("queue" = String, Path, description = "The queue's name; one that has had no job yet has none", example = "default")),
    request_body(content = ClaimRequest, example = json!({"max": 10, "wait_seconds": 20, "lease_seconds": 60, "worker": "worker-1"})),
    responses(
        (status = 200, description = "The jobs", body = ClaimedJobs),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn claim(
    Worker(identity): Worker,
    request: HttpRequest,
    app: Data<App>,
    Name(queue): Name,
    _: Query<NoParameters>,
    Json(wanted): Json<ClaimRequest>,
) -> Result<HttpResponse> {
    let mut faults = Faults::default();
    faults.bound("", "max", wanted.max, 1, 100);
    faults.bound("", "wait_seconds", wanted.wait_seconds, 0.0, 30.0);
    faults.bound("", "lease_seconds", wanted.lease_seconds, 1.0, MOST_LEASE_SECONDS);
    faults.text("", "worker", wanted.worker.as_deref(), 200);
    faults.check()?;
    let worker = wanted.worker.as_deref().unwrap_or(&identity.email);
    let claimant = Claimant::Remote(worker, wanted.lease_seconds.unwrap_or(LEASE_SECONDS));
    let most = i32::from(wanted.max.unwrap_or(1));
    let until = Instant::now() + Duration::from_secs_f64(wanted.wait_seconds.unwrap_or(0.0));

    let exchange = request.conn_data::<Rc<Exchange>>();
    let is_gone = || exchange.is_some_and(|exchange| exchange.is_gone());
    let woken = app.jobs.wake.queue(&queue);
    loop {
        // Who begins to wait first misses nothing.
        let mut woken = pin!(woken.notified());
        woken.as_mut().enable();
        let (jobs, hold) = take(&app, &queue, most, claimant).await?;
        let left = until.saturating_duration_since(Instant::now());
        if is_gone() {
            // Nobody reads the answer, and what was taken goes back.
            return Ok(HttpResponse::Ok().json(ClaimedJobs { jobs: Vec::new() }));
        }
        if !jobs.is_empty() || left.is_zero() {
            let body = serde_json::to_vec(&ClaimedJobs { jobs }).map_err(Problem::internal)?;
            let response = HttpResponse::Ok()
                .insert_header((CONTENT_TYPE, "application/json"))
                .insert_header((CACHE_CONTROL, "no-store"))
                .body(Handed { body: Some(body.into()), hold });
            return Ok(response);
        }
        drop(tokio::time::timeout(left.min(LOOK), woken).await);
    }
}

/// Takes jobs. Those that come too late have failed, and others are taken for them.
async fn take(app: &App, queue: &str, most: i32, claimant: Claimant<'_>) -> Result<(Vec<ClaimedJob>, Hold)> {
    loop {
        let mut hold = Hold { pool: app.db.pool.clone(), held: Vec::new() };
        let claimed = patiently(async || store::claim(&app.db.pool, queue, most, claimant).await).await?;
        let Some(first) = claimed.first() else { return Ok((Vec::new(), hold)) };
        hold.held = claimed.iter().map(|job| (job.lease, job.position)).collect();
        let (lease_expires_at, late) = leases::claimed(&app.db.pool, first.lease).await?;
        let (late, claimed): (Vec<Claimed>, Vec<Claimed>) =
            claimed.into_iter().partition(|job| late.contains(&job.position));
        if !late.is_empty() {
            fail_late(app, &late).await?;
            hold.held.retain(|held| !late.iter().any(|job| (job.lease, job.position) == *held));
        }
        if claimed.is_empty() {
            continue;
        }
        let steps: Vec<Uuid> =
            claimed.iter().filter(|job| job.batch_id.is_some()).map(|job| job.id).collect();
        let mut inputs = match steps.is_empty() {
            true => Default::default(),
            false => leases::inputs(&app.db.pool, &steps).await?,
        };
        let jobs = claimed.into_iter().map(|job| {
            Ok(ClaimedJob {
                id: job.id,
                kind: job.kind,
                args: serde_json::from_str(job.args.get()).map_err(Problem::internal)?,
                attempt: job.attempt.unsigned_abs(),
                max_attempts: job.max_attempts.unsigned_abs(),
                lease_token: app.jobs.leases.write(Token { lease: job.lease, position: job.position }),
                lease_expires_at,
                deadline: job.deadline,
                timeout_seconds: job.timeout_seconds.map(i32::unsigned_abs),
                batch_id: job.batch_id,
                inputs: inputs.remove(&job.id).unwrap_or_default(),
            })
        });
        return Ok((jobs.collect::<Result<_>>()?, hold));
    }
}

async fn fail_late(app: &App, late: &[Claimed]) -> Result<()> {
    let finishes: Vec<Finish> = late
        .iter()
        .map(|job| Finish {
            lease: job.lease,
            position: job.position,
            outcome: Outcome::Failed {
                error: json!({"code": "deadline_passed", "message": "The deadline had passed when its turn came"}),
                retry: false,
                delay: None,
            },
        })
        .collect();
    patiently(async || store::finish(&app.db.pool, &finishes).await).await?;
    Ok(())
}

/// Jobs that are on their way to a worker: where it does not get them, they are given back.
struct Hold {
    pool: PgPool,
    held: Vec<(i64, i32)>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let (pool, held) = (self.pool.clone(), std::mem::take(&mut self.held));
        drop(tokio::spawn(async move {
            if let Err(error) = store::release(&pool, &held).await {
                tracing::warn!(%error, "jobs that a worker did not get could not be given back; their lease ends by itself");
            }
        }));
    }
}

/// The answer, which is on its way when it has been asked for.
struct Handed {
    body: Option<Bytes>,
    hold: Hold,
}

impl MessageBody for Handed {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.body.as_ref().map_or(0, Bytes::len) as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.hold.held.clear();
        Poll::Ready(self.body.take().map(Ok))
    }
}

//! `Idempotency-Key`: a POST or a PATCH that is sent again has its effect once, and the same answer.
//!
//! The key is claimed before the request is worked on and its answer is kept afterwards. The work is a task of its own, so
//! that it comes to its end where the client has gone: that client is the one that will ask again. A server that dies in
//! the middle leaves a lease, which ends soon.

mod answer;
mod key;
mod store;
mod sweep;

use std::time::Duration;

use actix_web::Error;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use sqlx::PgPool;
use uuid::Uuid;

use self::answer::Kept;
use self::key::Key;
use self::store::{Claim, Lease};
use crate::app::App;
use crate::clock::Clock;
use crate::problem::{Code, Problem, Result};

pub use answer::REPLAYED;
pub use key::{IDEMPOTENCY_KEY, has_keys};
pub use sweep::sweep;

/// How long an answer is kept.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a server that does not speak up any more is waited for.
const LEASE: Duration = Duration::from_secs(15);
/// How often a server that works on a request speaks up.
const RENEWAL: Duration = Duration::from_secs(5);

/// Wraps the routes, inside of what finds out who is calling; see the module.
///
/// # Errors
/// Those of the routes.
pub async fn idempotent<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    if !key::applies(&request) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    let app = request.app_data::<Data<App>>().expect("the application has its state").clone();
    let claimed = match Key::of(&mut request, &app).await {
        Ok(key) => claim(&app, &key).await,
        Err(problem) => Err(problem),
    };
    match claimed {
        Ok(Claimed::Work(work)) => {
            let working = actix_web::rt::spawn(work.run(request, next));
            match working.await {
                Ok(answered) => answered.map(ServiceResponse::map_into_right_body),
                Err(ended) => match ended.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(cancelled) => Err(Problem::internal(cancelled).into()),
                },
            }
        }
        Ok(Claimed::Answer(kept)) => Ok(kept.replay(request).map_into_right_body()),
        Err(problem) => Ok(request.error_response(problem).map_into_right_body()),
    }
}

/// What is to be done for a key.
enum Claimed {
    /// The work.
    Work(Work),
    /// Nothing: this was answered.
    Answer(Kept),
}

async fn claim(app: &Data<App>, key: &Key) -> Result<Claimed> {
    let now = app.clock.now();
    let lease = Lease { key: key.id, holder: app.clock.uuid_v7() };
    match store::claim(&app.db.pool, &lease, &key.fingerprint, now, now + LEASE, now + LIFETIME).await? {
        Claim::Held => Ok(Claimed::Work(Work { app: app.clone(), lease, is_stream: key.is_stream })),
        Claim::Answered(kept) => Ok(Claimed::Answer(kept)),
        Claim::InFlight => Err(Problem::new(
            Code::IdempotencyInFlight,
            "A request with this `Idempotency-Key` is being worked on",
        )
        .with_retry_after(1)),
        Claim::Other => Err(Problem::new(
            Code::IdempotencyMismatch,
            "This `Idempotency-Key` came with another request before",
        )
        .with_hint("Make a new key for each new request, and send the very same request with a key again")),
    }
}

/// A request that is worked on under a lease.
struct Work {
    app: Data<App>,
    lease: Lease,
    is_stream: bool,
}

impl Work {
    /// Answers the request and keeps the answer. What has had no effect is not kept: the key is free again.
    async fn run<B: MessageBody + 'static>(
        self,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let pool = self.app.db.pool.clone();
        let renewing = Renewing::start(&pool, &self.app.clock, self.lease);
        let answered = next.call(request).await.map(ServiceResponse::map_into_boxed_body);
        drop(renewing);
        let (answered, kept) = match answered {
            Ok(response) => {
                let (response, kept) = Kept::of(response);
                // A stream that broke off, or was not taken, is sent again.
                let is_kept = !self.is_stream || response.status().is_success();
                (Ok(response), kept.filter(|_| is_kept))
            }
            Err(error) => (Err(error), None),
        };
        let stored = match kept {
            Some(kept) => store::keep(&pool, &self.lease, &kept).await,
            None => store::release(&pool, &self.lease).await,
        };
        if let Err(error) = stored {
            tracing::warn!(%error, "the answer to a request with an idempotency key could not be kept");
        }
        answered
    }
}

/// Renews a lease until it is dropped.
struct Renewing(tokio::task::JoinHandle<()>);

impl Renewing {
    fn start(pool: &PgPool, clock: &Clock, lease: Lease) -> Self {
        let (pool, clock) = (pool.clone(), clock.clone());
        Self(actix_web::rt::spawn(async move {
            loop {
                tokio::time::sleep(RENEWAL).await;
                if let Err(error) = store::renew(&pool, &lease, clock.now() + LEASE).await {
                    tracing::warn!(%error, "the lease of an idempotency key could not be renewed");
                }
            }
        }))
    }
}

impl Drop for Renewing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Names whoever works on a request.
type Holder = Uuid;

//! `webhook.deliver`: tells a webhook what waits in a lane, one after the other.
//!
//! The job fails with each attempt that does, and is tried again when that delivery is due again; what is behind it waits. It succeeds
//! when nothing is left in the lane, under a lock that whoever adds to the lane holds too: so a lane in which something waits has a job.

use std::time::Duration;

use annex_openapi::webhooks::{DeliveryState, DisabledReason};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::deliveries::store::{self, Attempt, Due};
use super::send::send;
use crate::app::App;
use crate::events::store::disable_webhook;
use crate::jobs::{Completed, Context, Job, JobError};

/// For how long something is tried to be delivered.
const GIVEN_UP_AFTER: time::Duration = time::Duration::days(3);

/// For how long nothing must be delivered before a webhook is disabled.
const DISABLED_AFTER: time::Duration = time::Duration::days(5);

/// The longest time between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// What the receiver answers where it wants no more.
const GONE: u16 = 410;

/// The arguments.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deliver {
    webhook: Uuid,
    lane: Uuid,
}

impl Job for Deliver {
    const KIND: &'static str = "webhook.deliver";
    const DESCRIPTION: &'static str = "Tells a webhook what happened to one record or account, in order.";

    fn schema() -> Option<Value> {
        Some(json!({
            "type": "object",
            "properties": {
                "webhook": {"type": "string", "format": "uuid"},
                "lane": {"type": "string", "format": "uuid", "description": "What is delivered in order"},
            },
            "required": ["webhook", "lane"],
            "additionalProperties": false,
        }))
    }

    async fn run(self, context: Context) -> Result<Completed, JobError> {
        let app = context.app();
        let mut delivered = 0;
        loop {
            let Some(due) = store::due(&app.db.pool, self.webhook, self.lane).await? else {
                let mut transaction = context.begin().await?;
                store::close_lane(&mut transaction, self.webhook, self.lane).await?;
                if store::due(&mut *transaction, self.webhook, self.lane).await?.is_none() {
                    return context.complete(transaction, Some(json!({"delivered": delivered}))).await;
                }
                transaction.rollback().await?;
                continue;
            };
            if self.deliver(app, &due).await? {
                delivered += 1;
            }
        }
    }
}

impl Deliver {
    /// Makes one attempt; whether it was taken. Where it was given up, the next one comes to its turn.
    async fn deliver(&self, app: &App, due: &Due) -> Result<bool, JobError> {
        let (attempt, retry_after) = send(app, due).await;
        let status = attempt.outcome.as_ref().ok().map(|response| response.status);
        let wait = wait(app, due.failures).max(retry_after.unwrap_or_default().min(LONGEST_WAIT));
        let failing = due.failing_since.is_some_and(|since| attempt.at - since >= DISABLED_AFTER);
        let verdict = match status {
            Some(200..300) => Verdict::Delivered,
            Some(GONE) => Verdict::Failed(Some(DisabledReason::Gone)),
            // Whoever tries it wants to know at once.
            _ if due.is_test => Verdict::Failed(None),
            _ if attempt.at - due.queued_at >= GIVEN_UP_AFTER => {
                Verdict::Failed(failing.then_some(DisabledReason::Failing))
            }
            _ if failing => Verdict::Kept,
            _ => Verdict::Again(wait),
        };
        self.record(app, due, &attempt, &verdict).await?;
        match verdict {
            Verdict::Delivered => Ok(true),
            Verdict::Failed(_) | Verdict::Kept => Ok(false),
            Verdict::Again(wait) => {
                let why = match attempt.outcome {
                    Ok(response) => format!("The webhook answered {}", response.status),
                    Err(error) => error.message,
                };
                Err(JobError::retry(why).code("not_delivered").after(wait))
            }
        }
    }

    /// Writes what came of an attempt.
    async fn record(
        &self,
        app: &App,
        due: &Due,
        attempt: &Attempt,
        verdict: &Verdict,
    ) -> Result<(), JobError> {
        let (state, next_attempt_at, disabled) = match verdict {
            Verdict::Delivered => (DeliveryState::Delivered, None, None),
            Verdict::Failed(reason) => (DeliveryState::Failed, None, *reason),
            Verdict::Kept => (DeliveryState::Pending, None, Some(DisabledReason::Failing)),
            Verdict::Again(wait) => (DeliveryState::Pending, Some(app.clock.now() + *wait), None),
        };
        let mut transaction = crate::db::begin(&app.db.pool).await?;
        if !store::record(&mut transaction, due, attempt, state, next_attempt_at).await? {
            let why = "Another worker has made the same delivery, or it is gone";
            return Err(JobError::retry(why).code("overtaken").after(Duration::ZERO));
        }
        if state == DeliveryState::Delivered {
            store::note_delivered(&mut *transaction, self.webhook, attempt.at).await?;
        } else {
            store::note_failing(&mut *transaction, self.webhook, attempt.at).await?;
        }
        if let Some(reason) = disabled
            && disable_webhook(&mut *transaction, self.webhook, reason.as_str(), attempt.at).await?
        {
            tracing::warn!(webhook = %self.webhook, reason = reason.as_str(), "A webhook is disabled");
        }
        transaction.commit().await?;
        if disabled.is_some() {
            app.catalogue.refresh_now(&app.db.pool).await?;
        }
        Ok(())
    }
}

/// What becomes of a delivery behind an attempt.
#[derive(Debug)]
enum Verdict {
    /// It is made.
    Delivered,
    /// It is given up, and the webhook may be disabled.
    Failed(Option<DisabledReason>),
    /// The webhook is disabled, and it waits until it is enabled again.
    Kept,
    /// It is tried again after that.
    Again(Duration),
}

/// How long to wait after so many failures and one more: each time twice as long, and up to a fifth less by chance.
fn wait(app: &App, failures: i32) -> Duration {
    let doubled = 1_u32 << failures.clamp(0, 20);
    let longest = app.config.webhooks.first_retry.saturating_mul(doubled).min(LONGEST_WAIT);
    let chance = f64::from(u16::from_le_bytes(app.random.bytes())) / f64::from(u16::MAX);
    longest.mul_f64(1.0 - chance / 5.0)
}

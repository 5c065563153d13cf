//! Deliveries in the database.

use std::collections::BTreeMap;

use annex_openapi::events::EventType;
use annex_openapi::webhooks::{Delivery, DeliveryAttempt, DeliveryError, DeliveryResponse, DeliveryState};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor, Result};
use time::OffsetDateTime;
use uuid::Uuid;

struct Row {
    id: Uuid,
    type_: String,
    subject: String,
    state: String,
    attempts: i32,
    last_status: Option<i16>,
    next_attempt_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    finished_at: Option<OffsetDateTime>,
}

impl From<Row> for Delivery {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            type_: EventType::parse(&row.type_).unwrap_or(EventType::WebhookTest),
            subject: row.subject,
            state: DeliveryState::parse(&row.state).unwrap_or(DeliveryState::Pending),
            attempts: row.attempts.unsigned_abs(),
            last_status: row.last_status.map(i16::unsigned_abs),
            next_attempt_at: row.next_attempt_at,
            created_at: row.created_at,
            finished_at: row.finished_at,
        }
    }
}

/// Which deliveries a list is of.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The one with that id.
    pub id: Option<Uuid>,
    /// Those that stand so.
    pub state: Option<DeliveryState>,
    /// Those of that type.
    pub type_: Option<EventType>,
    /// Those whose subject begins so.
    pub subject: Option<String>,
    /// Those that were made then or later.
    pub since: Option<OffsetDateTime>,
    /// Those that were made before.
    pub until: Option<OffsetDateTime>,
}

/// Deliveries to a webhook, the newest first.
///
/// # Errors
/// The database does not answer.
pub async fn list(
    executor: impl PgExecutor<'_>,
    webhook: Uuid,
    wanted: &Wanted,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Delivery>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id, type as type_, subject, state, attempts, last_status, next_attempt_at, created_at, finished_at
             from annex.webhook_deliveries
            where webhook_id = $1 and ($2::uuid is null or id = $2) and ($3::text is null or state = $3)
              and ($4::text is null or type = $4) and ($5::text is null or starts_with(subject, $5))
              and ($6::timestamptz is null or created_at >= $6) and ($7::timestamptz is null or created_at < $7)
              and ($8::uuid is null or id < $8)
            order by id desc limit $9"#,
        webhook,
        wanted.id,
        wanted.state.map(DeliveryState::as_str),
        wanted.type_.map(EventType::as_str),
        wanted.subject,
        wanted.since,
        wanted.until,
        before,
        limit,
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(Delivery::from).collect())
}

/// The newest delivery to a webhook that is about that.
///
/// # Errors
/// The database does not answer.
pub async fn of_subject(
    executor: impl PgExecutor<'_>,
    webhook: Uuid,
    subject: &str,
) -> Result<Option<Delivery>> {
    let wanted = Wanted { subject: Some(subject.to_owned()), ..Wanted::default() };
    Ok(list(executor, webhook, &wanted, None, 1).await?.pop())
}

/// What is sent.
///
/// # Errors
/// The database does not answer.
pub async fn body(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Option<String>> {
    sqlx::query_scalar!("select body from annex.webhook_deliveries where id = $1", id)
        .fetch_optional(executor)
        .await
}

/// The last attempts, at most a hundred, the first one first.
///
/// # Errors
/// The database does not answer.
pub async fn attempts(executor: impl PgExecutor<'_>, id: Uuid) -> Result<Vec<DeliveryAttempt>> {
    let rows = sqlx::query!(
        r#"select attempt, at, duration_ms, url, request_headers as "request_headers: Json<BTreeMap<String, String>>", status,
                  response_headers as "response_headers: Json<BTreeMap<String, String>>", response_body, truncated, error_code, error
             from annex.webhook_attempts where delivery_id = $1 order by attempt desc limit 100"#,
        id
    )
    .fetch_all(executor)
    .await?;
    let attempts = rows.into_iter().rev().map(|row| DeliveryAttempt {
        attempt: row.attempt.unsigned_abs(),
        at: row.at,
        duration_ms: row.duration_ms.unsigned_abs(),
        url: row.url,
        request_headers: row.request_headers.0,
        response: row.status.map(|status| DeliveryResponse {
            status: status.unsigned_abs(),
            headers: row.response_headers.map(|headers| headers.0).unwrap_or_default(),
            body: row.response_body.unwrap_or_default(),
            truncated: row.truncated,
        }),
        error: row.error_code.map(|code| DeliveryError { code, message: row.error.unwrap_or_default() }),
    });
    Ok(attempts.collect())
}

/// The oldest deliveries of a period that are delivered or given up.
///
/// # Errors
/// The database does not answer.
pub async fn within(
    executor: impl PgExecutor<'_>,
    webhook: Uuid,
    from: OffsetDateTime,
    to: OffsetDateTime,
    state: Option<&str>,
    most: i64,
) -> Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "select id from annex.webhook_deliveries
          where webhook_id = $1 and created_at >= $2 and created_at < $3 and state <> 'pending' and ($4::text is null or state = $4)
          order by id limit $5",
        webhook,
        from,
        to,
        state,
        most,
    )
    .fetch_all(executor)
    .await
}

/// Has deliveries made again that are not to be made anyway. How many.
///
/// # Errors
/// The database does not answer.
pub async fn queue_again(connection: &mut PgConnection, webhook: Uuid, ids: &[Uuid]) -> Result<u64> {
    let lanes = sqlx::query_scalar!(
        "select distinct lane from annex.webhook_deliveries where webhook_id = $1 and id = any($2) order by lane",
        webhook,
        ids
    )
    .fetch_all(&mut *connection)
    .await?;
    let webhooks = vec![webhook; lanes.len()];
    sqlx::query!("select annex.hold_lanes($1, $2)", &webhooks, &lanes).fetch_one(&mut *connection).await?;
    let queued = sqlx::query!(
        "update annex.webhook_deliveries
            set state = 'pending', finished_at = null, failures = 0, queued_at = clock_timestamp(), next_attempt_at = null
          where webhook_id = $1 and id = any($2) and state <> 'pending'",
        webhook,
        ids
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("select annex.enqueue_lanes($1, $2)", &webhooks, &lanes).fetch_one(connection).await?;
    Ok(queued.rows_affected())
}

/// A delivery that is to be made, and to whom.
#[derive(Debug)]
pub struct Due {
    /// The delivery.
    pub id: Uuid,
    /// What is sent.
    pub body: String,
    /// How often it was tried.
    pub attempts: i32,
    /// How often that failed since it was queued.
    pub failures: i32,
    /// Whether an admin tries the webhook.
    pub is_test: bool,
    /// From when on it is tried.
    pub queued_at: OffsetDateTime,
    /// Where.
    pub url: String,
    /// With which headers.
    pub headers: Json<BTreeMap<String, String>>,
    /// What it is signed with.
    pub secret: Vec<u8>,
    /// And with that.
    pub previous_secret: Option<Vec<u8>>,
    /// Until then.
    pub previous_secret_expires_at: Option<OffsetDateTime>,
    /// Since when nothing can be delivered to the webhook.
    pub failing_since: Option<OffsetDateTime>,
}

/// The oldest delivery of a lane that is to be made; none where nothing is, or the webhook is disabled.
///
/// # Errors
/// The database does not answer.
pub async fn due(executor: impl PgExecutor<'_>, webhook: Uuid, lane: Uuid) -> Result<Option<Due>> {
    sqlx::query_as!(
        Due,
        r#"select d.id, d.body, d.attempts, d.failures, d.type = 'webhook.test' as "is_test!", d.queued_at, w.url, w.headers as "headers: Json<BTreeMap<String, String>>",
                  w.secret, w.previous_secret, w.previous_secret_expires_at, w.failing_since
             from annex.webhook_deliveries d join annex.webhooks w on w.id = d.webhook_id
            where d.webhook_id = $1 and d.lane = $2 and d.state = 'pending' and (w.enabled or d.type = 'webhook.test')
            order by d.sequence limit 1"#,
        webhook,
        lane
    )
    .fetch_optional(executor)
    .await
}

/// Keeps others from adding to a lane until the transaction ends.
///
/// # Errors
/// The database does not answer.
pub async fn close_lane(connection: &mut PgConnection, webhook: Uuid, lane: Uuid) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(8316461, annex.lane_lock($1, $2))", webhook, lane)
        .fetch_one(connection)
        .await?;
    Ok(())
}

/// What came of an attempt.
#[derive(Debug)]
pub struct Attempt {
    /// When it began.
    pub at: OffsetDateTime,
    /// How long it took.
    pub duration_ms: i32,
    /// Where it was sent.
    pub url: String,
    /// With which headers.
    pub request_headers: BTreeMap<String, String>,
    /// What was answered, or why nothing was.
    pub outcome: Result<DeliveryResponse, DeliveryError>,
}

/// Writes an attempt, and how the delivery stands behind it: delivered or given up, or tried again at that time. False where it is
/// another's by now.
///
/// # Errors
/// The database does not answer.
pub async fn record(
    connection: &mut PgConnection,
    due: &Due,
    attempt: &Attempt,
    state: DeliveryState,
    next_attempt_at: Option<OffsetDateTime>,
) -> Result<bool> {
    let response = attempt.outcome.as_ref().ok();
    let error = attempt.outcome.as_ref().err();
    let status = response.map(|response| response.status.cast_signed());
    let finished_at = (state != DeliveryState::Pending).then_some(attempt.at);
    let updated = sqlx::query!(
        "update annex.webhook_deliveries
            set state = $3, attempts = attempts + 1, failures = failures + case when $3 = 'delivered' then 0 else 1 end,
                last_status = $4, next_attempt_at = $5, finished_at = $6
          where id = $1 and state = 'pending' and attempts = $2",
        due.id,
        due.attempts,
        state.as_str(),
        status,
        next_attempt_at,
        finished_at,
    )
    .execute(&mut *connection)
    .await?;
    if updated.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "insert into annex.webhook_attempts (delivery_id, attempt, at, duration_ms, url, request_headers, status, response_headers,
            response_body, truncated, error_code, error)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        due.id,
        due.attempts + 1,
        attempt.at,
        attempt.duration_ms,
        attempt.url,
        Json(&attempt.request_headers) as _,
        status,
        response.map(|response| Json(&response.headers)) as _,
        response.map(|response| &response.body),
        response.is_some_and(|response| response.truncated),
        error.map(|error| &error.code),
        error.map(|error| &error.message),
    )
    .execute(connection)
    .await?;
    Ok(true)
}

/// Notes that something was delivered to a webhook: now and then, or where nothing could be before.
///
/// # Errors
/// The database does not answer.
pub async fn note_delivered(executor: impl PgExecutor<'_>, webhook: Uuid, at: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "update annex.webhooks set failing_since = null, last_delivered_at = $2
          where id = $1 and (failing_since is not null or last_delivered_at is null or last_delivered_at < $2::timestamptz - interval '1 s')",
        webhook,
        at
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Notes that nothing can be delivered to a webhook.
///
/// # Errors
/// The database does not answer.
pub async fn note_failing(executor: impl PgExecutor<'_>, webhook: Uuid, at: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "update annex.webhooks set failing_since = $2 where id = $1 and failing_since is null",
        webhook,
        at
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Forgets deliveries that ended before, and those that wait that long for a webhook that is disabled. How many.
///
/// # Errors
/// The database does not answer.
pub async fn forget(executor: impl PgExecutor<'_>, before: OffsetDateTime, most: i64) -> Result<u64> {
    let forgotten = sqlx::query!(
        "delete from annex.webhook_deliveries d using (
             (select e.id from annex.webhook_deliveries e where e.finished_at < $1 order by e.finished_at limit $2)
             union all
             (select p.id from annex.webhook_deliveries p join annex.webhooks w on w.id = p.webhook_id
               where p.state = 'pending' and not w.enabled and p.queued_at < $1 limit $2)
         ) old where d.id = old.id",
        before,
        most
    )
    .execute(executor)
    .await?;
    Ok(forgotten.rows_affected())
}

/// Has jobs look after lanes that have none, since somebody cancelled it: those in which the next attempt is overdue.
///
/// # Errors
/// The database does not answer.
pub async fn pick_up(executor: impl PgExecutor<'_>, most: i64) -> Result<()> {
    sqlx::query!(
        "select annex.enqueue_lanes(array_agg(l.webhook_id), array_agg(l.lane))
           from (
               select distinct d.webhook_id, d.lane from annex.webhook_deliveries d join annex.webhooks w on w.id = d.webhook_id
                where d.state = 'pending' and w.enabled
                  and coalesce(d.next_attempt_at, d.queued_at) < clock_timestamp() - interval '1 min'
                  and not exists (
                      select from annex.unique_jobs u where u.kind = 'webhook.deliver' and u.key = d.webhook_id || '/' || d.lane)
                limit $1
           ) l
         having count(*) > 0",
        most
    )
    .fetch_optional(executor)
    .await?;
    Ok(())
}

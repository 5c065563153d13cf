//! Webhooks in the database.

use std::collections::BTreeMap;

use annex_openapi::events::EventType;
use annex_openapi::webhooks::{DisabledReason, Webhook};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor, Result};
use time::OffsetDateTime;
use uuid::Uuid;

struct Row {
    id: Uuid,
    name: String,
    url: String,
    events: Vec<String>,
    collection: Option<String>,
    condition: Option<String>,
    fields: Option<Vec<String>>,
    headers: Json<BTreeMap<String, String>>,
    enabled: bool,
    disabled_reason: Option<String>,
    disabled_at: Option<OffsetDateTime>,
    failing_since: Option<OffsetDateTime>,
    last_delivered_at: Option<OffsetDateTime>,
    events_lost_at: Option<OffsetDateTime>,
    previous_secret_expires_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl From<Row> for Webhook {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            url: row.url,
            events: row.events.iter().filter_map(|event| EventType::parse(event)).collect(),
            collection: row.collection,
            condition: row.condition,
            fields: row.fields,
            headers: row.headers.0,
            enabled: row.enabled,
            disabled_reason: row.disabled_reason.as_deref().and_then(DisabledReason::parse),
            disabled_at: row.disabled_at,
            failing_since: row.failing_since,
            last_delivered_at: row.last_delivered_at,
            events_lost_at: row.events_lost_at,
            previous_secret_expires_at: row.previous_secret_expires_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            secret: None,
        }
    }
}

/// The webhook of that id, or a page of all, the newest first.
///
/// # Errors
/// The database does not answer.
pub async fn list(
    executor: impl PgExecutor<'_>,
    id: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Webhook>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select w.id, w.name, w.url, w.events, w.collection, w.condition, w.fields,
                  w.headers as "headers: Json<BTreeMap<String, String>>", w.enabled, w.disabled_reason, w.disabled_at,
                  w.failing_since, w.last_delivered_at,
                  case when w.collection is not null and l.lost_at >= w.created_at then l.lost_at end as events_lost_at,
                  case when w.previous_secret_expires_at > clock_timestamp() then w.previous_secret_expires_at end
                      as previous_secret_expires_at,
                  w.created_at, w.updated_at
             from annex.webhooks w cross join annex.event_log l
            where ($1::uuid is null or w.id = $1) and ($2::uuid is null or w.id < $2)
            order by w.id desc limit $3"#,
        id,
        before,
        limit,
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(Webhook::from).collect())
}

/// The webhook of that id, held until the transaction ends.
///
/// # Errors
/// The database does not answer.
pub async fn hold(connection: &mut PgConnection, id: Uuid) -> Result<Option<Webhook>> {
    sqlx::query!("select id from annex.webhooks where id = $1 for no key update", id)
        .fetch_optional(&mut *connection)
        .await?;
    Ok(list(connection, Some(id), None, 1).await?.pop())
}

/// What is written of a webhook.
#[derive(Debug)]
pub struct Written<'a> {
    /// The webhook.
    pub webhook: &'a Webhook,
    /// The host of its URL.
    pub host: &'a str,
}

impl Written<'_> {
    fn events(&self) -> Vec<&'static str> {
        self.webhook.events.iter().map(|event| event.as_str()).collect()
    }
}

/// Makes a webhook.
///
/// # Errors
/// The database does not answer; `webhooks_name_key`, `webhooks_collection_fkey`.
pub async fn insert(executor: impl PgExecutor<'_>, written: &Written<'_>, secret: &[u8]) -> Result<()> {
    let Webhook { id, name, url, collection, condition, fields, headers, enabled, created_at, .. } =
        written.webhook;
    sqlx::query!(
        "insert into annex.webhooks (id, name, url, host, events, collection, condition, fields, headers, enabled, secret,
            created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
        id,
        name,
        url,
        written.host,
        &written.events() as &[&str],
        *collection,
        *condition,
        fields.as_deref(),
        Json(headers) as _,
        enabled,
        secret,
        created_at,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Changes a webhook. One that is enabled again begins anew: what happened meanwhile is not told.
///
/// # Errors
/// As for [`insert`].
pub async fn update(executor: impl PgExecutor<'_>, written: &Written<'_>) -> Result<()> {
    let Webhook { id, name, url, collection, condition, fields, headers, enabled, updated_at, .. } =
        written.webhook;
    sqlx::query!(
        "update annex.webhooks set name = $2, url = $3, host = $4, events = $5,
            told_from = case when $10 and not enabled or collection is distinct from $6 then annex.log_position() else told_from end,
            failing_since = case when $10 and not enabled or url <> $3 then null else failing_since end,
            disabled_reason = case when not $10 then disabled_reason end, disabled_at = case when not $10 then disabled_at end,
            collection = $6, condition = $7, fields = $8, headers = $9, enabled = $10, updated_at = $11
         where id = $1",
        id,
        name,
        url,
        written.host,
        &written.events() as &[&str],
        *collection,
        *condition,
        fields.as_deref(),
        Json(headers) as _,
        enabled,
        updated_at,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Has jobs look after all lanes of a webhook in which something waits.
///
/// # Errors
/// The database does not answer.
pub async fn resume(executor: impl PgExecutor<'_>, id: Uuid) -> Result<()> {
    sqlx::query!(
        "select annex.enqueue_lanes(array_agg(d.webhook_id), array_agg(d.lane))
           from (select distinct webhook_id, lane from annex.webhook_deliveries where webhook_id = $1 and state = 'pending') d
         having count(*) > 0",
        id
    )
    .fetch_optional(executor)
    .await?;
    Ok(())
}

/// Gives a webhook another secret; messages are signed with the one before too until then.
///
/// # Errors
/// The database does not answer.
pub async fn rotate(
    executor: impl PgExecutor<'_>,
    id: Uuid,
    secret: &[u8],
    expires_at: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<bool> {
    let rotated = sqlx::query!(
        "update annex.webhooks set previous_secret = secret, previous_secret_expires_at = $3, secret = $2, updated_at = $4
          where id = $1",
        id,
        secret,
        expires_at,
        now,
    )
    .execute(executor)
    .await?;
    Ok(rotated.rows_affected() > 0)
}

/// Forgets a webhook, with all that it was told. Whether it was there.
///
/// # Errors
/// The database does not answer.
pub async fn delete(executor: impl PgExecutor<'_>, id: Uuid) -> Result<bool> {
    let deleted = sqlx::query!("delete from annex.webhooks where id = $1", id).execute(executor).await?;
    Ok(deleted.rows_affected() > 0)
}

//! Triggers in the database.

use annex_openapi::events::EventType;
use annex_openapi::jobs::JobCreate;
use annex_openapi::triggers::Trigger;
use annex_openapi::webhooks::DisabledReason;
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor, Result};
use time::OffsetDateTime;
use uuid::Uuid;

struct Row {
    name: String,
    events: Vec<String>,
    collection: Option<String>,
    condition: Option<String>,
    job: Value,
    enabled: bool,
    disabled_reason: Option<String>,
    events_lost_at: Option<OffsetDateTime>,
    created_by: Option<Uuid>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl From<Row> for Trigger {
    fn from(mut row: Row) -> Self {
        // As `annex.enqueue_jobs` takes it, it says by whom.
        if let Some(job) = row.job.as_object_mut() {
            job.remove("created_by");
        }
        Self {
            name: row.name,
            events: row.events.iter().filter_map(|event| EventType::parse(event)).collect(),
            collection: row.collection,
            condition: row.condition,
            job: serde_json::from_value::<JobCreate>(row.job).unwrap_or_default(),
            enabled: row.enabled,
            disabled_reason: row.disabled_reason.as_deref().and_then(DisabledReason::parse),
            events_lost_at: row.events_lost_at,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The trigger of that name, or a page of all, by name.
///
/// # Errors
/// The database does not answer.
pub async fn list(
    executor: impl PgExecutor<'_>,
    name: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Trigger>> {
    let rows = sqlx::query_as!(
        Row,
        "select t.name, t.events, t.collection, t.condition, t.job, t.enabled, t.disabled_reason,
                case when t.collection is not null and l.lost_at >= t.created_at then l.lost_at end as events_lost_at,
                t.created_by, t.created_at, t.updated_at
           from annex.triggers t cross join annex.event_log l
          where ($1::text is null or t.name = $1) and ($2::text is null or t.name > $2)
          order by t.name limit $3",
        name,
        after,
        limit,
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(Trigger::from).collect())
}

/// The trigger of that name, held until the transaction ends.
///
/// # Errors
/// The database does not answer.
pub async fn hold(connection: &mut PgConnection, name: &str) -> Result<Option<Trigger>> {
    sqlx::query!("select name from annex.triggers where name = $1 for update", name)
        .fetch_optional(&mut *connection)
        .await?;
    Ok(list(connection, Some(name), None, 1).await?.pop())
}

/// Makes the trigger so. One that is enabled again begins anew: what happened meanwhile enqueues nothing.
///
/// # Errors
/// The database does not answer; `triggers_collection_fkey`.
pub async fn replace(executor: impl PgExecutor<'_>, trigger: &Trigger, job: &Value) -> Result<()> {
    let Trigger { name, collection, condition, enabled, created_by, created_at, updated_at, .. } = trigger;
    let events: Vec<&str> = trigger.events.iter().map(|event| event.as_str()).collect();
    sqlx::query!(
        "insert into annex.triggers as t (name, events, collection, condition, job, enabled, created_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (name) do update set events = excluded.events, collection = excluded.collection, condition = excluded.condition,
            job = excluded.job, enabled = excluded.enabled, disabled_reason = case when not excluded.enabled then t.disabled_reason end,
            told_from = case when excluded.enabled and not t.enabled or excluded.collection is distinct from t.collection
                then excluded.told_from else t.told_from end,
            updated_at = excluded.updated_at",
        name,
        &events as &[&str],
        *collection,
        *condition,
        job,
        enabled,
        *created_by,
        created_at,
        updated_at,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Forgets a trigger. Whether it was there.
///
/// # Errors
/// The database does not answer.
pub async fn delete(executor: impl PgExecutor<'_>, name: &str) -> Result<bool> {
    let deleted = sqlx::query!("delete from annex.triggers where name = $1", name).execute(executor).await?;
    Ok(deleted.rows_affected() > 0)
}

//! Who is told of changes of rows: webhooks and triggers, which name a collection and may have a condition on its rows.

use annex_openapi::events::EventType;
use sqlx::{PgExecutor, Result};
use uuid::Uuid;

/// A webhook or a trigger that is told of changes of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Which one.
    pub name: SubscriberName,
    /// What it is told of.
    pub events: Vec<EventType>,
    /// The collection whose rows it is told of.
    pub collection: String,
    /// What must hold for a row.
    pub condition: Option<String>,
    /// The fields that are told; without them all that are not hidden.
    pub fields: Option<Vec<String>>,
    /// Changes that were committed before are not told.
    pub told_from: u64,
}

/// Who is told of changes of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriberName {
    /// A webhook.
    Webhook(Uuid),
    /// A trigger.
    Trigger(String),
}

/// Who is told of changes of rows.
///
/// # Errors
/// The database does not answer.
pub async fn subscribers(executor: impl PgExecutor<'_>) -> Result<Vec<Subscriber>> {
    let rows = sqlx::query!(
        r#"with told (webhook, trigger, events, collection, condition, fields, told_from, enabled) as (
               select w.id, null, w.events, w.collection, w.condition, w.fields, w.told_from, w.enabled from annex.webhooks w
               union all
               select null, t.name, t.events, t.collection, t.condition, null, t.told_from, t.enabled from annex.triggers t
           )
           select webhook, trigger, events as "events!", collection as "collection!", condition, fields, told_from as "told_from!"
             from told
            where enabled and collection is not null
              and events && array['record.created', 'record.updated', 'record.deleted']
            order by webhook, trigger"#
    )
    .fetch_all(executor)
    .await?;
    let subscribers = rows.into_iter().map(|row| Subscriber {
        name: match row.webhook {
            Some(id) => SubscriberName::Webhook(id),
            None => SubscriberName::Trigger(row.trigger.unwrap_or_default()),
        },
        events: row.events.iter().filter_map(|event| EventType::parse(event)).collect(),
        collection: row.collection,
        condition: row.condition,
        fields: row.fields,
        told_from: row.told_from.cast_unsigned(),
    });
    Ok(subscribers.collect())
}

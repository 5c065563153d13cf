//! Hooks in the database.

use std::fmt;

use annex_openapi::hooks::{Hook, HookEvent, HookFailure, HookReplace};
use sqlx::{PgExecutor, Result};
use time::OffsetDateTime;

use crate::outbound::secret_text;

/// A program elsewhere that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpHook {
    /// Its name.
    pub name: String,
    /// What it is asked before.
    pub events: Vec<HookEvent>,
    /// About the records of which collection; none for all.
    pub collection: Option<String>,
    /// Where.
    pub url: String,
    /// What its calls are signed with.
    pub secret: Secret,
    /// How long it may take.
    pub timeout_ms: u32,
    /// What becomes of the write where it does not answer as it must.
    pub on_failure: HookFailure,
    /// When it was changed last.
    pub updated_at: OffsetDateTime,
}

/// What calls are signed with; it is never written to a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

struct Row {
    name: String,
    events: Vec<String>,
    collection: Option<String>,
    url: String,
    secret: Vec<u8>,
    timeout_ms: i32,
    on_failure: String,
    enabled: bool,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl Row {
    fn events(&self) -> Vec<HookEvent> {
        self.events.iter().filter_map(|event| HookEvent::parse(event)).collect()
    }

    fn on_failure(&self) -> HookFailure {
        if self.on_failure == HookFailure::Allow.as_str() { HookFailure::Allow } else { HookFailure::Refuse }
    }
}

impl From<Row> for Hook {
    fn from(row: Row) -> Self {
        Self {
            events: row.events(),
            on_failure: row.on_failure(),
            name: row.name,
            collection: row.collection,
            url: row.url,
            timeout_ms: row.timeout_ms.unsigned_abs(),
            enabled: row.enabled,
            created_at: row.created_at,
            updated_at: row.updated_at,
            secret: None,
        }
    }
}

/// The hooks that are asked, by name.
///
/// # Errors
/// The database does not answer.
pub async fn enabled(executor: impl PgExecutor<'_>) -> Result<Vec<HttpHook>> {
    let rows = sqlx::query_as!(Row, "select * from annex.hooks where enabled order by name")
        .fetch_all(executor)
        .await?;
    let hooks = rows.into_iter().map(|row| HttpHook {
        events: row.events(),
        on_failure: row.on_failure(),
        name: row.name,
        collection: row.collection,
        url: row.url,
        secret: Secret(row.secret),
        timeout_ms: row.timeout_ms.unsigned_abs(),
        updated_at: row.updated_at,
    });
    Ok(hooks.collect())
}

/// The hook of that name, or all, by name.
///
/// # Errors
/// The database does not answer.
pub async fn list(executor: impl PgExecutor<'_>, name: Option<&str>) -> Result<Vec<Hook>> {
    let rows = sqlx::query_as!(
        Row,
        "select * from annex.hooks where $1::text is null or name = $1 order by name",
        name
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(Hook::from).collect())
}

/// The same, held until the transaction ends.
///
/// # Errors
/// The database does not answer.
pub async fn hold(executor: impl PgExecutor<'_>, name: &str) -> Result<Option<Hook>> {
    let row = sqlx::query_as!(Row, "select * from annex.hooks where name = $1 for update", name)
        .fetch_optional(executor)
        .await?;
    Ok(row.map(Hook::from))
}

/// Makes the hook so. With its secret where it is new.
///
/// # Errors
/// The database does not answer; `hooks_collection_fkey` where there is no such collection.
pub async fn replace(
    executor: impl PgExecutor<'_>,
    name: &str,
    hook: &HookReplace,
    secret: &[u8],
    now: OffsetDateTime,
) -> Result<Hook> {
    let events: Vec<&str> = hook.events.iter().map(|event| event.as_str()).collect();
    let row = sqlx::query_as!(
        Row,
        "insert into annex.hooks as h
            (name, events, collection, url, secret, timeout_ms, on_failure, enabled, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
        on conflict (name) do update set events = excluded.events, collection = excluded.collection, url = excluded.url,
            timeout_ms = excluded.timeout_ms, on_failure = excluded.on_failure, enabled = excluded.enabled,
            updated_at = excluded.updated_at
        returning *",
        name,
        &events as &[&str],
        hook.collection,
        hook.url,
        secret,
        hook.timeout_ms.unwrap_or(super::input::DEFAULT_TIMEOUT_MS) as i32,
        hook.on_failure.as_str(),
        hook.enabled.unwrap_or(true),
        now,
    )
    .fetch_one(executor)
    .await?;
    let told = (row.secret == secret).then(|| secret_text(secret));
    Ok(Hook { secret: told, ..row.into() })
}

/// Gives the hook another secret.
///
/// # Errors
/// The database does not answer.
pub async fn rotate(
    executor: impl PgExecutor<'_>,
    name: &str,
    secret: &[u8],
    now: OffsetDateTime,
) -> Result<Option<Hook>> {
    let row = sqlx::query_as!(
        Row,
        "update annex.hooks set secret = $2, updated_at = $3 where name = $1 returning *",
        name,
        secret,
        now,
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| Hook { secret: Some(secret_text(secret)), ..row.into() }))
}

/// Forgets the hook.
///
/// # Errors
/// The database does not answer.
pub async fn delete(executor: impl PgExecutor<'_>, name: &str) -> Result<()> {
    sqlx::query!("delete from annex.hooks where name = $1", name).execute(executor).await?;
    Ok(())
}

//! `annex.event_log`, and who is told.

use annex_openapi::events::EventType;
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor, Result};
use time::OffsetDateTime;
use uuid::Uuid;

pub use crate::collections::catalogue::subscribers::subscribers;
use crate::realtime::{Lsn, Position};

/// Keeps the log from being given up until the transaction ends.
pub(super) async fn hold_log(connection: &mut PgConnection) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock_shared(hashtextextended('annex.events', 0))")
        .fetch_one(connection)
        .await?;
    Ok(())
}

/// Whether nobody is told of rows, which stays so until the transaction ends.
pub(super) async fn is_unwanted(connection: &mut PgConnection) -> Result<bool> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('annex.events', 0))")
        .fetch_one(&mut *connection)
        .await?;
    Ok(subscribers(connection).await?.is_empty())
}

/// Held by whoever makes the slot, as long as the connection.
pub(super) async fn lock_slot(connection: &mut PgConnection) -> Result<()> {
    sqlx::query!("select pg_advisory_lock(hashtextextended('annex.events.slot', 0))")
        .fetch_one(connection)
        .await?;
    Ok(())
}

/// The slot that keeps the log, where there is one.
pub(super) async fn slot(connection: &mut PgConnection) -> Result<Option<String>> {
    sqlx::query_scalar!("select slot from annex.event_log").fetch_one(connection).await
}

/// The log is kept from there on; changes before it were lost, or nobody wanted them.
pub(super) async fn begin_log(
    connection: &mut PgConnection,
    slot: &str,
    from: Lsn,
    lost: bool,
) -> Result<()> {
    sqlx::query!(
        "update annex.event_log
            set slot = $1, commit_lsn = $2, change = 0, lost_at = case when $3 then clock_timestamp() else lost_at end",
        slot,
        from.cast_signed(),
        lost,
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// Positions are of another log from now on, so whoever is told of rows is from where that begins.
pub(super) async fn tell_from(connection: &mut PgConnection, from: Lsn) -> Result<()> {
    sqlx::query!(
        "with webhooks as (update annex.webhooks set told_from = $1)
         update annex.triggers set told_from = $1",
        from.cast_signed()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Where the outbox ends.
pub(super) async fn outbox_end(connection: &mut PgConnection) -> Result<Lsn> {
    let end = sqlx::query_scalar!(r#"select last_value as "end!" from annex.changes_end"#);
    Ok(end.fetch_one(connection).await?.cast_unsigned())
}

/// Whether all that is in the outbox has been read.
pub(super) async fn outbox_is_read(connection: &mut PgConnection) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select not exists (
               select from annex.change_commits c join annex.event_log l on c.starts >= l.commit_lsn) as "is_read!""#
    )
    .fetch_one(connection)
    .await
}

/// Has this connection be the one of all servers' that reads the outbox; false where another is.
pub(super) async fn claim_outbox(connection: &mut PgConnection) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select pg_try_advisory_lock(hashtextextended('annex.events.read', 0)) as "is_claimed!""#
    )
    .fetch_one(connection)
    .await
}

/// Says that nothing before a position is to be told. Whether nobody else has said how far it is since it was there.
pub(super) async fn confirm(executor: impl PgExecutor<'_>, from: Position, to: Position) -> Result<bool> {
    let confirmed = sqlx::query!(
        "update annex.event_log set commit_lsn = $3, change = $4 where commit_lsn = $1 and change = $2",
        from.commit.cast_signed(),
        from.change.cast_signed(),
        to.commit.cast_signed(),
        to.change.cast_signed(),
    )
    .execute(executor)
    .await?;
    Ok(confirmed.rows_affected() == 1)
}

/// What the outbox had was thrown away: it is read from where it begins now.
pub(super) async fn begin_outbox_anew(executor: impl PgExecutor<'_>) -> Result<()> {
    sqlx::query!(
        "update annex.event_log
            set commit_lsn = (select last_value from annex.changes_trimmed), change = 0, lost_at = clock_timestamp()
          where slot = 'annex_outbox'"
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// There is no log any more.
pub(super) async fn end_log(connection: &mut PgConnection) -> Result<()> {
    sqlx::query!("update annex.event_log set slot = null").execute(connection).await?;
    Ok(())
}

/// Changes were lost.
pub(super) async fn note_lost(executor: impl PgExecutor<'_>) -> Result<()> {
    sqlx::query!("update annex.event_log set lost_at = clock_timestamp()").execute(executor).await?;
    Ok(())
}

/// Up to where everything is written.
pub(super) async fn position(executor: impl PgExecutor<'_>) -> Result<Position> {
    let row = sqlx::query!("select commit_lsn, change from annex.event_log").fetch_one(executor).await?;
    Ok(Position { commit: row.commit_lsn.cast_unsigned(), change: row.change.cast_unsigned() })
}

/// Says up to where everything is written, and is safe on the disk when the transaction ends. Whether nobody else has said so
/// since it was there.
pub(super) async fn advance(
    connection: &mut PgConnection,
    from: Position,
    to: Position,
    at: OffsetDateTime,
) -> Result<bool> {
    let advanced = sqlx::query!(
        "with safe as materialized (select set_config('synchronous_commit', 'on', true))
         update annex.event_log set commit_lsn = $3, change = $4, last_change_at = $5
          where commit_lsn = $1 and change = $2 and (select count(*) from safe) = 1",
        from.commit.cast_signed(),
        from.change.cast_signed(),
        to.commit.cast_signed(),
        to.change.cast_signed(),
        at,
    )
    .execute(connection)
    .await?;
    Ok(advanced.rows_affected() == 1)
}

/// Deliveries to be written, each at its place in all of the lists.
#[derive(Debug, Default)]
pub struct Deliveries {
    /// To which webhook.
    pub webhooks: Vec<Uuid>,
    /// What happened.
    pub types: Vec<String>,
    /// What it is about.
    pub subjects: Vec<String>,
    /// The event as JSON.
    pub bodies: Vec<String>,
}

/// Writes deliveries, in order.
///
/// # Errors
/// The database does not answer.
pub async fn write_deliveries(connection: &mut PgConnection, deliveries: &Deliveries) -> Result<()> {
    sqlx::query!(
        "select annex.write_deliveries($1, $2, $3, $4)",
        &deliveries.webhooks,
        &deliveries.types,
        &deliveries.subjects,
        &deliveries.bodies,
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// Enqueues the jobs of triggers, each for an event as JSON, in order.
pub(super) async fn fire_triggers(
    connection: &mut PgConnection,
    names: &[String],
    events: &[String],
) -> Result<()> {
    sqlx::query!("select annex.fire_triggers($1, $2::text[]::jsonb[])", names, events)
        .fetch_one(connection)
        .await?;
    Ok(())
}

/// Tells of something that happens to the server itself, in the transaction in which it happens.
///
/// # Errors
/// The database does not answer.
pub async fn tell(
    connection: &mut PgConnection,
    event: EventType,
    subject: &str,
    data: &Value,
) -> Result<()> {
    sqlx::query!("select annex.tell($1, $2, $3)", event.as_str(), subject, data)
        .fetch_one(connection)
        .await?;
    Ok(())
}

/// Has the log tell of the tables that somebody is to be told of; says which collections are new in it.
pub(super) async fn publish(connection: &mut PgConnection) -> Result<Vec<String>> {
    sqlx::query!("set local lock_timeout = '5s'").execute(&mut *connection).await?;
    let added =
        sqlx::query_scalar!(r#"select annex.publish_events() as "added!""#).fetch_one(connection).await?;
    Ok(added)
}

/// Tells a webhook nothing any more, for that reason. Whether it was enabled.
///
/// # Errors
/// The database does not answer.
pub async fn disable_webhook(
    executor: impl PgExecutor<'_>,
    id: Uuid,
    reason: &str,
    at: OffsetDateTime,
) -> Result<bool> {
    sqlx::query_scalar!(r#"select annex.disable_webhook($1, $2, $3) as "disabled!""#, id, reason, at)
        .fetch_one(executor)
        .await
}

/// Has a trigger enqueue nothing any more, since its condition fits its collection no more. Whether it was enabled.
pub(super) async fn disable_trigger(
    executor: impl PgExecutor<'_>,
    name: &str,
    at: OffsetDateTime,
) -> Result<bool> {
    let disabled = sqlx::query!(
        "update annex.triggers set enabled = false, disabled_reason = 'broken', updated_at = $2 where name = $1 and enabled",
        name,
        at,
    )
    .execute(executor)
    .await?;
    Ok(disabled.rows_affected() > 0)
}

/// How the log stands.
#[derive(Debug)]
pub(super) struct LogRow {
    pub has_slot: bool,
    pub is_read: bool,
    pub lag: Option<i64>,
    pub last_change_at: Option<OffsetDateTime>,
    pub lost_at: Option<OffsetDateTime>,
    pub pending: i64,
    pub disabled: Vec<Uuid>,
}

/// How the log stands.
pub(super) async fn log(executor: impl PgExecutor<'_>) -> Result<LogRow> {
    sqlx::query_as!(
        LogRow,
        r#"select l.slot is not null as "has_slot!",
                  case when l.slot = 'annex_outbox' then exists (
                           select from pg_locks k
                            where k.locktype = 'advisory' and k.database = (select d.oid from pg_database d where d.datname = current_database())
                              and k.classid::bigint << 32 | k.objid::bigint = hashtextextended('annex.events.read', 0))
                       else coalesce(s.active, false) end as "is_read!",
                  case when l.slot = 'annex_outbox' then greatest((select o.last_value from annex.changes_end o) - l.commit_lsn, 0)
                       else pg_wal_lsn_diff(pg_current_wal_lsn(), s.confirmed_flush_lsn)::bigint end as lag, l.last_change_at, l.lost_at,
                  (select count(*) from annex.webhook_deliveries d where d.state = 'pending') as "pending!",
                  array(select w.id from annex.webhooks w where w.disabled_reason is not null order by w.id) as "disabled!"
             from annex.event_log l left join pg_replication_slots s on s.slot_name = l.slot"#
    )
    .fetch_one(executor)
    .await
}

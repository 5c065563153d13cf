//! `annex.feed`, the slot that it names, and what Postgres says of transactions.

use sqlx::{Connection, PgConnection, PgPool};
use uuid::Uuid;

use super::position::Lsn;
use super::seen::{Malformed, Seen};

/// The log that there is, where there is one.
pub async fn feed(connection: &mut PgConnection) -> sqlx::Result<Option<(Uuid, String)>> {
    let row = sqlx::query!("select epoch, slot from annex.feed").fetch_optional(connection).await?;
    Ok(row.map(|row| (row.epoch, row.slot)))
}

/// Says which log there is from now on.
pub async fn begin_feed(connection: &mut PgConnection, epoch: Uuid, slot: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into annex.feed (epoch, slot) values ($1, $2)
         on conflict (one) do update set epoch = excluded.epoch, slot = excluded.slot, created_at = now()",
        epoch,
        slot,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// There is no log any more.
pub async fn end_feed(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("delete from annex.feed").execute(connection).await?;
    Ok(())
}

/// The name of the slot that the database's log is kept by. A slot is the whole cluster's.
pub async fn slot_name(connection: &mut PgConnection) -> sqlx::Result<String> {
    sqlx::query_scalar("select 'annex_' || oid from pg_database where datname = current_database()")
        .fetch_one(connection)
        .await
}

/// Where a slot of this database stands; nothing where there is none, or Postgres has thrown away what it needs.
pub async fn slot(connection: &mut PgConnection, name: &str) -> sqlx::Result<Slot> {
    let row: Option<(bool, Option<String>)> = sqlx::query_as(
        "select coalesce(wal_status, 'lost') = 'lost' or confirmed_flush_lsn is null, confirmed_flush_lsn::text
           from pg_replication_slots where slot_name = $1 and database = current_database()",
    )
    .bind(name)
    .fetch_optional(connection)
    .await?;
    Ok(match row {
        None => Slot::Missing,
        Some((false, Some(confirmed))) => Slot::At(lsn(&confirmed)?),
        Some(_) => Slot::Lost,
    })
}

/// What there is of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// Nothing.
    Missing,
    /// Its log is gone.
    Lost,
    /// The log from there on.
    At(Lsn),
}

/// Makes the slot. It takes until every transaction that is under way has ended.
pub async fn make_slot(connection: &mut PgConnection, name: &str) -> sqlx::Result<Lsn> {
    let made: String =
        sqlx::query_scalar("select lsn::text from pg_create_logical_replication_slot($1, 'pgoutput')")
            .bind(name)
            .fetch_one(connection)
            .await?;
    lsn(&made)
}

/// Removes the slot, where it is there.
pub async fn drop_slot(connection: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    sqlx::query("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1")
        .bind(name)
        .execute(connection)
        .await?;
    Ok(())
}

/// Lets go of the log before that position.
pub async fn advance_slot(connection: &mut PgConnection, name: &str, to: Lsn) -> sqlx::Result<()> {
    sqlx::query("select pg_replication_slot_advance($1, $2::pg_lsn)")
        .bind(name)
        .bind(lsn_text(to))
        .execute(connection)
        .await?;
    Ok(())
}

/// What Postgres says of the log and of the slot that keeps it.
#[derive(Debug)]
pub struct LogStatus {
    /// Where the log ends that is on disk.
    pub end: Lsn,
    /// The slot's name, its `wal_status`, and how many bytes are kept for it and may still come.
    pub slot: Option<(String, String, i64, Option<i64>)>,
}

/// How the log stands.
pub async fn log_status(pool: &PgPool) -> sqlx::Result<LogStatus> {
    let end = "select case when exists (select from annex.feed where slot = 'annex_outbox')
                           then annex.log_end() else pg_current_wal_flush_lsn() end::text";
    let end: String = sqlx::query_scalar(end).fetch_one(pool).await?;
    let slot = sqlx::query_as(
        "select s.slot_name::text, coalesce(s.wal_status, 'lost'),
                coalesce(pg_wal_lsn_diff(pg_current_wal_flush_lsn(), s.restart_lsn), 0)::bigint, s.safe_wal_size
           from annex.feed f join pg_replication_slots s on s.slot_name = f.slot",
    );
    Ok(LogStatus { end: lsn(&end)?, slot: slot.fetch_optional(pool).await? })
}

/// Waits until there is no such slot any more.
pub async fn slot_has_gone(pool: &PgPool, name: &str) -> sqlx::Result<()> {
    let there = "select exists (select from pg_replication_slots where slot_name = $1)";
    while sqlx::query_scalar::<_, bool>(there).bind(name).fetch_one(pool).await? {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    Ok(())
}

/// Who keeps a slot from being made: the process and how long its transaction has been open, oldest first.
pub async fn in_the_way(pool: &PgPool) -> sqlx::Result<Vec<(i32, f64)>> {
    sqlx::query_as(
        "select pid, extract(epoch from now() - xact_start)::float8
           from pg_stat_activity
          where backend_xid is not null and pid <> pg_backend_pid() and xact_start is not null
          order by xact_start limit 5",
    )
    .fetch_all(pool)
    .await
}

/// Where the log ends, all of which can be read soon.
pub const END: &str = "select annex.log_end_to_come()::text";

/// Where what is told ends that a statement's snapshot sees, and which transactions those are.
pub const POINT: &str = "select pg_current_snapshot()::text, annex.log_end()::text";

/// Where the log ends, all of which can be read soon: whatever has been committed was committed before.
pub async fn end(pool: &PgPool) -> sqlx::Result<Lsn> {
    let end: String = sqlx::query_scalar(END).fetch_one(pool).await?;
    Ok(behind_header(lsn(&end)?))
}

/// Where the log ends.
pub async fn log_end(pool: &PgPool) -> sqlx::Result<Lsn> {
    let end: String = sqlx::query_scalar("select annex.log_end()::text").fetch_one(pool).await?;
    lsn(&end)
}

/// Whether the database lets its log be read.
pub async fn can_read_log(pool: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select current_setting('wal_level') = 'logical'
            and exists (select from pg_roles where rolname = current_user and (rolsuper or rolreplication))",
    )
    .fetch_one(pool)
    .await
}

/// Waits for all who leave messages and do not know yet whether the outbox is read, until the transaction ends.
pub async fn lock_outbox(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('annex.outbox', 0))")
        .fetch_one(connection)
        .await?;
    Ok(())
}

/// Has the published tables write their changes into the outbox, where somebody reads it, and no others.
pub async fn capture_published(connection: &mut PgConnection) -> sqlx::Result<()> {
    let mut transaction = connection.begin().await?;
    // Whoever waits to lock a table keeps everybody behind it from writing.
    sqlx::query!("set local lock_timeout = '1s'").execute(&mut *transaction).await?;
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('annex.capture', 0))")
        .fetch_one(&mut *transaction)
        .await?;
    sqlx::query!("select annex.capture_published()").fetch_one(&mut *transaction).await?;
    transaction.commit().await
}

/// From where on the outbox has everything.
pub async fn outbox_begins(connection: &mut PgConnection) -> sqlx::Result<Lsn> {
    let trimmed = sqlx::query_scalar!(r#"select last_value as "trimmed!" from annex.changes_trimmed"#);
    Ok(trimmed.fetch_one(connection).await?.cast_unsigned())
}

/// Lets go of what the outbox has before that position, as far as webhooks and triggers have been told.
pub async fn trim_outbox(connection: &mut PgConnection, to: Lsn) -> sqlx::Result<()> {
    sqlx::query!(
        "select annex.trim_changes(least($1, (select commit_lsn from annex.event_log where slot = 'annex_outbox')))",
        to.cast_signed(),
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// Which transactions count now.
pub async fn seen(pool: &PgPool) -> sqlx::Result<Seen> {
    let text: String = sqlx::query_scalar("select pg_current_snapshot()::text").fetch_one(pool).await?;
    text.parse().map_err(|error: Malformed| sqlx::Error::Decode(error.into()))
}

/// Reads Postgres's text of a position, `16/B374D848`.
pub fn lsn(text: &str) -> sqlx::Result<Lsn> {
    let parsed = text.split_once('/').and_then(|(high, low)| {
        Some(u64::from_str_radix(high, 16).ok()? << 32 | u64::from_str_radix(low, 16).ok()?)
    });
    parsed.ok_or_else(|| sqlx::Error::Decode(format!("`{text}` is not a position of the log").into()))
}

/// The position where the record before ends: where the next one begins a page, it stands behind the page's header.
pub fn behind_header(lsn: Lsn) -> Lsn {
    const PAGE: Lsn = 8192;
    const LONGEST_HEADER: Lsn = 40;
    if lsn % PAGE <= LONGEST_HEADER { lsn - lsn % PAGE } else { lsn }
}

/// Writes a position as Postgres reads it.
pub fn lsn_text(lsn: Lsn) -> String {
    format!("{:X}/{:X}", lsn >> 32, lsn & 0xffff_ffff)
}

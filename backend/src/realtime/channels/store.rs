//! `annex.channels`, `annex.listeners`, `annex.presence`, and what is said.

use sqlx::{PgExecutor, PgPool, Result};
use uuid::Uuid;

use super::presence::Entry;
pub use crate::collections::catalogue::channels::{Columns, Row, list};
use crate::realtime::position::Lsn;
use crate::realtime::seen::{Malformed, Seen};
use crate::realtime::store::{POINT, behind_header, end, lsn};

/// The channel of that name, held until the transaction ends.
///
/// # Errors
/// The database does not answer.
pub async fn hold(executor: impl PgExecutor<'_>, name: &str) -> Result<Option<Row>> {
    let row = sqlx::query_as!(
        Columns,
        "select name, topic, join_rule, send_rule, presence_rule, created_at, updated_at
           from annex.channels where name = $1 for update",
        name
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(Row::from))
}

/// Declares a channel.
///
/// # Errors
/// The database does not answer; `channels_pkey`, `channels_shape_key` where there is such a one.
pub async fn insert(executor: impl PgExecutor<'_>, row: &Row) -> Result<Row> {
    let row = sqlx::query_as!(
        Columns,
        "insert into annex.channels (name, topic, join_rule, send_rule, presence_rule, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         returning name, topic, join_rule, send_rule, presence_rule, created_at, updated_at",
        row.name,
        row.topic,
        row.rules.join,
        row.rules.send,
        row.rules.presence,
        row.created_at,
        row.updated_at,
    )
    .fetch_one(executor)
    .await?;
    Ok(row.into())
}

/// Makes the channel of that name so.
///
/// # Errors
/// The database does not answer; `channels_shape_key` where there is such a one.
pub async fn update(executor: impl PgExecutor<'_>, row: &Row) -> Result<Row> {
    let row = sqlx::query_as!(
        Columns,
        "update annex.channels set topic = $2, join_rule = $3, send_rule = $4, presence_rule = $5, updated_at = $6
          where name = $1
         returning name, topic, join_rule, send_rule, presence_rule, created_at, updated_at",
        row.name,
        row.topic,
        row.rules.join,
        row.rules.send,
        row.rules.presence,
        row.updated_at,
    )
    .fetch_one(executor)
    .await?;
    Ok(row.into())
}

/// Forgets a channel.
///
/// # Errors
/// The database does not answer.
pub async fn delete(executor: impl PgExecutor<'_>, name: &str) -> Result<()> {
    sqlx::query!("delete from annex.channels where name = $1", name).execute(executor).await?;
    Ok(())
}

/// Says something to everybody who has joined its topic: each text is a [`Said`](super::Said).
///
/// # Errors
/// The database does not answer, or keeps no log.
pub async fn say(executor: impl PgExecutor<'_>, said: &[String]) -> Result<()> {
    sqlx::query!("select annex.emit('annex.broadcast', $1)", said).fetch_one(executor).await?;
    Ok(())
}

/// Says that a server lives, for another `seconds`. Whether that was not known: nobody of it is there.
///
/// # Errors
/// The database does not answer.
pub async fn beat(executor: impl PgExecutor<'_>, listener: Uuid, seconds: f64) -> Result<bool> {
    sqlx::query_scalar!(
        r#"insert into annex.listeners (id, expires_at)
           values ($1, clock_timestamp() + make_interval(secs => $2))
           on conflict (id) do update set expires_at = excluded.expires_at
           returning (xmax = 0) as "is_new!""#,
        listener,
        seconds,
    )
    .fetch_one(executor)
    .await
}

/// Removes the servers that were not heard of, with all of their clients.
///
/// # Errors
/// The database does not answer.
pub async fn remove_dead(executor: impl PgExecutor<'_>) -> Result<()> {
    sqlx::query!("delete from annex.listeners where expires_at < clock_timestamp()")
        .execute(executor)
        .await?;
    Ok(())
}

/// A server ends.
///
/// # Errors
/// The database does not answer.
pub async fn end_listener(executor: impl PgExecutor<'_>, listener: Uuid) -> Result<()> {
    sqlx::query!("delete from annex.listeners where id = $1", listener).execute(executor).await?;
    Ok(())
}

/// Writes who of a server's clients is there, and who is not.
///
/// # Errors
/// The database does not answer, or takes the server for dead.
pub async fn write_presence(
    pool: &PgPool,
    listener: Uuid,
    there: &[(Uuid, Entry)],
    gone: &[Uuid],
) -> Result<()> {
    let references: Vec<Uuid> = there.iter().map(|(reference, _)| *reference).collect();
    let topics: Vec<&str> = there.iter().map(|(_, entry)| &*entry.topic).collect();
    let users: Vec<Option<Uuid>> = there.iter().map(|(_, entry)| entry.user_id).collect();
    let states: Vec<&str> = there.iter().map(|(_, entry)| &*entry.state).collect();
    let mut transaction = crate::db::begin(pool).await?;
    if !gone.is_empty() {
        sqlx::query!("delete from annex.presence where ref = any($1)", gone)
            .execute(&mut *transaction)
            .await?;
    }
    sqlx::query!(
        "insert into annex.presence as p (ref, topic, user_id, state, listener_id)
         select ref, topic, user_id, state::json, $5
           from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[]) as each (ref, topic, user_id, state)
         on conflict (ref) do update set user_id = excluded.user_id, state = excluded.state
            where p.state::text <> excluded.state::text or p.user_id is distinct from excluded.user_id",
        &references,
        &topics as &[&str],
        &users as &[Option<Uuid>],
        &states as &[&str],
        listener,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

/// Who is there, of all servers, at one moment.
#[derive(Debug)]
pub struct Everybody {
    /// Each with what tells it from others.
    pub entries: Vec<(Uuid, Entry)>,
    /// The transactions that this is of.
    pub seen: Seen,
    /// All of those were committed before this.
    pub reached: Lsn,
}

/// Reads who is there.
///
/// # Errors
/// The database does not answer.
pub async fn everybody(pool: &PgPool) -> Result<Everybody> {
    let mut transaction = crate::db::begin(pool).await?;
    sqlx::query("set transaction isolation level repeatable read read only")
        .execute(&mut *transaction)
        .await?;
    // What the snapshot sees was committed before this position; it is asked for when the snapshot has been taken.
    let (seen, reached): (String, String) = sqlx::query_as(POINT).fetch_one(&mut *transaction).await?;
    let rows = sqlx::query!(r#"select ref, topic, user_id, state::text as "state!" from annex.presence"#)
        .fetch_all(&mut *transaction)
        .await?;
    transaction.rollback().await?;
    // What was read may have been committed and not be on disk.
    end(pool).await?;
    let entries = rows.into_iter().map(|row| {
        let (topic, state) = (row.topic.into(), row.state.into());
        (row.r#ref, Entry { topic, user_id: row.user_id, state })
    });
    Ok(Everybody {
        entries: entries.collect(),
        seen: seen.parse().map_err(|error: Malformed| sqlx::Error::Decode(error.into()))?,
        reached: behind_header(lsn(&reached)?),
    })
}

//! `annex.channels`.

use annex_openapi::channels::ChannelRules;
use sqlx::{PgExecutor, Result};
use time::OffsetDateTime;

/// A channel as it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What its topics look like.
    pub topic: String,
    /// Who may do what.
    pub rules: ChannelRules,
    /// When it was declared.
    pub created_at: OffsetDateTime,
    /// When it was changed last.
    pub updated_at: OffsetDateTime,
}

struct Columns {
    name: String,
    topic: String,
    join_rule: Option<String>,
    send_rule: Option<String>,
    presence_rule: Option<String>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl From<Columns> for Row {
    fn from(columns: Columns) -> Self {
        let Columns { name, topic, join_rule, send_rule, presence_rule, created_at, updated_at } = columns;
        let rules = ChannelRules { join: join_rule, send: send_rule, presence: presence_rule };
        Self { name, topic, rules, created_at, updated_at }
    }
}

/// The channel of that name, or all, by name.
///
/// # Errors
/// The database does not answer.
pub async fn list(executor: impl PgExecutor<'_>, name: Option<&str>) -> Result<Vec<Row>> {
    let rows = sqlx::query_as!(
        Columns,
        "select name, topic, join_rule, send_rule, presence_rule, created_at, updated_at
           from annex.channels where $1::text is null or name = $1 order by name",
        name
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(Row::from).collect())
}

/// The same, held until the transaction ends.
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
    sqlx::query!(
        "select pg_logical_emit_message(true, 'annex.broadcast', said)::text
           from unnest($1::text[]) with ordinality as each (said, number) order by number",
        said
    )
    .fetch_all(executor)
    .await?;
    Ok(())
}

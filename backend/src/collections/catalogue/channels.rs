//! The channels as they are declared: their rules look into collections.

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

/// The columns of the table.
#[derive(Debug)]
pub struct Columns {
    /// Its name.
    pub name: String,
    /// What its topics look like.
    pub topic: String,
    /// Who may join.
    pub join_rule: Option<String>,
    /// Who may say something.
    pub send_rule: Option<String>,
    /// Who may see who is there, and be seen.
    pub presence_rule: Option<String>,
    /// When it was declared.
    pub created_at: OffsetDateTime,
    /// When it was changed last.
    pub updated_at: OffsetDateTime,
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

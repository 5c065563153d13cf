//! All SQL over the outbox.

use annex_openapi::outbox::{OutboxEntry, OutboxMail};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::Mail;

/// How many mails are kept: the outbox is for whoever tries the server out.
const KEPT: i64 = 1000;

/// Puts a mail into the outbox, and takes out what is too old.
pub async fn insert(connection: &mut PgConnection, id: Uuid, mail: &Mail) -> sqlx::Result<()> {
    let draft = &mail.draft;
    sqlx::query!(
        "insert into annex.outbox (id, job_id, sender, recipients, copies, reply_to, subject, text, html, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        id,
        mail.job_id,
        mail.from.to_string(),
        &draft.to,
        &draft.cc,
        draft.reply_to.as_deref(),
        draft.subject,
        draft.text,
        draft.html.as_deref(),
        mail.at
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "delete from annex.outbox
         where id <= (select id from annex.outbox order by id desc offset $1 limit 1)",
        KEPT
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Mails, the newest first, after that one.
pub async fn list(pool: &PgPool, after: Option<Uuid>, limit: i64) -> sqlx::Result<Vec<OutboxEntry>> {
    sqlx::query_as!(
        OutboxEntry,
        r#"select id, job_id, recipients as "to", subject, created_at
           from annex.outbox
           where ($1::uuid is null or id < $1)
           order by id desc
           limit $2"#,
        after,
        limit
    )
    .fetch_all(pool)
    .await
}

/// The mail of that id.
pub async fn get(pool: &PgPool, id: Uuid) -> sqlx::Result<Option<OutboxMail>> {
    sqlx::query_as!(
        OutboxMail,
        r#"select id, job_id, sender as "from", recipients as "to", copies as cc, reply_to, subject, text, html, created_at
           from annex.outbox
           where id = $1"#,
        id
    )
    .fetch_optional(pool)
    .await
}

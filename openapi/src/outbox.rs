//! Mail that was not sent, since nothing is set to send it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A mail in the outbox, as lists have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutboxEntry {
    /// UUIDv7.
    pub id: Uuid,
    /// The job that would have sent it.
    pub job_id: Uuid,
    /// Whom it is to.
    #[schema(example = json!(["Ada Lovelace <ada@example.com>"]))]
    pub to: Vec<String>,
    /// Its subject.
    #[schema(example = "Welcome")]
    pub subject: String,
    /// When it would have been sent.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// A mail in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutboxMail {
    /// UUIDv7.
    pub id: Uuid,
    /// The job that would have sent it.
    pub job_id: Uuid,
    /// Whom it is from.
    #[schema(example = "annex@localhost")]
    pub from: String,
    /// Whom it is to.
    #[schema(example = json!(["Ada Lovelace <ada@example.com>"]))]
    pub to: Vec<String>,
    /// Who gets a copy.
    pub cc: Vec<String>,
    /// Whom an answer would go to; null for `from`.
    #[schema(example = "help@example.com")]
    pub reply_to: Option<String>,
    /// Its subject.
    #[schema(example = "Welcome")]
    pub subject: String,
    /// It as plain text.
    #[schema(example = "Hello Ada")]
    pub text: String,
    /// The same as HTML. It is as the job said it, and not safe to show as a part of a page.
    #[schema(example = "<p>Hello Ada</p>")]
    pub html: Option<String>,
    /// When it would have been sent.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// One page of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutboxPage {
    /// The mails of this page, the newest first.
    pub items: Vec<OutboxEntry>,
    /// Give it back as `cursor=` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

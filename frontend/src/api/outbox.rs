//! Mail that was not sent, since nothing is set to send it.

use annex_openapi::outbox::{OutboxMail, OutboxPage};

use super::{Api, ApiError, Call};
use crate::url::segment;

impl Api {
    /// A page of the outbox, the newest first.
    pub async fn outbox(self, limit: usize, cursor: Option<String>) -> Result<OutboxPage, ApiError> {
        self.fetch(Call::get("/v1/outbox").query("limit", limit).query_opt("cursor", cursor)).await
    }

    /// A mail.
    pub async fn mail(self, id: &str) -> Result<OutboxMail, ApiError> {
        self.fetch(Call::get(format!("/v1/outbox/{}", segment(id)))).await
    }
}

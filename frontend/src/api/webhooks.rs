//! Webhooks: programs elsewhere that are told what happens.

use annex_openapi::webhooks::{
    Delivery, DeliveryDetail, DeliveryPage, Webhook, WebhookCreate, WebhookPage, WebhookReplay,
    WebhookReplayed, WebhookRotate, WebhookUpdate,
};
use uuid::Uuid;

use super::{Api, ApiError, Call};

fn path(id: Uuid) -> String {
    format!("/v1/webhooks/{id}")
}

impl Api {
    /// A page of webhooks, the newest first.
    pub async fn webhooks(self, limit: usize, cursor: Option<String>) -> Result<WebhookPage, ApiError> {
        self.fetch(Call::get("/v1/webhooks").query("limit", limit).query_opt("cursor", cursor)).await
    }

    /// A webhook.
    pub async fn webhook(self, id: Uuid) -> Result<Webhook, ApiError> {
        self.fetch(Call::get(path(id))).await
    }

    /// Makes a webhook, which then has its secret.
    pub async fn create_webhook(self, webhook: &WebhookCreate) -> Result<Webhook, ApiError> {
        self.fetch(Call::post("/v1/webhooks").json(webhook)).await
    }

    /// Changes a webhook.
    pub async fn change_webhook(self, id: Uuid, change: &WebhookUpdate) -> Result<Webhook, ApiError> {
        self.fetch(Call::patch(path(id)).json(change)).await
    }

    /// Gives it a new secret, which it has then.
    pub async fn rotate_webhook(self, id: Uuid) -> Result<Webhook, ApiError> {
        self.fetch(Call::post(format!("{}/rotate", path(id))).json(&WebhookRotate::default())).await
    }

    /// Tells it something to try it.
    pub async fn test_webhook(self, id: Uuid) -> Result<Delivery, ApiError> {
        self.fetch(Call::post(format!("{}/test", path(id)))).await
    }

    /// Forgets a webhook.
    pub async fn delete_webhook(self, id: Uuid) -> Result<(), ApiError> {
        self.send(Call::delete(path(id))).await.map(drop)
    }

    /// A page of what a webhook is told, the newest first.
    pub async fn deliveries(
        self,
        id: Uuid,
        filters: &[(&'static str, String)],
        limit: usize,
        cursor: Option<String>,
    ) -> Result<DeliveryPage, ApiError> {
        let call = Call::get(format!("{}/deliveries", path(id)));
        let call = filters.iter().fold(call, |call, (name, value)| call.query(name, value));
        self.fetch(call.query("limit", limit).query_opt("cursor", cursor)).await
    }

    /// Something that a webhook is told, with all that came of it.
    pub async fn delivery(self, id: Uuid, delivery: &str) -> Result<DeliveryDetail, ApiError> {
        self.fetch(Call::get(format!("{}/deliveries/{}", path(id), crate::url::segment(delivery)))).await
    }

    /// Makes a delivery again.
    pub async fn replay_delivery(self, id: Uuid, delivery: Uuid) -> Result<Delivery, ApiError> {
        self.fetch(Call::post(format!("{}/deliveries/{delivery}/replay", path(id)))).await
    }

    /// Makes the deliveries of a period again.
    pub async fn replay_deliveries(
        self,
        id: Uuid,
        replay: &WebhookReplay,
    ) -> Result<WebhookReplayed, ApiError> {
        self.fetch(Call::post(format!("{}/replay", path(id))).json(replay)).await
    }
}

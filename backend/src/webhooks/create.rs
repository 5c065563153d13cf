//! `POST /v1/webhooks`

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG, LOCATION};
use actix_web::web::Data;
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::webhooks::{Webhook, WebhookCreate};

use super::input::{check, refused, wanted};
use super::store::{self, Written};
use super::tag;
use crate::app::App;
use crate::events;
use crate::extract::{Admin, Json, NoParameters, Query};
use crate::outbound::secret_text;
use crate::problem::Result;

/// Have a program elsewhere told what happens. For admins.
///
/// From then on the URL is sent a `POST` with an `Event` for each of the events, signed as the Standard Webhooks specification says with the
/// `secret` that the answer has. It answers 2xx within 15 s; otherwise it is told again, later and later, for three days. Events of one
/// record come in order; each comes at least once, always with the same `webhook-id`. After 410 Gone, or five days in which nothing
/// could be delivered, the webhook is disabled. Changes of rows are told whoever makes them, with SQL too.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `validation_failed`, `invalid_expression`, `not_live`, `conflict`, `overloaded`
#[utoipa::path(
    post, path = "/v1/webhooks", operation_id = "webhooks_create", tag = "webhooks",
    request_body(content = WebhookCreate, example = json!({"name": "search-index", "url": "https://example.com/webhooks/annex", "events": ["user.registered"]})),
    responses(
        (status = 201, description = "The webhook with its secret", body = Webhook),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn create(
    _: Admin,
    app: Data<App>,
    _: Query<NoParameters>,
    Json(said): Json<WebhookCreate>,
) -> Result<HttpResponse> {
    let now = app.clock.now();
    let secret = app.random.bytes::<32>();
    let mut webhook = Webhook {
        id: app.clock.uuid_v7(),
        name: said.name,
        url: said.url,
        events: said.events,
        collection: said.collection,
        condition: said.condition,
        fields: said.fields,
        headers: said.headers.unwrap_or_default(),
        enabled: said.enabled.unwrap_or(true),
        disabled_reason: None,
        disabled_at: None,
        failing_since: None,
        last_delivered_at: None,
        events_lost_at: None,
        previous_secret_expires_at: None,
        created_at: now,
        updated_at: now,
        secret: None,
    };
    let host = check(&webhook, &app.catalogue.snapshot())?;
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    if webhook.enabled && wanted(&webhook).is_about_records() {
        events::keep_log(&app, &mut transaction).await?;
    }
    store::insert(&mut *transaction, &Written { webhook: &webhook, host: &host }, &secret)
        .await
        .map_err(refused)?;
    events::publish(&mut transaction).await?;
    transaction.commit().await?;
    app.catalogue.refresh_now(&app.db.pool).await?;
    app.events.wanted.notify_one();
    webhook.secret = Some(secret_text(&secret));
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/webhooks/{}", webhook.id)))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((ETAG, tag(&webhook)))
        .json(webhook))
}

//! `PATCH /v1/webhooks/{id}`

use actix_web::HttpResponse;
use actix_web::http::header::ETAG;
use actix_web::web::{Data, Path};
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::webhooks::{Webhook, WebhookUpdate};

use super::input::{check, refused, wanted};
use super::store::{self, Written};
use super::{missing, parse_id, tag};
use crate::app::App;
use crate::events;
use crate::extract::{Admin, IfMatch, Json, NoParameters, Query};
use crate::problem::Result;

/// Change a webhook, or tell it nothing any more. For admins.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`, `precondition_failed`, `validation_failed`, `invalid_expression`,
/// `not_live`, `conflict`, `overloaded`
#[utoipa::path(
    patch, path = "/v1/webhooks/{id}", operation_id = "webhooks_update", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the settings must still have, or `*` for any", example = "\"6c8f0f3a5d1b2e47\""),
    ),
    request_body(content = WebhookUpdate, example = json!({"enabled": false})),
    responses(
        (status = 200, description = "The webhook", body = Webhook),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn update(
    _: Admin,
    app: Data<App>,
    id: Path<String>,
    expected: IfMatch,
    _: Query<NoParameters>,
    Json(change): Json<WebhookUpdate>,
) -> Result<HttpResponse> {
    let id = parse_id(&id)?;
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    // Before the transaction writes: a slot is not made while one that does is open.
    let before = store::list(&mut *transaction, Some(id), None, 1).await?.pop().ok_or_else(missing)?;
    let asked = changed(before, change.clone());
    if asked.enabled && wanted(&asked).is_about_records() {
        check(&asked, &app.catalogue.snapshot())?;
        events::keep_log(&app, &mut transaction).await?;
    }
    let before = store::hold(&mut transaction, id).await?.ok_or_else(missing)?;
    expected.check(Some(&tag(&before)))?;
    let resumes = change.enabled == Some(true) && !before.enabled;
    let mut webhook = changed(before, change);
    webhook.updated_at = app.clock.now();
    let host = check(&webhook, &app.catalogue.snapshot())?;
    store::update(&mut *transaction, &Written { webhook: &webhook, host: &host }).await.map_err(refused)?;
    events::publish(&mut transaction).await?;
    if resumes {
        store::resume(&mut *transaction, id).await?;
    }
    transaction.commit().await?;
    app.catalogue.refresh_now(&app.db.pool).await?;
    app.events.wanted.notify_one();
    let webhook = store::list(&app.db.pool, Some(id), None, 1).await?.pop().ok_or_else(missing)?;
    Ok(HttpResponse::Ok().insert_header((ETAG, tag(&webhook))).json(webhook))
}

fn changed(webhook: Webhook, change: WebhookUpdate) -> Webhook {
    Webhook {
        name: change.name.unwrap_or(webhook.name),
        url: change.url.unwrap_or(webhook.url),
        events: change.events.unwrap_or(webhook.events),
        collection: change.collection.unwrap_or(webhook.collection),
        condition: change.condition.unwrap_or(webhook.condition),
        fields: change.fields.unwrap_or(webhook.fields),
        headers: change.headers.unwrap_or(webhook.headers),
        enabled: change.enabled.unwrap_or(webhook.enabled),
        ..webhook
    }
}

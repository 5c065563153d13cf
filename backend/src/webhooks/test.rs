//! `POST /v1/webhooks/{id}/test`

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path};
use annex_openapi::events::EventType;
use annex_openapi::problem::Problem as ProblemBody;
use annex_openapi::webhooks::Delivery;
use serde_json::json;
use time::format_description::well_known::Rfc3339;

use super::deliveries::store as deliveries;
use super::{missing, parse_id, store};
use crate::app::App;
use crate::events::store::{Deliveries, write_deliveries};
use crate::extract::{Admin, NoParameters, Query};
use crate::problem::{Problem, Result};

/// Tell a webhook something to try it, also while it is disabled. For admins.
///
/// The answer is the delivery, of which there is one attempt, at once: read it until it is `delivered` or `failed`.
///
/// # Errors
/// `unauthenticated`, `invalid_token`, `forbidden`, `not_found`
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/test", operation_id = "webhooks_test", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook")),
    responses(
        (status = 201, description = "The delivery", body = Delivery),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub async fn test(
    _: Admin,
    app: Data<App>,
    id: Path<String>,
    _: Query<NoParameters>,
) -> Result<HttpResponse> {
    let id = parse_id(&id)?;
    let webhook = store::list(&app.db.pool, Some(id), None, 1).await?.pop().ok_or_else(missing)?;
    let event = EventType::WebhookTest.as_str();
    let at = app.clock.now().format(&Rfc3339).map_err(Problem::internal)?;
    let data = json!({"id": webhook.id, "name": webhook.name, "url": webhook.url});
    let body = json!({"type": event, "timestamp": at, "data": data}).to_string();
    // Each in a lane of its own: it waits for none before it.
    let subject = format!("test/{}", app.clock.uuid_v7());
    let mut transaction = crate::db::begin(&app.db.pool).await?;
    let written = Deliveries {
        webhooks: vec![id],
        types: vec![event.to_owned()],
        subjects: vec![subject.clone()],
        bodies: vec![body],
    };
    write_deliveries(&mut transaction, &written).await?;
    let delivery = deliveries::of_subject(&mut *transaction, id, &subject).await?.ok_or_else(missing)?;
    transaction.commit().await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/webhooks/{id}/deliveries/{}", delivery.id)))
        .json(delivery))
}
